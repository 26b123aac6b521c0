"""The Gaussian posterior that every E-step but sampling and message passing starts from.

With x ~ N(0, Gamma), y = A x + v and v ~ N(0, noise I) it is N(mu, Sigma) (arXiv:1601.06207, section III):

    C = noise I + A Gamma A^T,   mu = Gamma A^T C^-1 y,   Sigma = Gamma - Gamma A^T C^-1 A Gamma.

Three ways to the same numbers; `gaussian_posterior` takes the cheapest for the sizes it meets.
"""

import math
from dataclasses import dataclass

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.linalg import invert, log_two_pi
from laconic.core.loop import BatchRecord, Rows
from laconic.sbl.records import Problem
from laconic.structured.dictionary import DenseDictionary
from laconic.structured.row_pairs import RowPairs

PAIRS_LIMIT = 2**28
"""Bytes that the products of all pairs of rows of a dictionary may take."""

FEW = 1.1
"""Coefficients left, as a share of the entries of a signal, up to which their own space is the smaller one."""

ALIKE = 1.25
"""Signals whose numbers of coefficients left differ by less than this factor are solved together."""

PAIRS_FROM = 8
"""Signals in a batch from which on forming those products pays."""


@dataclass(frozen=True)
class Gaussian(BatchRecord):
    """The posterior of each signal's codes before they are rectified.

    Attributes
    ----------
    mean, variance : array of shape (k, m)
        mu and the diagonal of Sigma.
    log_evidence : array of shape (k,)
        ln N(y; 0, C) over the entries that are there.
    """

    mean: Array
    variance: Array
    log_evidence: Array


def gaussian_posterior(problem: Problem, gamma: Array, noise: Array) -> Gaussian:
    """Return the posterior under x ~ N(0, gamma) for a dictionary held as an array.

    Parameters
    ----------
    problem : Problem
        k signals; their dictionary is a plain array.
    gamma : array of shape (k, m) or (1, m)
    noise : array of shape (k,) or (1,)
    """
    dictionary = problem.dictionary
    A = (
        dictionary
        if isinstance(dictionary, DenseDictionary)
        else DenseDictionary(dictionary.dense("gaussian_posterior"))
    )
    if problem.mask is not None or gamma.shape[0] != problem.y.shape[0]:
        return _in_data_space(problem, A, gamma, noise)
    classes = _classes(_n_active(gamma), A.shape[0])
    if (classes == classes[0]).all():
        return _one_class(problem, A, gamma, noise, int(classes[0]))
    return _by_classes(problem, A, gamma, noise, classes)


def _classes(active: Rows, n: int) -> Rows:
    """Return which signals have about as many coefficients left; 0 where these are too many for their own space."""
    powers = 1 + np.ceil(np.log(np.maximum(active, 1)) / math.log(ALIKE)).astype(int)
    return np.where(active <= FEW * n, powers, 0)


def _one_class(problem: Problem, A: DenseDictionary, gamma: Array, noise: Array, which: int) -> Gaussian:
    return _in_code_space(problem.y, A, gamma, noise) if which else _in_data_space(problem, A, gamma, noise)


def _by_classes(problem: Problem, A: DenseDictionary, gamma: Array, noise: Array, classes: Rows) -> Gaussian:
    """Solve signals of each class together, and put them back in their order."""
    xp, order = array_namespace(gamma), np.argsort(classes, kind="stable")
    found, starts = np.unique(classes[order], return_index=True)
    parts = []
    for which, rows in zip(found, np.split(order, starts[1:]), strict=True):
        places = xp.asarray(rows, device=device(gamma))
        scales, variance = xp.take(gamma, places, axis=0), xp.take(noise, places, axis=0)
        parts.append(_one_class(problem.take(rows), A, scales, variance, int(which)))
    back = xp.asarray(np.argsort(order), device=device(gamma))
    names = ("mean", "variance", "log_evidence")
    return Gaussian(*(xp.take(xp.concat([getattr(p, name) for p in parts]), back, axis=0) for name in names))


def _n_active(gamma: Array) -> Rows:
    xp = array_namespace(gamma)
    return np.asarray(to_numpy(xp.sum(xp.astype(gamma > 0, xp.int64), axis=1)))


# In the space of the data: n x n matrices ------------------------------------------------------------------------


def _in_data_space(problem: Problem, dictionary: DenseDictionary, gamma: Array, noise: Array) -> Gaussian:
    A, y, mask = dictionary.array, problem.y, problem.mask
    xp, columns, inner = array_namespace(A), _used(gamma), gamma
    pairs = dictionary.row_pairs if columns is None and mask is None and _pairs_pay(A, gamma) else None
    if columns is not None:
        A, inner = xp.take(A, columns, axis=1), xp.take(gamma, columns, axis=1)
    covariance = _masked(_covariances(A, inner, pairs), mask)
    covariance = covariance + noise[:, None, None] * xp.eye(A.shape[0], dtype=A.dtype, device=device(A))
    inverse = invert(covariance)
    solved = inverse.solve(y)
    mean = inner * (solved @ A)
    variance = inner - inner**2 * _quadratic(A, _masked(inverse.inverse, mask), pairs)
    variance = xp.maximum(variance, _least(A, inner, noise))
    evidence = _log_normal(y, solved, inverse.log_determinant, noise, mask)
    variance = xp.broadcast_to(variance, mean.shape)
    return Gaussian(_spread_out(mean, columns, gamma), _spread_out(variance, columns, gamma), evidence)


def _least(A: Array, gamma: Array, noise: Array) -> Array:
    """Return the variances that would be left if each coefficient were the only one: no rounding gets below them."""
    energy = array_namespace(A).sum(A**2, axis=0)
    return noise[:, None] * gamma / (noise[:, None] + gamma * energy)


def _used(gamma: Array) -> Array | None:
    """Return the columns that any signal uses, or None where leaving out the others would save little."""
    xp = array_namespace(gamma)
    used = xp.any(gamma > 0, axis=0)
    columns = xp.nonzero(used)[0]
    return columns if 0 < columns.shape[0] < 0.7 * gamma.shape[1] else None


def _spread_out(values: Array, columns: Array | None, gamma: Array) -> Array:
    """Put values of some columns in their places among all, zeros elsewhere."""
    if columns is None:
        return values
    xp = array_namespace(values)
    nothing = xp.zeros((values.shape[0], 1), dtype=values.dtype, device=device(values))
    used = xp.any(gamma > 0, axis=0)
    counts = xp.cumulative_sum(xp.astype(used, xp.int64))
    places = xp.where(used, counts, xp.zeros_like(counts))
    return xp.take(xp.concat([nothing, values], axis=1), places, axis=1)


def _covariances(A: Array, gamma: Array, pairs: RowPairs | None) -> Array:
    """Return A diag(gamma) A^T, shape (k, n, n)."""
    if pairs is None:
        return (A * gamma[:, None, :]) @ A.T
    xp, n = array_namespace(A), A.shape[0]
    return xp.reshape(xp.take(gamma @ pairs.products.T, pairs.unpacked, axis=1), (-1, n, n))


def _quadratic(A: Array, inverse: Array, pairs: RowPairs | None) -> Array:
    """Return a_i^T C^-1 a_i for each column, shape (k, m)."""
    xp, n = array_namespace(A), A.shape[0]
    if pairs is None:
        return xp.sum((inverse @ A) * A, axis=1)
    packed = xp.take(xp.reshape(inverse, (-1, n * n)), pairs.packed, axis=1)
    return (packed * pairs.weights) @ pairs.products


def _masked(matrices: Array, mask: Array | None) -> Array:
    return matrices if mask is None else matrices * mask[:, :, None] * mask[:, None, :]


def _log_normal(y: Array, solved: Array, log_determinant: Array, noise: Array, mask: Array | None) -> Array:
    """Return ln N(y; 0, C); missing entries, whose part of C is noise alone, are taken out again."""
    xp, n = array_namespace(y), y.shape[1]
    there = n if mask is None else xp.sum(mask, axis=1)
    log_determinant = log_determinant - (n - there) * xp.log(noise)
    return -(xp.sum(y * solved, axis=1) + log_determinant + log_two_pi(there)) / 2


def _pairs_pay(A: Array, gamma: Array) -> bool:
    n, m = A.shape
    return bool(_pairs_bytes(n, m, 8) <= PAIRS_LIMIT and gamma.shape[0] >= PAIRS_FROM)


def _pairs_bytes(n: int, m: int, itemsize: int) -> int:
    return n * (n + 1) // 2 * m * itemsize


def shared_bytes(n: int, m: int, itemsize: int) -> int:
    """Return the bytes that all batches share: products of pairs of rows, twice while they are made, and of columns."""
    pairs, gram = _pairs_bytes(n, m, itemsize), m * m * itemsize
    return (2 * pairs if pairs <= PAIRS_LIMIT else 0) + (gram if gram <= PAIRS_LIMIT else 0)


# In the space of the codes: a x a matrices, for the a coefficients of each signal that are not pruned ------------


def _in_code_space(y: Array, dictionary: DenseDictionary, gamma: Array, noise: Array) -> Gaussian:
    A, active = dictionary.array, max(int(_n_active(gamma).max()), 1)
    xp = array_namespace(A)
    places = xp.argsort(xp.astype(gamma <= 0, xp.int64), axis=1, stable=True)[:, :active]
    scale = xp.sqrt(xp.take_along_axis(gamma, places, axis=1))
    gram = _grams(dictionary, places) * scale[:, :, None] * scale[:, None, :] / noise[:, None, None]
    inverse = invert(gram + xp.eye(active, dtype=A.dtype, device=device(A)))
    weights = inverse.solve(scale * xp.take_along_axis(y @ A, places, axis=1) / noise[:, None])
    mean = _placed(scale * weights, places, gamma)
    variance = _placed(scale**2 * xp.linalg.diagonal(inverse.inverse), places, gamma)
    n, energy = y.shape[1], xp.sum(y * (y - mean @ A.T), axis=1) / noise
    evidence = -(energy + inverse.log_determinant + n * xp.log(noise) + log_two_pi(n)) / 2
    return Gaussian(mean, variance, evidence)


def _grams(dictionary: DenseDictionary, places: Array) -> Array:
    """Return the products of the columns that each signal uses, shape (k, a, a)."""
    A, m = dictionary.array, dictionary.shape[1]
    xp = array_namespace(A)
    if m * m * 8 <= PAIRS_LIMIT:
        flat = places[:, :, None] * m + places[:, None, :]
        return xp.reshape(xp.take(xp.reshape(dictionary.gram, (-1,)), xp.reshape(flat, (-1,))), flat.shape)
    atoms = xp.reshape(xp.take(A.T, xp.reshape(places, (-1,)), axis=0), (*places.shape, A.shape[0]))
    return atoms @ xp.matrix_transpose(atoms)


def _placed(values: Array, places: Array, gamma: Array) -> Array:
    """Put values of each signal's own columns in their places among all, zeros elsewhere."""
    xp = array_namespace(gamma)
    active = gamma > 0
    last = values.shape[1] - 1
    order = xp.clip(xp.cumulative_sum(xp.astype(active, xp.int64), axis=1) - 1, 0, last)
    return xp.where(active, xp.take_along_axis(values, order, axis=1), xp.zeros_like(gamma))
