"""Non-negative least squares for many right-hand sides that share a Gram matrix."""

import numpy as np

from laconic.core.compiled import compiled
from laconic.nnls.active_set import Quadratic, append, least_pivot, minimise
from laconic.nnls.factor import Bools, Factor, Floats, Ints, clear, drop, new_factor, set_products, solve

NEGATIVES = 8
"""The columns of the last right-hand side are kept if at most one in so many comes out negative with the next."""

CROWDED = 0.25
"""Mean cosine between columns from which they enter one at a time at first."""


def solve_gram(
    gram: Floats,
    products: Floats,
    ridge: Floats | None = None,
    start: Floats | None = None,
    *,
    max_iter: int | None = None,
) -> tuple[Floats, Ints, Bools]:
    """Minimise x'G x - 2 b'x + sum ridge x^2 over x >= 0 for every row b: the fast inner entry, without checks.

    Parameters
    ----------
    gram : array of shape (m, m)
        G = A'A, float64.
    products : array of shape (k, m)
        b = A'y, a right-hand side in each row.
    ridge : array of shape (m,), (1, m) or (k, m), optional
        At least 0; infinity holds a coordinate at zero.
    start : array of shape (k, m), optional
        Guesses; only their positive entries matter.
    max_iter : int, optional
        How often columns may be taken in, 3 m + 30 by default.

    Returns
    -------
    x : array of shape (k, m)
    n_iter : array of int, shape (k,)
    settled : array of bool, shape (k,)
        Whether no gradient is left that points inwards.
    """
    gram, products = np.ascontiguousarray(gram, np.float64), np.ascontiguousarray(products, np.float64)
    m = products.shape[1]
    rows = np.zeros((1, m)) if ridge is None else np.ascontiguousarray(np.atleast_2d(ridge), np.float64)
    guess = np.zeros((0, m)) if start is None else np.ascontiguousarray(start, np.float64)
    limit = 3 * m + 30 if max_iter is None else max_iter
    return solve_rows(gram, products, rows, guess, first_room(gram), limit)[:3]


def first_room(gram: Floats) -> int:
    """Return how many columns may enter at once at first: many where they are nearly orthogonal, else one."""
    lengths = np.sqrt(np.diagonal(gram))
    shrunk = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    cosines = np.abs(gram * shrunk[:, None] * shrunk)
    return 1 if float(cosines.mean()) > CROWDED else 1 + len(gram) // 4


@compiled
def solve_rows(
    gram: Floats, products: Floats, ridge: Floats, start: Floats, room: int, max_iter: int
) -> tuple[Floats, Ints, Bools, Floats]:
    """Return `solve_gram`'s answers and, for each, the smallest squared pivot over the squared length."""
    k, m = products.shape
    x, n_iter, settled, pivots = np.zeros((k, m)), np.zeros(k, np.int64), np.zeros(k, np.bool_), np.ones(k)
    factor, none = new_factor(m, m, 0), np.zeros((m, 0))
    diagonal, lengths = np.zeros(m), np.zeros(m)
    for i in range(k):
        if i < ridge.shape[0]:
            for j in range(m):
                diagonal[j] = gram[j, j] + ridge[i, j]
                lengths[j] = np.sqrt(diagonal[j])
        problem = Quadratic(gram, none, none[0], products[i], diagonal, lengths)
        if start.shape[0] > 0:
            _start_from(problem, factor, x[i], start[i])
        elif ridge.shape[0] > 1 or not _fits(problem, factor, x[i]):
            clear(factor)
        n_iter[i], settled[i] = minimise(problem, factor, x[i], room, max_iter)
        pivots[i] = least_pivot(problem, factor)
    return x, n_iter, settled, pivots


@compiled
def _start_from(problem: Quadratic, factor: Factor, x: Floats, start: Floats) -> None:
    """Begin with the positive entries of a guess."""
    clear(factor)
    for j in range(x.shape[0]):
        if start[j] > 0.0 and append(problem, factor, j):
            x[j] = start[j]


@compiled
def _fits(problem: Quadratic, factor: Factor, x: Floats) -> bool:
    """Begin with the columns that the last right-hand side ended with, if few of them come out negative here."""
    p, order = factor.filled[0], factor.order
    z, negative = np.zeros(p), 0
    set_products(factor, problem.b)
    solve(factor, z)
    for i in range(p):
        negative += int(z[i] <= 0.0)
    if NEGATIVES * negative > p:
        return False
    for i in range(p):
        x[order[i]] = max(z[i], 0.0)
    for i in range(p - 1, -1, -1):
        if z[i] <= 0.0:
            drop(factor, order[i])
    return True
