"""What is measured of one answer: error, support, coverage."""

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def nmse(found: Vector, truth: Vector) -> float:
    """Return ||found - truth||^2 / ||truth||^2."""
    return float(np.sum((found - truth) ** 2) / np.sum(truth**2))


def support_error(found: Vector, truth: Vector) -> float:
    """Return (max(|S|, |F|) - |S and F|) / max(|S|, |F|); S the true support of K places, F the K largest of `found`.

    Places where `found` is zero never count as found.
    """
    true = set(np.flatnonzero(truth))
    largest = np.argsort(found)[::-1][: len(true)]
    places = {int(place) for place in largest if found[place] > 0}
    larger = max(len(true), len(places))
    return (larger - len(true & places)) / larger


def coverage(interval: tuple[Vector, Vector], truth: Vector) -> tuple[float, float]:
    """Return the share of true values inside their interval: on the true support, and over all places."""
    low, high = interval
    inside = (low <= truth) & (truth <= high)
    return float(inside[truth > 0].mean()), float(inside.mean())
