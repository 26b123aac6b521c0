"""What is measured of one answer: atoms found, their errors, links, noise."""

from typing import Any

import numpy as np
from methods import Answer

from laconic.datasets import Sensors

ALIKE = 0.99


def measure(planted: Sensors, answer: Answer) -> dict[str, Any]:
    """Return by modality the share of atoms found, the mean 1 - |cosine|, and the noise over the truth's.

    In a tree also the share of the children found whose links lead to the right root.
    """
    alike = {name: cosines(answer.components[name], truth) for name, truth in planted.components.items()}
    found = {
        "atoms": {name: float(np.mean(one.max(axis=0) > ALIKE)) for name, one in alike.items()},
        "error": {name: float(np.mean(1 - one.max(axis=0))) for name, one in alike.items()},
    }
    if answer.noise:
        found["noise"] = {name: float(answer.noise[name] / truth) for name, truth in planted.noise.items()}
    if planted.parents is not None and answer.links:
        found["links"] = links_right(planted.parents, answer.links, alike)
    return found


def cosines(components: Any, truth: Any) -> Any:
    """Return |cosine| of each component (row) with each true atom (column); of a component of length zero, 0."""
    length = np.linalg.norm(components, axis=1, keepdims=True)
    return np.minimum(np.abs(components / np.where(length > 0, length, 1.0) @ truth.T), 1.0)


def links_right(parents: Any, links: dict[str, Any], alike: dict[str, Any]) -> float | None:
    """Return for how many of the children found the root they are linked to is most alike to their true root.

    None where nothing is found, or nothing linked.
    """
    children = np.flatnonzero(alike["b"].max(axis=1) > ALIKE)
    shared = np.asarray(links["a"]) @ np.asarray(links["b"]).T  # scales of root and child, (n_roots, n_children)
    if not len(children) or not shared.any():
        return None
    right = parents[alike["b"].argmax(axis=1)] == alike["a"].argmax(axis=1)[shared.argmax(axis=0)]
    return float(np.mean(right[children]))
