"""Quantiles and intervals of the rectified Gaussian N^R(mu, S), proportional to N(x; mu, S) on x >= 0.

Where t = mu / s is not far below zero, P(X > x) = q is Phi((mu - x) / s) = q Phi(t), which two functions of SciPy
solve in logarithms. Far below zero x is the small difference of two large numbers; there u = x / s solves

    log q = -a u - u^2 / 2 + log R(a + u) - log R(a),    a = -t,    R(a) = (1 - Phi(a)) / phi(a)   (Mills' ratio),

by Newton's method; the right side is concave in u and its terms are computed without cancellation.
"""

from typing import Any, Literal

import numpy as np
from scipy import special

from laconic.core.arrays import Array, array_namespace, as_array, device, to_numpy
from laconic.core.checks import check_choice, check_interval
from laconic.sbl.moments import tail_ratios

__all__ = ["rectified_interval", "rectified_quantile"]

_Numbers = np.ndarray[Any, np.dtype[np.float64]]

Kind = Literal["highest_density", "equal_tailed"]

_TAIL = -4.0
_NEWTON_STEPS = 8


def rectified_quantile(mean: Array, variance: Array, level: float) -> Array:
    """The value that N^R(mu, S) stays below with probability `level`, element by element.

    Parameters
    ----------
    mean, variance : array of float
        mu and S >= 0, shapes that broadcast, any array library (computed by NumPy on the CPU).
    level : float
        Between 0 and 1, ends included; 0 gives 0 and 1 gives infinity where S > 0.

    Returns
    -------
    quantile : array
        In the caller's library, type and device. The relative error is about eps / level for small levels, and does not
        grow as mu / sqrt(S) falls.
    """
    check_interval("rectified_quantile", "level", level, 0, 1)
    mean, variance = as_array(mean), as_array(variance)
    return _like(mean, variance, _quantile(*_numbers(mean, variance), level))


def rectified_interval(
    mean: Array,
    variance: Array,
    level: float = 0.9,
    kind: Kind = "highest_density",
) -> tuple[Array, Array]:
    """Lower and upper end of an interval that holds a draw of N^R(mu, S) with probability `level`.

    Parameters
    ----------
    mean, variance : array of float
        mu and S >= 0, shapes that broadcast, any array library (computed by NumPy on the CPU).
    level : float
        Between 0 and 1.
    kind : {"highest_density", "equal_tailed"}
        The shortest interval, which starts at zero where the density falls (mu <= 0) and often where it does not; or
        the one with equal probability left of it and right of it, which never contains zero.

    Returns
    -------
    lower, upper : array
        In the caller's library, type and device.
    """
    check_interval("rectified_interval", "level", level, 0, 1)
    check_choice("rectified_interval", "kind", kind, ("highest_density", "equal_tailed"))
    mean, variance = as_array(mean), as_array(variance)
    m, v = _numbers(mean, variance)
    ends = _highest_density(m, v, level) if kind == "highest_density" else _equal_tailed(m, v, level)
    return _like(mean, variance, ends[0]), _like(mean, variance, ends[1])


def _numbers(mean: Array, variance: Array) -> tuple[_Numbers, _Numbers]:
    m, v = np.broadcast_arrays(to_numpy(mean).astype(np.float64), to_numpy(variance).astype(np.float64))
    return m, v


def _like(mean: Array, variance: Array, values: _Numbers) -> Array:
    xp = array_namespace(mean, variance)
    return xp.asarray(values, dtype=xp.result_type(mean, variance), device=device(mean))


def _equal_tailed(m: _Numbers, v: _Numbers, level: float) -> tuple[_Numbers, _Numbers]:
    return _quantile(m, v, (1 - level) / 2), _quantile(m, v, (1 + level) / 2)


def _highest_density(m: _Numbers, v: _Numbers, level: float) -> tuple[_Numbers, _Numbers]:
    """Return mu -+ w while that stays above zero, since the density is symmetric there; else [0, quantile]."""
    with np.errstate(over="ignore"):
        mass = special.ndtr(m / np.maximum(np.sqrt(v), 1e-160))
    width = np.sqrt(v) * special.ndtri((1 + level * mass) / 2)
    inside = width <= m
    lower = np.where(inside, m - width, 0.0)
    return lower, np.where(inside, m + width, _quantile(m, v, level))


def _quantile(m: _Numbers, v: _Numbers, level: float) -> _Numbers:
    scale = np.sqrt(v)
    with np.errstate(all="ignore"):
        t = np.clip(m / np.maximum(scale, 1e-160), -1e200, 1e200)
        log_rest = np.log1p(-level)
        body = m - scale * special.ndtri_exp(log_rest + special.log_ndtr(np.maximum(t, _TAIL)))
        tail = scale * _far_quantile(np.maximum(-t, -_TAIL), log_rest)
    return np.where(scale > 0, np.where(t < _TAIL, tail, np.maximum(body, 0)), np.maximum(m, 0))


def _far_quantile(a: _Numbers, log_rest: float) -> _Numbers:
    """Return u with P(U > u) = exp(log_rest) for the density proportional to exp(-u^2/2 - a u) on u >= 0, a >= 4."""
    if np.isinf(log_rest):
        return np.full_like(a, np.inf)
    excess = tail_ratios(a)[0]  # 1 / R(a) = a + K_1(a)
    u = -2 * log_rest / (a + np.sqrt(a * a - 2 * log_rest))
    for _ in range(_NEWTON_STEPS):
        further = tail_ratios(a + u)[0]
        log_survival = -a * u - u * u / 2 - np.log1p((u + further - excess) / (a + excess))
        u = np.maximum(u + (log_survival - log_rest) / (a + u + further), 0)
    return u
