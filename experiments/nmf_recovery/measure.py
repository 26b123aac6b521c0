"""What is measured of one answer: atoms, density, error."""

from typing import Any

import numpy as np
from methods import Answer

from laconic.datasets import Factors

ALIKE = 0.99
SMALL = 0.01


def measure(planted: Factors, answer: Answer) -> dict[str, float]:
    """Return the share of atoms found, the density of the codes over the truth's, and the relative error."""
    codes, components = with_unit_rows(np.asarray(answer.codes, float), np.asarray(answer.components, float))
    truth = (planted.codes > 0).mean()
    left = planted.X - codes @ components
    return {
        "atoms": float(np.mean((components @ planted.components.T).max(axis=0) > ALIKE)),
        "density": float((codes > 0).mean() / truth),
        "density_1": float((codes > SMALL * codes.max()).mean() / truth),
        "relative_error": float(np.linalg.norm(left) / np.linalg.norm(planted.X)),
    }


def with_unit_rows(codes: Any, components: Any) -> tuple[Any, Any]:
    """Return components of length one, and codes that take their lengths."""
    length = np.linalg.norm(components, axis=1)
    safe = np.where(length > 0, length, 1.0)
    return codes * length, components / safe[:, None]
