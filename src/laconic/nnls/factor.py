"""A triangular factor that follows a changing set of columns: the inner work of every active-set method here.

For the passive set P it holds R with R'R = A_P'A_P + diag(ridge_P), upper triangular, and c = R'^-1 A_P'y, so that
R z = c gives the least-squares solution on P. Where Q is kept too (A_P = Q R) the digits that forming A'A loses are
kept. One column more costs O(p^2 / 2), or O(n p) with Q; one less costs O(p^2), by Givens rotations.
"""

from typing import Any, NamedTuple

import numpy as np

from laconic.core.compiled import compiled

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


class Factor(NamedTuple):
    """Room for the factor of up to `cap` columns out of m; `order[:filled[0]]` are the columns in it."""

    R: Floats
    """(cap, cap), a row of the triangle in each row."""
    c: Floats
    """(cap,)"""
    Q: Floats
    """(cap, n), an orthonormal vector in each row; (cap, 0) where only the Gram matrix is known."""
    order: Ints
    """(cap,)"""
    place: Ints
    """(m,): where a column is in `order`, or -1."""
    filled: Ints
    """(1,)"""
    work: Floats
    """(max(cap, n),)"""


@compiled
def new_factor(m: int, cap: int, n: int) -> Factor:
    """Return an empty factor; n = 0 for one without Q."""
    return Factor(
        np.zeros((cap, cap)),
        np.zeros(cap),
        np.zeros((cap, n)),
        np.zeros(cap, np.int64),
        np.full(m, -1),
        np.zeros(1, np.int64),
        np.zeros(max(cap, n)),
    )


@compiled
def clear(factor: Factor) -> None:
    """Take out every column."""
    for i in range(factor.filled[0]):
        factor.place[factor.order[i]] = -1
    factor.filled[0] = 0


@compiled
def dot(a: Floats, b: Floats, start: int, stop: int) -> float:
    """Return the sum of a[i] b[i]: four sums side by side, which a processor runs at once."""
    s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
    i = start
    while i + 4 <= stop:
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
        i += 4
    while i < stop:
        s0 += a[i] * b[i]
        i += 1
    return (s0 + s1) + (s2 + s3)


@compiled
def forward(R: Floats, v: Floats, p: int) -> None:
    """Write into v[:p] the solution r of R'r = v; two rows at a time, which halves the way through memory."""
    i = 0
    while i + 2 <= p:
        first = v[i] / R[i, i]
        second = (v[i + 1] - first * R[i, i + 1]) / R[i + 1, i + 1]
        v[i], v[i + 1] = first, second
        upper, lower = R[i], R[i + 1]
        for k in range(i + 2, p):
            v[k] -= first * upper[k] + second * lower[k]
        i += 2
    if i < p:
        v[i] /= R[i, i]


@compiled
def append_by_gram(factor: Factor, j: int, row: Floats, diagonal: float, b: float, least: float) -> bool:
    """Put in column j of the Gram matrix, `row`; False, and nothing done, if it depends on those inside.

    It does if the squared distance to their span is at most `least` times its own squared length, `diagonal`.
    """
    R, order, work, p = factor.R, factor.order, factor.work, factor.filled[0]
    for i in range(p):
        work[i] = row[order[i]]
    forward(R, work, p)
    left = diagonal - dot(work, work, 0, p)
    if left <= least * diagonal:
        return False
    return _put(factor, j, np.sqrt(left), b)


@compiled
def append_by_column(factor: Factor, j: int, column: Floats, y: Floats, least: float) -> bool:
    """Put in a column by Gram-Schmidt, done twice; False, and nothing done, if it depends on those inside."""
    Q, work, p, n = factor.Q, factor.work, factor.filled[0], column.shape[0]
    v, r = Q[p], np.zeros(p)
    for k in range(n):
        v[k] = column[k]
    for _ in range(2):
        for i in range(p):
            t = dot(Q[i], v, 0, n)
            r[i] += t
            for k in range(n):
                v[k] -= t * Q[i, k]
    length = np.sqrt(dot(v, v, 0, n))
    if length <= least * np.sqrt(dot(column, column, 0, n)):
        return False
    for k in range(n):
        v[k] /= length
    for i in range(p):
        work[i] = r[i]
    return _put(factor, j, length, length * dot(v, y, 0, n) + dot(r, factor.c, 0, p))


@compiled
def _put(factor: Factor, j: int, pivot: float, b: float) -> bool:
    R, c, work, p = factor.R, factor.c, factor.work, factor.filled[0]
    for i in range(p):
        R[i, p] = work[i]
        b -= work[i] * c[i]
    R[p, p] = pivot
    c[p] = b / pivot
    factor.order[p] = j
    factor.place[j] = p
    factor.filled[0] = p + 1
    return True


@compiled
def drop(factor: Factor, j: int) -> None:
    """Take out column j."""
    order, place, p, k = factor.order, factor.place, factor.filled[0], factor.place[j]
    for i in range(k, p - 1):
        order[i] = order[i + 1]
        place[order[i]] = i
    place[j] = -1
    for i in range(p):
        for col in range(max(k, i - 1), p - 1):
            factor.R[i, col] = factor.R[i, col + 1]
    for i in range(k, p - 1):
        _rotate(factor, i, p - 1)
    factor.filled[0] = p - 1


@compiled
def _rotate(factor: Factor, i: int, stop: int) -> None:
    """Turn rows i and i + 1 so that entry (i + 1, i) vanishes."""
    R, c, Q = factor.R, factor.c, factor.Q
    a, b = R[i, i], R[i + 1, i]
    length = np.sqrt(a * a + b * b)
    cos, sin = a / length, b / length
    for k in range(i, stop):
        upper, lower = R[i, k], R[i + 1, k]
        R[i, k] = cos * upper + sin * lower
        R[i + 1, k] = cos * lower - sin * upper
    c[i], c[i + 1] = cos * c[i] + sin * c[i + 1], cos * c[i + 1] - sin * c[i]
    for k in range(Q.shape[1]):
        upper, lower = Q[i, k], Q[i + 1, k]
        Q[i, k] = cos * upper + sin * lower
        Q[i + 1, k] = cos * lower - sin * upper


@compiled
def solve(factor: Factor, z: Floats) -> None:
    """Write into z[:p] the least-squares solution on the columns inside, in their order."""
    R, p = factor.R, factor.filled[0]
    for i in range(p - 1, -1, -1):
        z[i] = (factor.c[i] - dot(R[i], z, i + 1, p)) / R[i, i]


@compiled
def set_products(factor: Factor, b: Floats) -> None:
    """Take another right-hand side, of products b with all m columns, for the columns inside."""
    R, c, order, p = factor.R, factor.c, factor.order, factor.filled[0]
    for i in range(p):
        c[i] = b[order[i]]
    forward(R, c, p)
