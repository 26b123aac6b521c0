"""Draws from the rectified Gaussian N^R(m, v), proportional to N(x; m, v) on x >= 0, exact in its far tail."""

import math
from typing import Any

import numpy as np
from numpy.random import Generator

from laconic.core.compiled import compiled

__all__ = ["draw", "truncated_normal"]


@compiled
def draw(mean: float, scale: float, rng: Generator) -> float:
    """One draw of N^R(mean, scale^2) inside a compiled loop; scale = 0 gives max(mean, 0).

    For mean >= 0 normal draws are repeated until one is not negative (at least half are). Below, with a = -mean / scale
    and rate l = (a + sqrt(a^2 + 4)) / 2, u = Exponential / l is kept with probability exp(-(u - d)^2 / 2), d = l - a,
    and the draw is scale u (Robert 1995, arXiv:0907.4010). At least three in four are kept; nothing cancels.
    """
    if scale <= 0.0:
        return max(mean, 0.0)
    if mean >= 0.0:
        x = -1.0
        while x < 0.0:
            x = mean + scale * rng.standard_normal()
        return x
    a = -mean / scale
    d = 2.0 / (a + math.sqrt(a * a + 4.0))
    while True:
        u = rng.standard_exponential() / (a + d)
        if rng.standard_exponential() >= 0.5 * (u - d) ** 2:
            return scale * u


@compiled
def _fill(mean: Any, scale: Any, rng: Generator, out: Any) -> None:
    for i in range(out.size):
        out[i] = draw(mean[i], scale[i], rng)


def truncated_normal(mean: Any, variance: Any, rng: Generator) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Independent draws of N^R(mean, variance), one for each element.

    Parameters
    ----------
    mean, variance : array-like of float
        Shapes that broadcast; variance >= 0.
    rng : numpy.random.Generator
        Where the randomness comes from; the same state gives the same draws.

    Returns
    -------
    draws : ndarray of float64
        Of the shape that mean and variance broadcast to.

    Notes
    -----
    C. P. Robert, "Simulation of truncated normal variables", Statistics and Computing 5 (1995), arXiv:0907.4010.
    """
    m, s = np.broadcast_arrays(np.asarray(mean, np.float64), np.sqrt(np.asarray(variance, np.float64)))
    out = np.empty(m.size)
    _fill(m.ravel(), s.ravel(), rng, out)
    return out.reshape(m.shape)
