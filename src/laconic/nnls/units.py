"""How large coefficients and noise are, found from a plain non-negative fit where they are not given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, to_numpy
from laconic.core.checks import DataError, ParameterError, check_interval
from laconic.nnls.factor import Floats, Ints
from laconic.nnls.objective import residual
from laconic.structured.dictionary import Dictionary
from laconic.structured.signals import Signals

PART = 0.1
"""Unit of a prior as a part of the size of typical coefficients.

A small unit puts the border between noise and coefficients higher. On the same 30 trials (20 dB, 100 x 400, 10 of 400
non-zero, Student-t, exact descent) the error was 4.2e-3 with the typical coefficient as the unit, 2.5e-3 with a tenth.
"""

LEAST_FREE = 0.1
"""Share of the entries that a fit has to leave free for its residual to say something."""

FIRST_NOISE = 0.03
"""Share of the signal that is taken for noise at first."""

TURNS = 10

LEAST_NOISE = 1e-6
"""Variance that noise found from a residual has at least, as a share of the signal's."""


@dataclass(frozen=True)
class Fit:
    """A plain non-negative fit, one signal a row: codes x (k, m) and residual left (k, n)."""

    x: Array
    left: Array


def fit_of(dictionary: Dictionary, signals: Signals, x: Array) -> Fit:
    """Return the fit of answers x (k, m)."""
    return Fit(x, residual(dictionary, x, signals.y, signals.mask))


def coefficient_unit(fit: Fit) -> Floats:
    """Return `PART` of the size of typical coefficients, shape (k,); 1 where there are none.

    Their size is sqrt(sum x^4 / (3 sum x^2)), which is the standard deviation where they are drawn from half a normal
    density, and which the many small coefficients that noise adds to a plain fit hardly change.
    """
    x = to_numpy(fit.x).astype(np.float64)
    largest = x.max(axis=1, keepdims=True)
    shrunk = x / np.where(largest > 0, largest, 1.0)
    energy = np.sum(shrunk**2, axis=1)
    size = np.sqrt(np.sum(shrunk**4, axis=1) / (3 * np.where(energy > 0, energy, 1.0))) * largest[:, 0]
    return np.where(size > 0, PART * size, 1.0)


def given_noise(owner: str, noise: Any, snr: Any, signals: Signals) -> Floats | None:
    """Return the noise variances that a caller gave, shape (k,), or None where neither is given (or noise is "auto").

    Raises
    ------
    ParameterError
        If both are given, or the ratio is no finite number.
    DataError
        If the variances are negative, not finite or of another shape.
    """
    noise = None if isinstance(noise, str) and noise == "auto" else noise
    if noise is not None and snr is not None:
        raise ParameterError(owner, "snr", "left out where noise is given", snr)
    k = signals.y.shape[0]
    if snr is not None:
        decibels = check_interval(owner, "snr", snr, -300.0, 300.0)
        return _power(signals) / (1 + 10 ** (decibels / 10))
    if noise is None:
        return None
    try:
        values = np.asarray(noise, dtype=np.float64)
    except (TypeError, ValueError):
        raise ParameterError(owner, "noise", "a variance of at least 0, one a signal, 'auto' or None", noise) from None
    if values.shape not in ((), (k,)) or not np.all((values >= 0) & np.isfinite(values)):
        raise DataError(f"{owner}: noise must be one variance of at least 0, or {k}, got {noise!r:.60}")
    return np.broadcast_to(values, (k,)).copy()


def least_noise(signals: Signals) -> Floats:
    """Return the least variance that noise counts as, shape (k,): without noise there would be no prior."""
    xp = array_namespace(signals.y)
    precise = float(xp.finfo(signals.y.dtype).eps) < 1e-10
    return (1e-10 if precise else 1e-6) * _power(signals)


def noise_from(fit: Fit, signals: Signals) -> tuple[Floats, Ints]:
    """Return |y - A x|^2 / (n - p), shape (k,), and which of them say nothing since too few freedoms are left.

    p, the non-zeros of a plain non-negative fit, are the degrees of freedom that it takes (Meyer and Woodroofe, Annals
    of Statistics 28, 2000). With more than twice as many columns as rows, of mixed signs, it takes all of them.
    """
    used = np.count_nonzero(to_numpy(fit.x), axis=1)
    free = _counts(signals) - used
    return _variance(fit, signals, free), np.flatnonzero(free < LEAST_FREE * _counts(signals))


def noise_by_turns(refit: Callable[[Floats], tuple[Fit, Floats]], signals: Signals) -> Floats:
    """Return the noise that a sparse fit leaves when it is told just this noise, shape (k,).

    `refit` takes variances and returns the fit and the number of its coefficients that count. Fits and estimates take
    turns, half the way in decibels each, from `FIRST_NOISE` of the signal downwards: upwards from below would begin
    with a fit of the noise.
    """
    noise = FIRST_NOISE * _power(signals)
    for _ in range(TURNS):
        fit, used = refit(noise)
        before, noise = noise, np.sqrt(noise * _variance(fit, signals, _counts(signals) - used))
        if np.all(np.abs(np.log(noise / np.where(before > 0, before, 1.0))) < 0.05, where=before > 0):
            break
    return noise


def _variance(fit: Fit, signals: Signals, free: Floats) -> Floats:
    energy: Floats = np.sum(to_numpy(fit.left).astype(np.float64) ** 2, axis=1)
    return np.maximum(energy / np.maximum(free, LEAST_FREE * _counts(signals)), LEAST_NOISE * _power(signals))


def _counts(signals: Signals) -> Floats:
    if signals.mask is None:
        return np.full(signals.y.shape[0], float(signals.y.shape[1]))
    return np.asarray(to_numpy(signals.mask).sum(axis=1), dtype=np.float64)


def _power(signals: Signals) -> Floats:
    """Return the mean square of each signal over the entries that are there."""
    xp = array_namespace(signals.y)
    energy: Floats = to_numpy(xp.sum(signals.y**2, axis=1)).astype(np.float64)
    return energy / _counts(signals)
