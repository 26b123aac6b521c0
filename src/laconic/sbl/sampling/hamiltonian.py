"""Exact Hamiltonian Monte Carlo for a Gaussian restricted to x >= 0."""

import math
from typing import Any

import numba
import numpy as np
from numpy.random import Generator

from laconic.sbl.sampling.chain import Chain, Numbers, record

__all__ = ["hamiltonian"]


def hamiltonian(
    mean: Numbers,
    covariance: Numbers,
    *,
    start: Numbers,
    n_samples: int,
    burn_in: int,
    rng: Generator,
    n_kept: int = 0,
) -> Chain:
    """Sample N(x; mean, covariance) restricted to x >= 0 by trajectories that are solved exactly.

    A particle of momentum w ~ N(0, covariance) follows x(t) = mean + (x - mean) cos t + w sin t for t in [0, pi/2].
    Where coordinate j reaches zero its momentum is reflected, w <- w - 2 (w_j / covariance_jj) covariance_j: the mirror
    image in whitened coordinates, written in the given ones. Every trajectory's end is a draw; none is rejected.

    Parameters
    ----------
    mean : (m,) array
    covariance : (m, m) array
        Symmetric, positive definite.
    start : (m,) array
        Where the chain starts, at least zero.
    n_samples, burn_in : int
        Trajectories that count, and trajectories before them that do not.
    rng : numpy.random.Generator
        Where the randomness comes from; the same state gives the same chain.
    n_kept : int
        How many of the draws to return, evenly thinned; at most n_samples.

    Returns
    -------
    Chain

    Notes
    -----
    A. Pakman and L. Paninski, "Exact Hamiltonian Monte Carlo for truncated multivariate Gaussians", arXiv:1208.4118.
    O(m^2 + m n_walls) operations a draw, n_walls the number of reflections, commonly a fraction of m.
    """
    covariance = np.ascontiguousarray(covariance, np.float64)
    root = np.linalg.cholesky(covariance)
    x = np.array(start, np.float64)
    parts = _chain(np.array(mean, np.float64), covariance, root, x, n_samples, burn_in, n_kept, rng)
    return Chain.over(np.arange(x.size), x.size, parts)


@numba.njit(cache=True)
def _chain(
    mean: Any, covariance: Any, root: Any, x: Any, n_samples: int, burn_in: int, n_kept: int, rng: Generator
) -> Any:
    first, second, samples = np.zeros(x.size), np.zeros(x.size), np.empty((n_kept, x.size))
    for trajectory in range(burn_in + n_samples):
        momentum = np.dot(root, rng.standard_normal(x.size))
        _fly(mean, covariance, x, momentum)
        record(x, trajectory - burn_in, n_samples, first, second, samples)
    return first, second, x, samples


@numba.njit(cache=True)
def _fly(mean: Any, covariance: Any, x: Any, momentum: Any) -> None:
    """Move x along one trajectory of length pi/2, in place."""
    left = 0.5 * math.pi
    while True:
        time, wall = _next_wall(mean, x, momentum, left)
        cos, sin = math.cos(time), math.sin(time)
        for i in range(x.size):
            offset = x[i] - mean[i]
            x[i] = max(mean[i] + offset * cos + momentum[i] * sin, 0.0)
            momentum[i] = momentum[i] * cos - offset * sin
        if wall < 0:
            return
        x[wall] = 0.0
        _reflect(covariance, momentum, wall)
        left -= time


@numba.njit(cache=True)
def _next_wall(mean: Any, x: Any, momentum: Any, left: float) -> Any:
    """Time until the first coordinate falls to zero, and which; (left, -1) if none does.

    Coordinate i is mean + u cos(t - p), u = hypot(x - mean, w), p = atan2(w, x - mean); it falls through zero, if at
    all, at t = p + acos(-mean / u), which is negative only where rounding has already put it there.
    """
    time, wall = left, -1
    for i in range(x.size):
        offset = x[i] - mean[i]
        reach = math.hypot(offset, momentum[i])
        if reach > abs(mean[i]):
            t = max(math.atan2(momentum[i], offset) + math.acos(-mean[i] / reach), 0.0)
            if t < time:
                time, wall = t, i
    return time, wall


@numba.njit(cache=True)
def _reflect(covariance: Any, momentum: Any, wall: int) -> None:
    twice = 2.0 * momentum[wall] / covariance[wall, wall]
    if twice < 0.0:
        for i in range(momentum.size):
            momentum[i] -= twice * covariance[wall, i]
