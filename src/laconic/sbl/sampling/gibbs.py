"""Gibbs sampling of the posterior of a rectified Gaussian prior."""

import math
from typing import Any

import numpy as np
from numpy.random import Generator

from laconic.core.compiled import compiled
from laconic.sbl.sampling.chain import Chain, Numbers, record
from laconic.sbl.sampling.truncated_normal import draw

__all__ = ["gibbs"]

_FRESH = 100
"""Sweeps after which the residual is computed anew, against the drift of its updates."""


def gibbs(
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
    """Sample p(x | y), proportional to N(y; A x, noise I) prod_i N^R(x_i; 0, gamma_i), a coordinate at a time.

    With r = y - A x, coordinate j is drawn from N^R(m_j, v_j), where v_j = 1 / (|a_j|^2 / noise + 1 / gamma_j) and
    m_j = v_j (a_j' r + |a_j|^2 x_j) / noise, and r follows: O(n) operations a draw.

    Parameters
    ----------
    A : (n, m) array
        Dictionary.
    y : (n,) array
        Signal.
    noise : float
        Variance of the noise, at least zero (the chain barely moves as it goes to zero).
    gamma : (m,) array
        Scales, at least zero; where zero the coordinate stays zero and costs nothing.
    start : (m,) array or None
        Where the chain starts, at least zero; zeros without it.
    n_samples, burn_in : int
        Sweeps that count, and sweeps before them that do not.
    rng : numpy.random.Generator
        Where the randomness comes from; the same state gives the same chain.
    n_kept : int
        How many of the draws to return, evenly thinned; at most n_samples.

    Returns
    -------
    Chain

    Notes
    -----
    arXiv:1601.06207 (the Markov chain E-step). O((n_samples + burn_in) n m) operations.
    """
    active = np.flatnonzero(gamma > 0)
    columns, signal = np.ascontiguousarray(A.T[active], np.float64), np.ascontiguousarray(y, np.float64)
    power, scales = np.sum(columns**2, axis=1), gamma[active].astype(np.float64)
    x = np.zeros(active.size) if start is None else start[active].astype(np.float64)
    samples = np.empty((n_kept, x.size))
    moments = _chain(columns, power, signal, float(noise), scales, x, n_samples, burn_in, samples, rng)
    return Chain.over(active, gamma.size, (*moments, x, samples))


@compiled
def _chain(
    columns: Any,
    power: Any,
    y: Any,
    noise: float,
    gamma: Any,
    x: Any,
    n_samples: int,
    burn_in: int,
    samples: Any,
    rng: Generator,
) -> Any:
    mean, variance, residual = np.zeros(x.size), np.zeros(x.size), np.empty(y.size)
    for sweep in range(burn_in + n_samples):
        if sweep % _FRESH == 0:
            _take_away(columns, y, x, residual)
        for j in range(x.size):
            shrink = gamma[j] / (noise + gamma[j] * power[j]) if power[j] > 0.0 else 0.0
            scale = math.sqrt(noise * shrink if power[j] > 0.0 else gamma[j])
            new = draw(shrink * (np.dot(columns[j], residual) + power[j] * x[j]), scale, rng)
            for i in range(residual.size):
                residual[i] -= (new - x[j]) * columns[j, i]
            x[j] = new
        record(x, sweep - burn_in, n_samples, mean, variance, samples)
    return mean, variance


@compiled
def _take_away(columns: Any, y: Any, x: Any, residual: Any) -> None:
    """Write y less what the columns explain into the residual."""
    for i in range(y.size):
        residual[i] = y[i]
    for j in range(x.size):
        for i in range(y.size):
            residual[i] -= x[j] * columns[j, i]
