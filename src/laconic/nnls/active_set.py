"""Non-negative least squares by an active set that takes in and lets go several columns at a time.

The method is Lawson and Hanson's (Solving Least Squares Problems, 1974, ch. 23): the passive set P grows by columns
whose gradient points inwards, the least-squares solution on P is sought, and what it makes negative leaves P. Two
things make it fast for many right-hand sides. All columns whose gradient is at least a share of the largest one
enter together; the share follows how well that went, and one column at a time, for which the objective provably
falls, is what is left when several bring nothing. And where the least-squares solution is partly negative, setting
the negative part to zero at once is tried before going to the first wall. The objective never rises.
"""

from typing import Any, NamedTuple

import numpy as np

from laconic.core.compiled import compiled
from laconic.nnls.factor import (
    Bools,
    Factor,
    Floats,
    append_by_column,
    append_by_gram,
    clear,
    dot,
    drop,
    solve,
)

ROUNDING = 1e-14
"""Gradients from the Gram matrix below this share of the largest one there was are rounding."""

EPSILON = 2.2e-16
"""Rounding of one operation: what gradients from columns and their residual are exact to."""

DEPENDENT_GRAM = 1e-13
"""Columns whose squared distance to the others is below this share of their squared length depend on them."""

DEPENDENT_COLUMN = 1e-13
"""The same for the distance itself, where columns are known and not only their products."""


class Quadratic(NamedTuple):
    """Minimise |A x - y|^2 + sum ridge x^2 over x >= 0, either by A'A alone or by the columns of A.

    A diagonal of infinity holds a coordinate at zero.
    """

    gram: Floats
    """(m, m), A'A without ridge; (0, 0) where columns are used."""
    columns: Floats
    """(m, n), a column of A (with the roots of the ridge below it) in each row; (m, 0) where the Gram matrix is."""
    y: Floats
    """(n,)"""
    b: Floats
    """(m,), A'y."""
    diagonal: Floats
    """(m,), of A'A + ridge."""
    lengths: Floats
    """(m,), its root."""


@compiled
def minimise(problem: Quadratic, factor: Factor, x: Floats, room: int, max_iter: int) -> tuple[int, bool]:
    """Improve x >= 0, whose non-zeros are in `factor`, until no gradient points inwards.

    At first `room` columns may enter at once. Returns the number of times that columns were taken in, and whether the
    end was reached within `max_iter`.
    """
    m = problem.b.shape[0]
    w, z, barred = np.zeros(m), np.zeros(m), np.zeros(m, np.bool_)
    settle(problem, factor, x, z)
    best, floor = gradient(problem, factor, x, w), rounding(problem)
    for count in range(max_iter):
        last = _admit(problem, factor, floor + _rounding_of(problem, factor, x), w, room, barred)
        if last == m:
            return count, True
        left = settle(problem, factor, x, z)
        now = gradient(problem, factor, x, w)
        if now < best - EPSILON * abs(best):
            best = now
            barred[:] = False
            room = 2 * room if left == 0 else max(1, room // 4)
        elif room > 1:
            room = 1
        else:
            barred[last] = True
    return max_iter, False


@compiled
def gradient(problem: Quadratic, factor: Factor, x: Floats, w: Floats) -> float:
    """Write A'(y - A x) into w, for x the least-squares solution on the columns inside.

    Returns the objective: of columns as it is, of a Gram matrix less |y|^2.
    """
    p, order, c = factor.filled[0], factor.order, factor.c
    if problem.columns.shape[1] > 0:
        return _gradient_by_columns(problem, factor, w)
    for k in range(w.shape[0]):
        w[k] = problem.b[k]
    for i in range(0, p - 1, 2):
        first, second = x[order[i]], x[order[i + 1]]
        upper, lower = problem.gram[order[i]], problem.gram[order[i + 1]]
        for k in range(w.shape[0]):
            w[k] -= first * upper[k] + second * lower[k]
    if p % 2:
        last, value = problem.gram[order[p - 1]], x[order[p - 1]]
        for k in range(w.shape[0]):
            w[k] -= value * last[k]
    return -dot(c, c, 0, p)


@compiled
def _gradient_by_columns(problem: Quadratic, factor: Factor, w: Floats) -> float:
    """Do the same with the residual, made orthogonal to the columns inside twice; one that is rounding is zero."""
    left, n = problem.y.copy(), problem.y.shape[0]
    for again in range(2):
        for i in range(factor.filled[0]):
            part = dot(factor.Q[i], left, 0, n) if again else factor.c[i]
            for k in range(n):
                left[k] -= part * factor.Q[i, k]
    size = dot(left, left, 0, n)
    if size <= 100 * EPSILON**2 * dot(problem.y, problem.y, 0, n):
        left[:] = 0.0
    for j in range(w.shape[0]):
        w[j] = dot(problem.columns[j], left, 0, n)
    return size


@compiled
def _admit(problem: Quadratic, factor: Factor, least: float, w: Floats, room: int, barred: Bools) -> Any:
    """Take in at most about `room` columns, those that promise most and more than `least`.

    Returns the most promising one, or m if none is worth trying.
    """
    n, best = 0, w.shape[0]
    for j in range(w.shape[0]):
        if factor.place[j] >= 0 or barred[j] or not w[j] > least * problem.lengths[j]:
            w[j] = 0.0
            continue
        w[j] /= problem.lengths[j]
        n += 1
        if n == 1 or w[j] > w[best]:
            best = j
    if n == 0:
        return best
    append(problem, factor, best)
    if room > 1 and n > 1:
        least = 0.0 if n <= room else _exceeded_by(w, room, w[best])
        for j in range(w.shape[0]):
            if j != best and w[j] > least:
                append(problem, factor, j)
    return best


@compiled
def _exceeded_by(w: Floats, room: int, largest: float) -> float:
    """Return a value that at most `room` entries exceed, and hardly fewer."""
    low, high = 0.0, largest
    for _ in range(10):
        middle, above = (low + high) / 2, 0
        for j in range(w.shape[0]):
            above += int(w[j] > middle)
        if above > room:
            low = middle
        else:
            high = middle
    return high


@compiled
def rounding(problem: Quadratic) -> Any:
    """Return the size of gradients, over the lengths of their columns, that are rounding at x = 0."""
    if problem.columns.shape[1] > 0:
        return 0.1 * EPSILON * np.sqrt(dot(problem.y, problem.y, 0, problem.y.shape[0]))
    size = 0.0
    for j in range(problem.b.shape[0]):
        if problem.lengths[j] > 0.0:
            size = max(size, abs(problem.b[j]) / problem.lengths[j])
    return ROUNDING * size


@compiled
def _rounding_of(problem: Quadratic, factor: Factor, x: Floats) -> float:
    """Return what the answer x adds to the rounding of gradients; columns and their residual add nothing."""
    size = 0.0
    if problem.columns.shape[1] == 0:
        for i in range(factor.filled[0]):
            size += x[factor.order[i]] * problem.lengths[factor.order[i]]
    return ROUNDING * size


@compiled
def append(problem: Quadratic, factor: Factor, j: int) -> bool:
    """Take in column j; False if it is held at zero, there is no room, or it depends on those inside."""
    if factor.filled[0] == factor.R.shape[0] or not 0.0 < problem.diagonal[j] < np.inf:
        return False
    if problem.columns.shape[1] == 0:
        return append_by_gram(factor, j, problem.gram[j], problem.diagonal[j], problem.b[j], DEPENDENT_GRAM)
    return append_by_column(factor, j, problem.columns[j], problem.y, DEPENDENT_COLUMN)


@compiled
def least_pivot(problem: Quadratic, factor: Factor) -> float:
    """Return how close the columns inside come to depending on each other: 1 orthogonal, 0 dependent."""
    least = 1.0
    for i in range(factor.filled[0]):
        least = min(least, factor.R[i, i] ** 2 / problem.diagonal[factor.order[i]])
    return least


@compiled
def settle(problem: Quadratic, factor: Factor, x: Floats, z: Floats) -> int:
    """Bring x to a non-negative least-squares solution on a part of the columns inside; returns how many left."""
    left = 0
    while factor.filled[0] > 0:
        solve(factor, z)
        p, order = factor.filled[0], factor.order
        step = 1.0
        for i in range(p):
            if z[i] <= 0.0:
                step = min(step, x[order[i]] / (x[order[i]] - z[i]) if z[i] < 0.0 or x[order[i]] > 0.0 else 0.0)
        negative = False
        for i in range(p):
            negative = negative or z[i] <= 0.0
        if not negative:
            for i in range(p):
                x[order[i]] = z[i]
            return left
        if _clipping_helps(factor, x, z):
            for i in range(p):
                x[order[i]] = max(z[i], 0.0)
        else:
            for i in range(p):
                j = order[i]
                hit = z[i] <= 0.0 and x[j] * (1.0 - step) + step * z[i] <= 1e-15 * x[j]
                x[j] = 0.0 if hit else x[j] + step * (z[i] - x[j])
        left += _let_go(problem, factor, x, z)
    return left


@compiled
def _clipping_helps(factor: Factor, x: Floats, z: Floats) -> bool:
    """Whether max(z, 0) is better than x: both are judged by |R x - c|^2, which is the objective."""
    R, order, p = factor.R, factor.order, factor.filled[0]
    clipped, present = 0.0, 0.0
    for i in range(p):
        a, b = 0.0, 0.0
        for k in range(i, p):
            a -= R[i, k] * min(z[k], 0.0)
            b += R[i, k] * (x[order[k]] - z[k])
        clipped += a * a
        present += b * b
    return clipped < present


@compiled
def _let_go(problem: Quadratic, factor: Factor, x: Floats, z: Floats) -> int:
    """Take out the columns at zero that the least-squares solution z wants below; returns how many."""
    p, order = factor.filled[0], factor.order
    kept, out = np.zeros(p, np.int64), np.zeros(p, np.int64)
    n_kept, n_out = 0, 0
    for i in range(p):
        if x[order[i]] <= 0.0 and z[i] <= 0.0:
            out[n_out] = order[i]
            n_out += 1
        else:
            kept[n_kept] = order[i]
            n_kept += 1
    if 3 * n_out <= p:
        for i in range(n_out):
            drop(factor, out[i])
        return n_out
    clear(factor)
    for i in range(n_kept):
        if not append(problem, factor, kept[i]):
            x[kept[i]] = 0.0
    return n_out
