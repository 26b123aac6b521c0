"""Exact Hamiltonian Monte Carlo for a Gaussian restricted to x >= 0."""

import math
from typing import Any

import numpy as np
from numpy.random import Generator

from laconic.core.compiled import compiled
from laconic.sbl.moments import rectified_moments
from laconic.sbl.sampling.chain import Chain, Numbers, record

__all__ = ["hamiltonian", "hamiltonian_posterior"]

_REFLECTIONS = 10
"""A coordinate; a trajectory of more is given up."""


def hamiltonian(
    mean: Numbers,
    root: Numbers,
    *,
    start: Numbers,
    n_samples: int,
    burn_in: int,
    rng: Generator,
    n_kept: int = 0,
) -> Chain:
    """Sample N(x; mean, S) restricted to x >= 0, S = root root', by trajectories that are solved exactly.

    A particle of momentum w ~ N(0, S) follows x(t) = mean + (x - mean) cos t + w sin t for t in [0, pi/2].
    Where coordinate j reaches zero its momentum is reflected, w <- w - 2 (w_j / S_jj) S_j: the mirror image in whitened
    coordinates, written in the given ones. Every trajectory's end is a draw.

    Parameters
    ----------
    mean : (m,) array
    root : (m, r) array
        Of any width r; S need not have full rank.
    start : (m,) array
        Where the chain starts, at least zero; best where the density is not tiny, since a fall from far away into a
        corner meets walls without end.
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
    O(m r + m n_walls) operations a draw, n_walls the number of reflections: commonly below m, many times m where the
    columns of a dictionary are alike and there is little noise. A trajectory of more than 10 m is given up, the draw
    before it counts again, and while burning in the length is halved.
    """
    root, x = np.ascontiguousarray(root, np.float64), np.array(start, np.float64)
    samples = np.empty((n_kept, x.size))
    moments = _chain(np.array(mean, np.float64), root @ root.T, root, x, n_samples, burn_in, samples, rng)
    return Chain(moments[0], moments[1], x, samples)


def hamiltonian_posterior(
    A: Numbers,
    y: Numbers,
    noise: float,
    gamma: Numbers,
    *,
    start: Numbers | None = None,
    n_samples: int,
    burn_in: int,
    rng: Generator,
    n_kept: int = 0,
) -> Chain:
    """Sample p(x | y), proportional to N(y; A x, noise I) prod_i N^R(x_i; 0, gamma_i), by `hamiltonian`.

    The Gaussian without walls has mean K y and covariance (I - K A) Gamma (I - K A)' + noise K K', where
    K = Gamma A' (noise I + A Gamma A')^-1, so that a root of it needs no factorisation that could fail.

    Parameters
    ----------
    A : (n, m) array
        Dictionary.
    y : (n,) array
        Signal.
    noise : float
        Variance of the noise, above zero.
    gamma : (m,) array
        Scales, at least zero; where zero the coordinate stays zero.
    start, n_samples, burn_in, rng, n_kept
        As `hamiltonian` takes them; without `start`, the diagonal approximation's mean.

    Returns
    -------
    Chain
    """
    active = np.flatnonzero(gamma > 0)
    scale = np.sqrt(gamma[active].astype(np.float64))
    scaled = A[:, active] * scale
    left, values, right = np.linalg.svd(scaled, full_matrices=False)
    gain = (right.T * (values / (values**2 + noise))) @ left.T
    root = np.hstack([np.eye(active.size) - gain @ scaled, -np.sqrt(noise) * gain]) * scale[:, None]
    mean = scale * (gain @ y)
    at = rectified_moments(mean, np.sum(root**2, axis=1))[0] if start is None else start[active]
    chain = hamiltonian(mean, root, start=at, n_samples=n_samples, burn_in=burn_in, rng=rng, n_kept=n_kept)
    return Chain.over(active, gamma.size, (chain.mean, chain.variance, chain.last, chain.samples))


@compiled
def _chain(
    mean: Any, covariance: Any, root: Any, x: Any, n_samples: int, burn_in: int, samples: Any, rng: Generator
) -> Any:
    found, variance, end = np.zeros(x.size), np.zeros(x.size), np.empty(x.size)
    length = 0.5 * math.pi
    for trajectory in range(burn_in + n_samples):
        _copy(x, end)
        if _fly(mean, covariance, end, np.dot(root, rng.standard_normal(root.shape[1])), length):
            _copy(end, x)
        elif trajectory < burn_in:
            length *= 0.5
        record(x, trajectory - burn_in, n_samples, found, variance, samples)
    return found, variance


@compiled
def _copy(source: Any, target: Any) -> None:
    for i in range(source.size):
        target[i] = source[i]


@compiled
def _fly(mean: Any, covariance: Any, x: Any, momentum: Any, left: float) -> bool:
    """Move x along one trajectory for the time that is left, in place; False if it was given up."""
    for _ in range(_REFLECTIONS * x.size + 1):
        time, wall = _next_wall(mean, x, momentum, left)
        _move(mean, x, momentum, time)
        if wall < 0:
            return True
        x[wall] = 0.0
        _reflect(covariance, momentum, wall)
        left -= time
    return False


@compiled
def _move(mean: Any, x: Any, momentum: Any, time: float) -> None:
    cos, sin = math.cos(time), math.sin(time)
    for i in range(x.size):
        offset = x[i] - mean[i]
        x[i] = max(mean[i] + offset * cos + momentum[i] * sin, 0.0)
        momentum[i] = momentum[i] * cos - offset * sin


@compiled
def _next_wall(mean: Any, x: Any, momentum: Any, left: float) -> Any:
    """Time until the first coordinate falls to zero, and which; (left, -1) if none does.

    Coordinate i is mean + u cos(t - p), u = hypot(x - mean, w), p = atan2(w, x - mean); it falls through zero, if at
    all, at t = p + acos(-mean / u), which is negative only where rounding has already put it there. Nearly all are
    seen to stay above zero until the earliest time found so far without solving for theirs: each of the three terms of
    mean (1 - cos t) + x cos t + w sin t is bounded by its value at that time, or by zero.
    """
    time, wall, cos, sin = left, -1, math.cos(left), math.sin(left)
    for i in range(x.size):
        if x[i] * cos + min(mean[i], 0.0) * (1.0 - cos) + min(momentum[i], 0.0) * sin > 0.0:
            continue
        offset = x[i] - mean[i]
        reach = math.hypot(offset, momentum[i])
        if reach > abs(mean[i]):
            t = max(math.atan2(momentum[i], offset) + math.acos(-mean[i] / reach), 0.0)
            if t < time:
                time, wall, cos, sin = t, i, math.cos(t), math.sin(t)
    return time, wall


@compiled
def _reflect(covariance: Any, momentum: Any, wall: int) -> None:
    if momentum[wall] < 0.0:
        twice = 2.0 * momentum[wall] / covariance[wall, wall]
        for i in range(momentum.size):
            momentum[i] -= twice * covariance[wall, i]
