"""Regression problems with known sparse coefficients."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Planted:
    X: Numbers
    y: Numbers
    coef: Numbers
    noise: float


def planted(
    n: int = 40,
    m: int = 12,
    k: int | None = None,
    size: int = 3,
    noise: float = 1e-2,
    seed: int = 0,
    alike: float = 0.0,
) -> Planted:
    """Return n samples of m features, `size` of which matter; k targets, or one without an axis where k is None."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, m)) + alike * rng.normal(size=(n, 1))
    coef = np.zeros((k or 1, m))
    for row in coef:
        row[rng.choice(m, size, replace=False)] = 0.5 + np.abs(rng.normal(size=size))
    y = X @ coef.T + np.sqrt(noise) * rng.normal(size=(n, k or 1))
    return Planted(X, y, coef, noise) if k else Planted(X, y[:, 0], coef[0], noise)
