"""Expectation-maximisation over the scales: the one loop that all E-steps, priors and couplings share."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.loop import BatchRecord, Rows, Run, iterate
from laconic.priors import Prior
from laconic.sbl.coupling import Coupling
from laconic.sbl.esteps.base import EStep
from laconic.sbl.records import Moments, Problem

STRIDE = 10.0
"""A relaxed step multiplies or divides a scale by at most this more than the plain one."""


@dataclass(frozen=True)
class Learning:
    """How the scales are learned.

    Attributes
    ----------
    e_step, prior, coupling
        The parts.
    prune : float
        A coefficient is given up when its scale falls below this share of the noise, or tol^2 of the
        largest one; 0 keeps every one.
    relaxation : float
        1 is plain EM; above it, each step goes further in the logarithm of the scales.
    tol : float
        Settled when no standard deviation sqrt(gamma) changes by more than this share of the largest.
    max_iter : int
    fading : float
        The relaxation of scales on their way to zero, where there is any.
    grown : int
        Steps before anything is pruned: where the columns have a mean, all scales dip before they part.
    """

    e_step: EStep
    prior: Prior
    coupling: Coupling
    prune: float
    relaxation: float
    tol: float
    max_iter: int
    grown: int = 15
    fading: float = 2.5


@dataclass(frozen=True)
class Scales(BatchRecord):
    """What is learned about each group of signals.

    Attributes
    ----------
    group : array of int, shape (K,)
        Places of the groups.
    gamma : array of shape (K, m)
    noise, unit : array of shape (K,)
        The noise variance, and the square of one in the user's units, which are the prior's.
    moments : Moments or None
        The last ones.
    age : int
        Steps taken.
    """

    group: Rows
    gamma: Array
    noise: Array
    unit: Array
    moments: Moments | None = None
    age: int = 0


def start(problem: Problem, coupling: Coupling, noise: Array, unit: Array) -> Scales:
    """Return scales to start from: equal ones, that add up to the energy of a signal; 0 for an empty column."""
    xp, like, n_groups = array_namespace(problem.y), problem.y, coupling.groups(problem)
    lengths = problem.dictionary.squared_norms()
    equal = xp.where(lengths > 0, xp.ones_like(lengths), xp.zeros_like(lengths)) / problem.dictionary.shape[1]
    ones = xp.ones((n_groups, 1), dtype=like.dtype, device=device(like))
    return Scales(np.arange(n_groups), ones * equal, noise, unit)


def learn(
    problem: Problem,
    scales: Scales,
    how: Learning,
    on_iteration: Callable[[int, Scales], None] | None = None,
) -> Run[Scales]:
    """Learn the scales of each group of signals, from the given ones on."""

    def step(scales: Scales) -> Scales:
        return _step(how.coupling.members(problem, scales.group), scales, how)

    return iterate(
        step,
        scales,
        change=_change,
        tol=how.tol,
        max_iter=how.max_iter,
        objective=lambda scales: _evidence(scales, how),
        on_iteration=on_iteration,
    )


def _step(problem: Problem, scales: Scales, how: Learning) -> Scales:
    moments = how.e_step.moments(problem, scales.gamma, scales.noise, scales.moments)
    unit = scales.unit[:, None]
    target = how.prior.m_step(how.coupling.pool(moments.second) * unit, scales.gamma * unit) / unit
    exponent = _exponents(scales.gamma, target, moments, how)
    prune = how.prune if scales.age >= how.grown else 0.0
    gamma = _pruned(_relaxed(scales.gamma, target, exponent), scales.noise, prune, how.tol)
    return replace(scales, gamma=gamma, moments=moments, age=scales.age + 1)


def _exponents(gamma: Array, target: Array, moments: Moments, how: Learning) -> Array | float:
    """Return how far to go: further still where a scale falls and its coefficient would be negative without a wall.

    Such a scale ends at zero, and EM takes it there at an ever slower pace. It cannot overshoot what it is bound for,
    unless the prior holds every scale above zero.
    """
    if how.relaxation == 1 or moments.location is None or not _vanishes(how.prior):
        return how.relaxation
    xp, n_groups = array_namespace(gamma), gamma.shape[0]
    behind = moments.location if n_groups == moments.location.shape[0] else how.coupling.pool(moments.location)
    fading = (target < gamma) & (behind < 0)
    return xp.where(fading, how.fading * xp.ones_like(gamma), how.relaxation * xp.ones_like(gamma))


def _vanishes(prior: Prior) -> bool:
    """Whether a coefficient without energy gets a scale of zero."""
    return float(prior.m_step(np.zeros(1), np.ones(1))[0]) == 0


def _relaxed(gamma: Array, target: Array, exponent: Array | float) -> Array:
    """Return gamma (target / gamma)^exponent, the step beyond the plain one bounded."""
    xp, zero = array_namespace(gamma), array_namespace(gamma).zeros_like(gamma)
    alive = gamma > 0
    ratio = xp.where(alive, target / xp.where(alive, gamma, xp.ones_like(gamma)), zero)
    return target * xp.clip(ratio ** (exponent - 1), 1 / STRIDE, STRIDE) * xp.astype(alive, gamma.dtype)


def _pruned(gamma: Array, noise: Array, prune: float, tol: float) -> Array:
    """Give up scales below a share of the noise, and those that the tolerance cannot tell from zero."""
    if prune == 0:
        return gamma
    xp = array_namespace(gamma)
    floor = xp.maximum(prune * noise[:, None], min(tol, 1e-3) ** 2 * xp.max(gamma, axis=1, keepdims=True))
    return xp.where(gamma > floor, gamma, xp.zeros_like(gamma))


def _change(before: Scales, after: Scales) -> Rows:
    xp = array_namespace(after.gamma)
    old, new = xp.sqrt(before.gamma), xp.sqrt(after.gamma)
    largest = xp.max(new, axis=1)
    moved = xp.max(xp.abs(new - old), axis=1)
    return np.asarray(to_numpy(moved / xp.where(largest > 0, largest, xp.ones_like(largest))))


def _evidence(scales: Scales, how: Learning) -> Rows:
    """Return the log evidence at the scales before the step: what EM raises, where the prior of the scales is flat."""
    if scales.moments is None or scales.moments.log_evidence is None:
        return np.full(scales.size, np.nan)
    return np.asarray(to_numpy(how.coupling.pool(scales.moments.log_evidence)))
