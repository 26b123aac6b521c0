"""Moments of the rectified Gaussian N^R(mu, S), proportional to N(x; mu, S) on x >= 0, exact in its far tail.

With s = sqrt(S), t = mu / s and h = phi(t) / Phi(t) = sqrt(2/pi) / erfcx(-t / sqrt(2)) (arXiv:1601.06207):

    <x> = mu + s h,    <x^2> = S + mu <x>,    var x = S (1 - h (h + t)).

The three differences lose every digit as t -> -inf. There, with a = -t, the integrals

    I_n = int_0^inf u^n exp(-u^2/2 - a u) du   obey   I_{n+1} = n I_{n-1} - a I_n,

so their ratios K_n = I_n / I_{n-1} are the continued fraction K_n = n / (a + K_{n+1}), in which nothing cancels:

    <x> = s K_1,    <x^2> = S K_1 K_2,    var x = S K_1 (K_2 - K_1).
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import special

from laconic.core.arrays import Array, array_namespace, as_array, device, to_numpy

__all__ = ["log_mass", "mean_and_variance", "rectified_moments", "rectified_variance", "tail_ratios"]

_DEPTH = 16
"""Levels of the continued fraction; with the switch below it is exact to 2e-12 (float64) and 1e-7 (float32)."""

_FAR = 100.0
"""phi(t) / Phi(t) is zero in both floating types beyond this t."""


class _Standard(NamedTuple):
    """What both formulas need, scale apart: the first two ratios hold in the tail, hazard h and t elsewhere."""

    scale: Array
    in_tail: Array
    ratio_1: Array
    ratio_2: Array
    hazard: Array
    t: Array


def rectified_moments(mean: Array, variance: Array) -> tuple[Array, Array]:
    """First and second moment of N^R(mu, S), element by element.

    Parameters
    ----------
    mean, variance : array of float
        mu and S >= 0, shapes that broadcast, any array library. S = 0 is the point max(mu, 0).

    Returns
    -------
    first, second : array
        <x> and <x^2> in the caller's library and type. Their relative error is below 1e-9 in float64 and 1e-5 in
        float32, however far below zero mu / sqrt(S) is; they are finite unless mu^2 overflows.

    Notes
    -----
    arXiv:1601.06207; the module's docstring tells how the tail is kept exact.
    """
    mean, variance = as_array(mean), as_array(variance)
    xp = array_namespace(mean, variance)
    with np.errstate(over="ignore", under="ignore"):
        z = _standard(mean, variance)
        tail, tail_second = z.scale * z.ratio_1, z.scale * z.ratio_2
        first = xp.where(z.in_tail, tail, _positive(mean + z.scale * z.hazard))
        second = xp.where(z.in_tail, tail * tail_second, _positive(variance + mean * first))
    return first, second


def rectified_variance(mean: Array, variance: Array) -> Array:
    """Variance of N^R(mu, S), element by element, without forming <x^2> - <x>^2.

    Parameters and accuracy are those of `rectified_moments`.
    """
    return mean_and_variance(mean, variance)[1]


def mean_and_variance(mean: Array, variance: Array) -> tuple[Array, Array]:
    """Mean and variance of N^R(mu, S) in one pass, as `rectified_moments` and `rectified_variance` give them."""
    mean, variance = as_array(mean), as_array(variance)
    xp = array_namespace(mean, variance)
    with np.errstate(over="ignore", under="ignore"):
        z = _standard(mean, variance)
        tail = z.scale * z.ratio_1
        first = xp.where(z.in_tail, tail, _positive(mean + z.scale * z.hazard))
        spread = variance * _positive(1 - z.hazard * (z.hazard + z.t))
        return first, xp.where(z.in_tail, tail * (z.scale * (z.ratio_2 - z.ratio_1)), spread)


def log_mass(mean: Array, variance: Array) -> Array:
    """Logarithm of the mass log Phi(mu / sqrt(S)) that N(mu, S) has on x >= 0, element by element.

    Parameters are those of `rectified_moments`; for S = 0 the mass is 1 where mu >= 0 and 0 elsewhere.
    """
    mean, variance = as_array(mean), as_array(variance)
    xp = array_namespace(mean, variance)
    with np.errstate(over="ignore", under="ignore"):
        t = _scale_and_ratio(mean, variance)[1]
        a = xp.abs(t)
        mills, square = _erfcx(a / math.sqrt(2)) / 2, a * a / 2
        below = xp.log(xp.where(t < 0, mills, 1)) - square
        return xp.where(t < 0, below, xp.log1p(-mills * xp.exp(-square)))


def _standard(mean: Array, variance: Array) -> _Standard:
    xp = array_namespace(mean, variance)
    scale, t = _scale_and_ratio(mean, variance)
    switch = _switch(t)
    body = xp.clip(t, -switch, _FAR)
    hazard = math.sqrt(2 / math.pi) / _erfcx(body / -math.sqrt(2))
    return _Standard(scale, t < -switch, *tail_ratios(xp.clip(-t, switch)), hazard, body)


def _scale_and_ratio(mean: Array, variance: Array) -> tuple[Array, Array]:
    """Return s and mu / s; where S = 0 the ratio is huge, with the sign of mu."""
    xp = array_namespace(mean, variance)
    scale = xp.sqrt(variance)
    return scale, mean / xp.clip(scale, math.sqrt(float(xp.finfo(scale.dtype).smallest_normal)) / 2)


def _switch(t: Array) -> float:
    """How far below zero the closed form keeps its digits: its error grows as eps t^4."""
    return 5.0 if float(array_namespace(t).finfo(t.dtype).eps) < 1e-10 else 2.5


def tail_ratios(a: Array) -> tuple[Array, Array]:
    """K_1 and K_2 of the module's docstring, for a >= 2.5 (float32) or a >= 4 (float64: 1e-10, from 5 on 2e-12).

    From the bottom up; the levels left out are taken to be alike, K (a + K) = n.
    """
    n = _DEPTH + 1
    ratio = 2 * n / (a + array_namespace(a).sqrt(a * a + 4 * n))
    for level in range(_DEPTH, 1, -1):
        ratio = level / (a + ratio)
    return 1 / (a + ratio), ratio


def _positive(x: Array) -> Array:
    """max(x, 0), NaN kept."""
    return array_namespace(x).clip(x, 0)


def _erfcx(x: Array) -> Array:
    """exp(x^2) erfc(x), which the array API lacks: the library's own if it has one, else by way of NumPy."""
    xp = array_namespace(x)
    if isinstance(x, np.ndarray | np.generic):
        return special.erfcx(x)
    if hasattr(getattr(xp, "special", None), "erfcx"):
        return xp.special.erfcx(x)
    return xp.asarray(special.erfcx(to_numpy(x)), dtype=x.dtype, device=device(x))
