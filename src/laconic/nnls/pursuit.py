"""Non-negative orthogonal matching pursuit."""

from typing import Any

import numpy as np

from laconic.core.arrays import to_numpy
from laconic.core.checks import ParameterError, check_interval
from laconic.core.compiled import compiled
from laconic.nnls.active_set import Quadratic, append, gradient, settle
from laconic.nnls.arguments import like, moved
from laconic.nnls.factor import Floats, Ints, clear, dot, new_factor
from laconic.nnls.optimality import kkt_gap
from laconic.nnls.result import NNLSResult
from laconic.nnls.scaling import rescaled, unit_rows
from laconic.structured.dictionary import as_dictionary
from laconic.structured.signals import as_signals


def nn_omp(A: Any, Y: Any, n_nonzero: int | None = None, tol: float | None = None) -> NNLSResult:
    """Find codes of few non-zeros greedily: the column that correlates best with the residual, then a refit.

    Each step takes in the column with the largest positive a_i'r / |a_i| and solves non-negative least squares on the
    columns taken so far; one that comes out at zero leaves again. It stops at `n_nonzero` columns, at a residual of
    `tol`, or when no column points inwards.

    Parameters
    ----------
    A : array, sparse matrix, LinearOperator or StructuredMatrix of shape (n, m)
        The dictionary; formed if it is no array.
    Y : array of shape (n,) or (n, k)
        Signals, one a column; NaN marks a missing entry.
    n_nonzero : int, optional
        Columns at most, a tenth of n by default where `tol` is not given either.
    tol : float in [0, 1], optional
        Size of the residual, as a share of |y|, that is small enough.

    Returns
    -------
    NNLSResult
        `gap` is that of `nnls`: the answer is optimal on its own columns, so it tells what the others would add.

    Raises
    ------
    ParameterError
        If `n_nonzero` or `tol` is outside its limits.
    DataError
        If A or Y has the wrong shape or type or values.

    References
    ----------
    Bruckstein, Elad, Zibulevsky, On the uniqueness of nonnegative sparse solutions to underdetermined systems of
    equations, IEEE Trans. Information Theory 54, 2008.

    Examples
    --------
    >>> import numpy as np
    >>> nn_omp(np.eye(3), np.array([2.0, 1.0, -1.0]), n_nonzero=1).x
    array([2., 0., 0.])
    """
    dictionary = as_dictionary("nn_omp", A)
    signals = as_signals("nn_omp", Y, dictionary)
    n, m = dictionary.shape
    most, least = _limits(n_nonzero, tol, n, m)
    columns, lengths = unit_rows(to_numpy(dictionary.dense("nn_omp")).astype(np.float64).T)
    y, sizes = unit_rows(to_numpy(signals.y).astype(np.float64))
    mask = np.ones((1, n)) if signals.mask is None else to_numpy(signals.mask).astype(np.float64)
    h, n_iter = _pursue(np.ascontiguousarray(columns), np.ascontiguousarray(y), mask, most, least)
    left = (y - h @ columns) * mask
    there = np.sqrt(np.maximum(mask @ (columns**2).T, np.finfo(float).tiny))
    gap = kkt_gap(h * there, -(left @ columns.T) / there, np.ones(m), np.where(sizes > 0, 1.0, 0.0))
    return NNLSResult(
        x=signals.columns(like(dictionary, rescaled(h, lengths, sizes))),
        gap=signals.numbers(gap),
        status="converged",
        message=f"at most {most} columns, or a residual of at most {least:g} of the signal" + moved(dictionary),
        n_iter=signals.numbers(n_iter),
        objective=signals.numbers(np.sum(left**2, axis=1) * sizes**2),
    )


def _limits(n_nonzero: Any, tol: Any, n: int, m: int) -> tuple[int, float]:
    least = 0.0 if tol is None else check_interval("nn_omp", "tol", tol, 0.0, 1.0)
    if n_nonzero is None:
        return (min(n, m) if tol is not None else min(m, max(1, n // 10))), least
    whole = isinstance(n_nonzero, int | np.integer) and not isinstance(n_nonzero, bool)
    if not (whole and 1 <= n_nonzero <= m):
        raise ParameterError("nn_omp", "n_nonzero", f"a whole number from 1 to {m}, the number of columns", n_nonzero)
    return int(min(n_nonzero, n)), least


@compiled
def _pursue(columns: Floats, y: Floats, mask: Floats, most: int, least: float) -> tuple[Floats, Ints]:
    k, (m, n) = y.shape[0], columns.shape
    x, n_iter, none = np.zeros((k, m)), np.zeros(k, np.int64), np.zeros((0, 0))
    factor, seen = new_factor(m, most, n), columns.copy()
    w, z, lengths = np.zeros(m), np.zeros(max(m, most)), np.zeros(m)
    for i in range(k):
        own = mask[i % mask.shape[0]]
        for j in range(m):
            if i < mask.shape[0]:
                for r in range(n):
                    seen[j, r] = columns[j, r] * own[r]
                lengths[j] = np.sqrt(dot(seen[j], seen[j], 0, n))
        problem = Quadratic(none, seen, y[i], w, lengths * lengths, lengths)
        clear(factor)
        n_iter[i] = _pursue_one(problem, factor, x[i], w, z, most, least)
    return x, n_iter


@compiled
def _pursue_one(problem: Quadratic, factor: Any, x: Floats, w: Floats, z: Floats, most: int, least: float) -> int:
    m, tried = w.shape[0], np.zeros(w.shape[0], np.bool_)
    small = least * least * dot(problem.y, problem.y, 0, problem.y.shape[0])
    for count in range(2 * most):
        size, best, promise = gradient(problem, factor, x, w), m, 1e-14
        for j in range(m):
            if factor.place[j] < 0 and not tried[j] and w[j] > promise * problem.lengths[j]:
                best, promise = j, w[j] / problem.lengths[j]
        if best == m or factor.filled[0] == most or size <= small:
            return count
        tried[best] = True
        if append(problem, factor, best):
            settle(problem, factor, x, z)
    return 2 * most
