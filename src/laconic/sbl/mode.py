"""The posterior mode: non-negative least squares with a ridge of noise / gamma."""

from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.nnls import nnls
from laconic.nnls.gram import solve_gram
from laconic.sbl.records import Problem
from laconic.structured.dictionary import Dictionary

Floats = np.ndarray[Any, np.dtype[np.float64]]

COLUMNS = 2**24
"""Numbers that the columns in use, or the unit vectors that fetch some of them, may take."""


def posterior_mode(problem: Problem, gamma: Array, noise: Array, guess: Array) -> Array:
    """Return argmin |y - A x|^2 + noise sum x^2 / gamma over x >= 0 (arXiv:1601.06207), shape (k, m).

    It is sparse, unlike the posterior mean. Computed on the CPU.

    Parameters
    ----------
    problem : Problem
    gamma, noise : array of shape (k, m) or (1, m), and (k,) or (1,)
    guess : array of shape (k, m)
        Where to start, such as the posterior mean.
    """
    used = np.flatnonzero(to_numpy(gamma).any(axis=0))
    if not problem.dictionary.is_dense and len(used) * problem.y.shape[1] > COLUMNS:
        return _by_products(problem, gamma, noise, guess)
    columns = _columns(problem.dictionary, used)
    rows = np.zeros(tuple(guess.shape))
    rows[:, used] = _solved(problem, columns, _ridge(gamma, noise)[:, used], to_numpy(guess)[:, used])
    return _like(guess, rows)


def _solved(problem: Problem, columns: Floats, ridge: Floats, guess: Floats) -> Floats:
    """Return the modes of the coefficients of these columns, float64."""
    if not columns.shape[1]:
        return np.zeros_like(guess, dtype=np.float64)
    y = to_numpy(problem.y).astype(np.float64)
    if problem.mask is None:
        rows, _, _ = solve_gram(columns.T @ columns, y @ columns, ridge, guess.astype(np.float64))
        return rows
    y = np.where(to_numpy(problem.mask) > 0, y, np.nan)
    return np.asarray(nnls(columns, y.T, ridge=ridge.T, x0=guess.T).x.T)


def _by_products(problem: Problem, gamma: Array, noise: Array, guess: Array) -> Array:
    xp = array_namespace(problem.y)
    y = problem.y if problem.mask is None else xp.where(problem.mask > 0, problem.y, xp.nan)
    ridge = _ridge(gamma, noise)
    found = nnls(problem.dictionary, y.T, method="projected", ridge=ridge.T, x0=to_numpy(guess).T)
    return _like(guess, to_numpy(found.x).T)


def _columns(dictionary: Dictionary, used: "np.ndarray[Any, Any]") -> Floats:
    """Return some columns as an array, by products with unit vectors where the dictionary is none."""
    if dictionary.is_dense:
        return to_numpy(dictionary.dense("mode")).astype(np.float64)[:, used]
    (n, m), found = dictionary.shape, np.empty((dictionary.shape[0], len(used)))
    width = max(1, COLUMNS // m)
    for first in range(0, len(used), width):
        some = used[first : first + width]
        units = np.zeros((m, len(some)))
        units[some, np.arange(len(some))] = 1
        found[:, first : first + width] = to_numpy(dictionary.matmul(_like(dictionary.like, units)))
    return found.reshape(n, -1)


def _like(array: Array, values: Floats) -> Array:
    return array_namespace(array).asarray(values, dtype=array.dtype, device=device(array))


def _ridge(gamma: Array, noise: Array) -> Floats:
    scales, variances = to_numpy(gamma).astype(np.float64), to_numpy(noise).astype(np.float64)
    with np.errstate(divide="ignore"):
        return np.where(scales > 0, variances[:, None] / scales, np.inf)
