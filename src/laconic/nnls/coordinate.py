"""Gram coordinate descent for non-negative least squares."""

import numpy as np

from laconic.core.compiled import compiled
from laconic.nnls.factor import Floats

SWEEPS = 200
"""Sweeps over all coordinates at most."""

SETTLED = 1e-4
"""Descent ends when no gradient, over the length of its column, is larger than this share of the first ones."""


def coordinate_start(gram: Floats, products: Floats, ridge: Floats, start: Floats) -> Floats:
    """Return what coordinate descent finds for each right-hand side: a start for the active set, near its end.

    Shapes as in `laconic.nnls.gram.solve_rows`.
    """
    return _descend_rows(gram, products, np.ascontiguousarray(ridge), start)


@compiled
def _descend_rows(gram: Floats, products: Floats, ridge: Floats, start: Floats) -> Floats:
    k, m = products.shape
    x = np.zeros((k, m))
    for i in range(k):
        pull = products[i].copy()
        if start.shape[0] > 0:
            for j in range(m):
                if start[i, j] > 0.0:
                    x[i, j] = start[i, j]
                    pull -= start[i, j] * gram[j]
        _descend(gram, ridge[i % ridge.shape[0]], x[i], pull)
    return x


@compiled
def _descend(gram: Floats, ridge: Floats, x: Floats, pull: Floats) -> None:
    """Minimise over one coordinate after the other: all of them, then those that are not settled at zero."""
    first = _sweep(gram, ridge, x, pull, False)
    for _ in range(SWEEPS):
        change = first
        for _ in range(10):
            change = _sweep(gram, ridge, x, pull, True)
            if change <= SETTLED * first:
                break
        if _sweep(gram, ridge, x, pull, False) <= SETTLED * first:
            return


@compiled
def _sweep(gram: Floats, ridge: Floats, x: Floats, pull: Floats, active_only: bool) -> float:
    """Return the largest gradient, over the length of its column, that was met."""
    largest = 0.0
    for j in range(x.shape[0]):
        if active_only and x[j] == 0.0:
            continue
        diagonal = gram[j, j] + ridge[j]
        if not 0.0 < diagonal < np.inf:
            x[j] = 0.0
            continue
        new = max(0.0, x[j] + (pull[j] - ridge[j] * x[j]) / diagonal)
        step = new - x[j]
        if step != 0.0:
            x[j] = new
            largest = max(largest, abs(step) * np.sqrt(diagonal))
            row = gram[j]
            for i in range(x.shape[0]):
                pull[i] -= step * row[i]
    return largest
