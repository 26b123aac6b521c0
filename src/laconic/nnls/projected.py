"""Non-negative least squares by products alone: accelerated projected gradient descent."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.loop import BatchRecord, Run, iterate
from laconic.nnls.optimality import kkt_gap
from laconic.structured.dictionary import Dictionary

POWER_STEPS = 30
"""Products that the largest singular value is estimated with."""

MARGIN = 1.05
"""By how much that estimate, which comes from below, is raised."""


@dataclass(frozen=True)
class Point(BatchRecord):
    """Where the descent is; one problem a row.

    Attributes
    ----------
    x, gradient : array of shape (k, m)
        The answer and half the derivative of the objective there.
    x_before, gradient_before : array of shape (k, m)
        The same one step earlier.
    momentum, bound : array of shape (k, 1)
        Nesterov's t, and the largest curvature.
    y, mask, ridge, free : array of shape (k, n), (k, n) or None, (k, m), (k, m)
        The problem; `free` is 0 where a coordinate is held at zero and else 1.
    sizes : array of shape (k,)
        |y|.
    """

    x: Array
    gradient: Array
    x_before: Array
    gradient_before: Array
    momentum: Array
    bound: Array
    y: Array
    mask: Array | None
    ridge: Array
    free: Array
    sizes: Array


def descend(
    dictionary: Dictionary, y: Array, mask: Array | None, ridge: Array, start: Array, *, tol: float, max_iter: int
) -> tuple[Run[Point], Any]:
    """Minimise |A x - y|^2 + sum ridge x^2 over x >= 0; returns the run and the gaps.

    The method is Nesterov's with restarts where the momentum points uphill (O'Donoghue and Candes, arXiv:1204.3982,
    section 3.2), in steps of 1/L, L the largest eigenvalue of A'A + ridge. The gradient at the extrapolated point is
    extrapolated too, so that a step costs one product with A and one with its transpose.

    Parameters
    ----------
    dictionary : Dictionary of shape (n, m)
    y, mask, ridge, start : arrays of shape (k, n), (k, n) or None, (k, m), (k, m)
        An infinite ridge holds a coordinate at zero.
    tol : float
        Gap that is small enough, see `kkt_gap`.
    max_iter : int
    """
    xp = array_namespace(y)
    lengths = xp.sqrt(dictionary.squared_norms())
    held = xp.isinf(ridge)
    free, ridge = xp.astype(~held, y.dtype), xp.where(held, xp.zeros_like(ridge), ridge)
    x = start * free
    gradient = _gradient(dictionary, x, y, mask, ridge) * free
    bound = largest_eigenvalue(dictionary) * MARGIN + xp.max(ridge, axis=1, keepdims=True)
    sizes = xp.sqrt(xp.sum(y**2, axis=1))
    first = Point(x, gradient, x, gradient, xp.ones_like(bound), bound, y, mask, ridge, free, sizes)

    def gap(_: Point | None, point: Point) -> Any:
        return to_numpy(kkt_gap(point.x, point.gradient, lengths, point.sizes))

    run = iterate(lambda point: _step(dictionary, point), first, change=gap, tol=tol, max_iter=max_iter)
    return run, gap(None, run.state)


def _gradient(dictionary: Dictionary, x: Array, y: Array, mask: Array | None, ridge: Array) -> Array:
    left = dictionary.matmul(x.T).T - y
    return dictionary.rmatmul((left if mask is None else left * mask).T).T + ridge * x


def _step(dictionary: Dictionary, point: Point) -> Point:
    xp = array_namespace(point.x)
    momentum = (1 + xp.sqrt(1 + 4 * point.momentum**2)) / 2
    beta = (point.momentum - 1) / momentum
    ahead = point.x + beta * (point.x - point.x_before)
    slope = point.gradient + beta * (point.gradient - point.gradient_before)
    x = xp.maximum(ahead - slope / point.bound, xp.zeros_like(ahead)) * point.free
    gradient = _gradient(dictionary, x, point.y, point.mask, point.ridge) * point.free
    uphill = xp.sum((ahead - x) * (x - point.x), axis=1, keepdims=True) > 0
    momentum = xp.where(uphill, xp.ones_like(momentum), momentum)
    bound = xp.where(_too_curved(point.bound, x - ahead, gradient - slope), 2 * point.bound, point.bound)
    return replace(
        point, x=x, gradient=gradient, x_before=point.x, gradient_before=point.gradient, momentum=momentum, bound=bound
    )


def _too_curved(bound: Array, step: Array, change: Array) -> Array:
    """Whether the curvature met along a step is above the bound on it."""
    xp = array_namespace(step)
    return xp.sum(step * change, axis=1, keepdims=True) > bound * xp.sum(step**2, axis=1, keepdims=True)


def largest_eigenvalue(dictionary: Dictionary) -> float:
    """Return an estimate of the largest eigenvalue of A'A, from below, by power iteration."""
    like = dictionary.like
    xp = array_namespace(like)
    draw = np.abs(np.random.default_rng(0).standard_normal((dictionary.shape[1], 1)))
    v = xp.asarray(draw, dtype=like.dtype, device=device(like))
    value = 0.0
    for _ in range(POWER_STEPS):
        v = v / xp.sqrt(xp.sum(v**2))
        v = dictionary.rmatmul(dictionary.matmul(v))
        value = float(xp.sqrt(xp.sum(v**2)))
        if value == 0.0:
            return 1.0
    return value
