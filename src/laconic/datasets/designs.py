"""Random dictionaries of unit columns, from harmless to hard: one function a design."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

_CORRELATION = 0.9
_CONDITION = 100.0
_RANK_SHARE = 0.75


def _iid(rng: np.random.Generator, n: int, m: int) -> Matrix:
    return rng.standard_normal((n, m))


def _absolute(rng: np.random.Generator, n: int, m: int) -> Matrix:
    return np.abs(rng.standard_normal((n, m)))


def _nonzero_mean(rng: np.random.Generator, n: int, m: int) -> Matrix:
    return rng.standard_normal((n, m)) + 1.0


def _autoregressive(rng: np.random.Generator, n: int, m: int) -> Matrix:
    """Each row is a stationary AR(1) process over the columns, so columns i and j correlate by 0.9^|i - j|."""
    columns = rng.standard_normal((m, n))
    for column in range(1, m):
        columns[column] *= np.sqrt(1 - _CORRELATION**2)
        columns[column] += _CORRELATION * columns[column - 1]
    return np.ascontiguousarray(columns.T)


def _ill_conditioned(rng: np.random.Generator, n: int, m: int) -> Matrix:
    """A Gaussian matrix whose singular values are replaced by a geometric sequence from 100 to 1."""
    left, values, right = np.linalg.svd(rng.standard_normal((n, m)), full_matrices=False)
    return np.asarray((left * np.geomspace(_CONDITION, 1, len(values))) @ right)


def _low_rank(rng: np.random.Generator, n: int, m: int) -> Matrix:
    rank = max(1, round(_RANK_SHARE * min(n, m)))
    return np.asarray(rng.standard_normal((n, rank)) @ rng.standard_normal((rank, m)))


DESIGNS: dict[str, Callable[[np.random.Generator, int, int], Matrix]] = {
    "iid": _iid,
    "absolute": _absolute,
    "ar": _autoregressive,
    "ill_conditioned": _ill_conditioned,
    "low_rank": _low_rank,
    "nonzero_mean": _nonzero_mean,
}


def draw_design(name: str, rng: np.random.Generator, n: int, m: int) -> Matrix:
    """Return a matrix (n, m) of a design, its columns scaled to unit length."""
    A = DESIGNS[name](rng, n, m)
    return np.asarray(A / np.linalg.norm(A, axis=0))
