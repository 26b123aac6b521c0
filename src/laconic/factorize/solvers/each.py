"""Coordinate descent on rows that have a Gram matrix each, as those with missing entries do; for all others `tile`."""

from typing import Any

import numpy as np

from laconic.core.compiled import compiled
from laconic.nnls.factor import dot
from laconic.nnls.penalised import lowest

Floats = np.ndarray[Any, Any]
"""float64."""


@compiled
def descend(
    grams: Floats,
    pull: Floats,
    x: Floats,
    strength: float,
    kind: int,
    offset: float,
    exponent: float,
    sweeps: int,
    settled: float,
    first: int,
    last: int,
) -> None:
    """Improve rows first to last of x in place.

    Parameters
    ----------
    grams : array of shape (n, k, k)
    pull : array of shape (n, k)
    x : array of shape (n, k)
    strength, kind, offset, exponent : float, int, float, float
        As in `laconic.factorize.solvers.tile`.
    sweeps : int
        Most sweeps.
    settled : float
        A row ends when the steps of a sweep are at most this share of its length, in lengths that its matrix gives.
    first, last : int
    """
    k = x.shape[1]
    for i in range(first, last):
        gram, row = grams[i], x[i]
        for _ in range(sweeps):
            moved, size = 0.0, 0.0
            for j in range(k):
                d, new = gram[j, j], 0.0
                if d > 0.0:
                    wanted = pull[i, j] + d * row[j] - dot(gram[j], row, 0, k)
                    new = lowest(d, wanted, strength, kind, offset, exponent)
                moved += d * (new - row[j]) ** 2
                size += d * new**2
                row[j] = new
            if moved <= settled * settled * size:
                break
