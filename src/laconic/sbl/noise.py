"""How large the noise is: given, from a signal-to-noise ratio, from the residual, or from entries held out.

Learning it by EM along with the scales fails: it sticks at the energy of the data where columns are alike, and
collapses where there are more columns than data. So it is found from outside the loop.
"""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.checks import ParameterError, check_interval
from laconic.sbl.coupling import Coupling
from laconic.sbl.em import Learning, Scales, learn, start
from laconic.sbl.esteps import Diagonal
from laconic.sbl.mode import posterior_mode
from laconic.sbl.records import Problem

SELECTION = 0.4
"""What a coefficient above zero costs beyond its share of the fit, in degrees of freedom that it leaves.

With 0 the estimate collapses for more columns than data, with 1 it settles far above the truth. The fits it is judged
by keep small coefficients that the final one gives up: their number is what stops the collapse.
"""

LOOSE = 1e-2
"""Tolerance of the fits that only the noise is judged by."""

NEAR = 1.02
"""Errors up to this many times the least one are as good."""

STEPS = 40
PRUNE = 0.1
ROUNDS = 12


class NoiseRule(Protocol):
    """A way to the noise variance of each group of signals, in the units of the problem."""

    def find(self, problem: Problem, unit: Array, how: Learning) -> Array:
        """Return the variances, shape (K,)."""
        ...


@dataclass(frozen=True)
class Known:
    """Given variances, one for all signals or one for each, in the user's units."""

    variance: Any

    def find(self, problem: Problem, unit: Array, how: Learning) -> Array:
        xp = array_namespace(problem.y)
        given = np.asarray(self.variance, dtype=np.float64)
        own = given[problem.index[: unit.shape[0]]] if given.ndim else np.full(unit.shape[0], given)
        mine = xp.asarray(own, dtype=unit.dtype, device=device(unit))
        return floored(mine / unit, problem)


@dataclass(frozen=True)
class SignalToNoise:
    """A ratio of the energy of what the dictionary explains to that of the noise, in decibels."""

    decibels: float

    def find(self, problem: Problem, unit: Array, how: Learning) -> Array:
        return floored(power(problem, how.coupling) / (1 + 10 ** (self.decibels / 10)), problem)


@dataclass(frozen=True)
class FromResidual:
    """The residual of the mode, over the degrees of freedom that it leaves.

    Fits and estimates take turns, from noise of a third of the energy downwards.
    """

    def find(self, problem: Problem, unit: Array, how: Learning) -> Array:
        how = replace(_rough(problem, how), prune=PRUNE, grown=0, fading=Diagonal.relaxation)
        noise = floored(0.3 * power(problem, how.coupling), problem)
        for _ in range(ROUNDS):
            before, noise = noise, self._half_way(problem, noise, unit, how)
            if _largest_log_ratio(noise, before) < 0.05:
                break
        return noise

    def _half_way(self, problem: Problem, noise: Array, unit: Array, how: Learning) -> Array:
        """Return the geometric mean of a variance and what its fit leaves: a whole step down would go too far."""
        scales = learn(problem, start(problem, how.coupling, noise, unit), how).state
        return array_namespace(noise).sqrt(noise * residual_variance(problem, scales, how.coupling))


@dataclass(frozen=True)
class CrossValidated:
    """The largest of several levels at which entries held out are predicted as well as they can be.

    Attributes
    ----------
    levels : tuple of float
        Shares of the energy of a signal.
    n_folds : int
    """

    levels: tuple[float, ...] = (1e-5, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
    n_folds: int = 4

    def find(self, problem: Problem, unit: Array, how: Learning) -> Array:
        xp, size = array_namespace(problem.y), power(problem, how.coupling)
        how = _rough(problem, how)
        errors = [self._error(problem, floored(level * size, problem), unit, how) for level in self.levels]
        table = np.stack(errors)
        near = table <= NEAR * table.min(axis=0)
        best = len(self.levels) - 1 - np.argmax(near[::-1], axis=0)
        return floored(size * xp.asarray(np.array(self.levels)[best], dtype=size.dtype, device=device(size)), problem)

    def _error(self, problem: Problem, noise: Array, unit: Array, how: Learning) -> "np.ndarray[Any, Any]":
        total = sum(self._fold(problem, fold, noise, unit, how) for fold in range(self.n_folds))
        return np.asarray(to_numpy(how.coupling.pool(total)))

    def _fold(self, problem: Problem, fold: int, noise: Array, unit: Array, how: Learning) -> Array:
        """Return the squared error on one part of the entries of a fit to the others."""
        xp, n = array_namespace(problem.y), problem.y.shape[1]
        parts = np.random.default_rng(0).permutation(n) % self.n_folds
        kept = xp.asarray((parts != fold)[None, :], dtype=problem.y.dtype, device=device(problem.y))
        there = xp.ones_like(problem.y) if problem.mask is None else problem.mask
        seen = replace(problem, y=problem.y * kept, mask=there * kept)
        scales = learn(seen, start(seen, how.coupling, noise, unit), how).state
        missed = problem.y - seen.dictionary.matmul(_mode(seen, scales).T).T
        return xp.sum(missed**2 * there * (1 - kept), axis=1)


def as_noise_rule(owner: str, noise: Any, snr: float | None, n_signals: int) -> NoiseRule:
    """Return the rule that `noise` and `snr` ask for.

    Raises
    ------
    ParameterError
        If they ask for two things, or for none that there is.
    """
    if snr is not None:
        if not (isinstance(noise, str) and noise == "auto"):
            raise ParameterError(owner, "snr", "left out where noise is given", snr)
        return SignalToNoise(check_interval(owner, "snr", snr, -200.0, 400.0))
    if isinstance(noise, str):
        if noise not in NOISE_RULES:
            allowed = ", ".join(map(repr, NOISE_RULES))
            raise ParameterError(owner, "noise", f"a variance, one for each signal, or one of {allowed}", noise)
        return NOISE_RULES[noise]()
    return Known(_checked_variance(owner, noise, n_signals))


NOISE_RULES: dict[str, type[NoiseRule]] = {"auto": FromResidual, "cv": CrossValidated}
"""Every rule by the name it is chosen by; a new one adds its line here."""


def _rough(problem: Problem, how: Learning) -> Learning:
    """Return how to fit for the sake of the noise: quickly, whichever E-step the codes are found by in the end."""
    how = replace(how, tol=LOOSE, max_iter=min(STEPS, how.max_iter))
    return replace(how, e_step=Diagonal(), relaxation=Diagonal.relaxation) if problem.dictionary.is_dense else how


def _checked_variance(owner: str, noise: Any, n_signals: int) -> Any:
    try:
        values = np.asarray(to_numpy(noise) if hasattr(noise, "__dlpack__") else noise, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if values.shape not in ((), (n_signals,)) or not np.all(np.isfinite(values) & (values >= 0)):
        raise ParameterError(owner, "noise", "a variance of at least 0, one for each signal, 'auto' or 'cv'", noise)
    return values


def floored(noise: Array, problem: Problem) -> Array:
    """Return the noise, not below what rounding makes of noiseless data: 1e-10 of the energy (1e-6 in float32)."""
    xp, n = array_namespace(noise), problem.y.shape[1]
    share = 1e-10 if float(xp.finfo(noise.dtype).eps) < 1e-10 else 1e-6
    return xp.clip(noise, share / n)


def power(problem: Problem, coupling: Coupling) -> Array:
    """Return the mean square of the entries that are there, shape (K,)."""
    return coupling.pool(array_namespace(problem.y).sum(problem.y**2, axis=1) / _count(problem))


def residual_variance(problem: Problem, scales: Scales, coupling: Coupling) -> Array:
    """Return the residual of the mode over the degrees of freedom it leaves, shape (K,), at least 5 % of them."""
    xp = array_namespace(problem.y)
    mode = _mode(problem, scales)
    energy = xp.sum((problem.y - _explained(problem, mode)) ** 2, axis=1)
    left = _count(problem) - _degrees_of_freedom(mode, scales)
    return floored(coupling.pool(energy) / coupling.pool(xp.maximum(left, 0.05 * _count(problem))), problem)


def _degrees_of_freedom(mode: Array, scales: Scales) -> Array:
    """Return the sum over the support of 1 - Sigma_ii / gamma_i, the fit's own, and of a cost of selection."""
    xp, spread = array_namespace(mode), _spread(scales)
    gamma = xp.where(scales.gamma > 0, scales.gamma, xp.ones_like(scales.gamma))
    fitted = 1 - xp.clip(spread / gamma, 0, 1)
    share = (1 - SELECTION) * fitted + SELECTION
    return xp.sum(xp.where(mode > 0, share, xp.zeros_like(share)), axis=1)


def _spread(scales: Scales) -> Array:
    moments = scales.moments
    assert moments is not None  # after learning there are some
    return moments.variance if moments.spread is None else moments.spread


def _count(problem: Problem) -> Any:
    return problem.y.shape[1] if problem.mask is None else array_namespace(problem.mask).sum(problem.mask, axis=1)


def _mode(problem: Problem, scales: Scales) -> Array:
    assert scales.moments is not None
    return posterior_mode(problem, scales.gamma, scales.noise, scales.moments.mean)


def _explained(problem: Problem, codes: Array) -> Array:
    rows = problem.dictionary.matmul(codes.T).T
    return rows if problem.mask is None else rows * problem.mask


def _largest_log_ratio(new: Array, old: Array) -> float:
    return float(np.max(np.abs(np.log(to_numpy(new) / to_numpy(old)))))
