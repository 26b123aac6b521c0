"""Non-negative least squares on the columns themselves, for the digits that the Gram matrix has lost."""

import numpy as np

from laconic.core.compiled import compiled
from laconic.nnls.active_set import Quadratic, append, minimise
from laconic.nnls.factor import Bools, Floats, Ints, clear, dot, new_factor


def solve_columns(matrix: Floats, y: Floats, ridge: Floats, start: Floats, max_iter: int) -> tuple[Floats, Ints, Bools]:
    """Minimise |A x - y|^2 + sum ridge x^2 over x >= 0 by orthogonal factors of A; see `solve_gram`.

    Parameters
    ----------
    matrix : array of shape (n, m)
    y : array of shape (k, n)
    ridge : array of shape (1, m) or (k, m)
    start : array of shape (k, m)
        Guesses; a good one saves most of the work.
    max_iter : int
    """
    if matrix.shape[0] > matrix.shape[1]:
        orthogonal, matrix = np.linalg.qr(matrix)
        y = y @ orthogonal
    columns = np.ascontiguousarray(matrix.T)
    with_ridge = bool(np.any((ridge > 0) & np.isfinite(ridge)))
    return _solve_columns(columns, np.ascontiguousarray(y), ridge, np.ascontiguousarray(start), with_ridge, max_iter)


@compiled
def _solve_columns(
    columns: Floats, y: Floats, ridge: Floats, start: Floats, with_ridge: bool, max_iter: int
) -> tuple[Floats, Ints, Bools]:
    k, (m, n) = y.shape[0], columns.shape
    rows = n + m if with_ridge else n
    x, n_iter, settled = np.zeros((k, m)), np.zeros(k, np.int64), np.zeros(k, np.bool_)
    factor, gram = new_factor(m, min(m, rows), rows), np.zeros((0, 0))
    below, signal = np.zeros((m, rows)), np.zeros(rows)
    squares, b = np.zeros(m), np.zeros(m)
    for j in range(m):
        squares[j] = dot(columns[j], columns[j], 0, n)
        for r in range(n):
            below[j, r] = columns[j, r]
    for i in range(k):
        own, diagonal = ridge[i % ridge.shape[0]], squares.copy()
        for r in range(n):
            signal[r] = y[i, r]
        for j in range(m):
            b[j] = dot(columns[j], y[i], 0, n)
            diagonal[j] += own[j]
            if with_ridge and own[j] < np.inf:
                below[j, n + j] = np.sqrt(own[j])
        problem = Quadratic(gram, below, signal, b, diagonal, np.sqrt(diagonal))
        clear(factor)
        for j in range(m):
            if start[i, j] > 0.0 and append(problem, factor, j):
                x[i, j] = start[i, j]
        n_iter[i], settled[i] = minimise(problem, factor, x[i], 1, max_iter)
    return x, n_iter, settled
