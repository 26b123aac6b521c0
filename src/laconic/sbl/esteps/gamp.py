"""Generalised approximate message passing: marginals of all codes from products with the dictionary alone.

With S = A o A, and for each signal its scales gamma, its noise and a step d in (0, 1] (arXiv:1601.06207):

    t_p = S t_x                 p = A x - t_p s               what the codes say of each measurement
    t_s <- 1 / (t_p + noise)    s <- (y - p) / (t_p + noise)  what each measurement says back, 0 where it is missing
    q = S^T t_s                 b = q x' + A^T s              precision and pull of each code
    x, t_x = moments of N^R(v b, v),  v = gamma / (1 + gamma q)

Each arrow goes a share d of the way, and so does x', which follows x (arXiv:1412.2005). In terms of q and b, instead
of t_r = 1 / q and r = b / q, an empty column and a scale of 0 need no care.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from laconic.core.arrays import Array, array_namespace, to_numpy, zeros_like_shape
from laconic.core.loop import BatchRecord, Rows, iterate
from laconic.sbl.conditioning import System, conditioned
from laconic.sbl.esteps.base import EStep
from laconic.sbl.esteps.lmmse import Lmmse
from laconic.sbl.moments import mean_and_variance
from laconic.sbl.records import Moments, Problem

_SHORTEST, _SHORTER, _LONGER = 0.01, 0.5, 1.1
"""The smallest step; what a step is multiplied by when a signal does not calm down, and when it does."""

_MEMORY = 3
"""Iterations that are looked back on to tell one from the other."""

_TOO_MUCH = 1.5
"""A signal whose residual has more than this times its energy is not explained but blown up."""


@dataclass(frozen=True)
class Gamp(EStep):
    """Sum-product generalised approximate message passing, damped for each signal on its own.

    Attributes
    ----------
    tol : float
        Settled when the mean of a signal moves by at most this share of its length.
    max_inner : int
        Iterations in one E-step; the next one goes on from there.
    step : float in (0, 1]
        The longest step.
    fallback : EStep
        What serves a signal from then on when its iterations blow up.

    Notes
    -----
    It runs on rotated data where the dictionary is a plain array and no entry is missing, else after mean removal where
    the dictionary's mean is not small (`laconic.sbl.conditioning`). The step of a signal is halved when x moves, for
    its step, by more than in each of the last three iterations, and lengthened when it does not.

    References
    ----------
    M. Al-Shoukairi, P. Schniter, B. Rao, "A GAMP-based low complexity sparse Bayesian learning algorithm",
    arXiv:1703.03044; J. Vila, P. Schniter, S. Rangan, F. Krzakala, L. Zdeborova, "Adaptive damping and mean removal
    for the generalized approximate message passing algorithm", arXiv:1412.2005.
    """

    tol: float = 1e-4
    max_inner: int = 30
    step: float = 1.0
    fallback: EStep = field(default_factory=Lmmse)

    name: ClassVar[str] = "gamp"
    summary: ClassVar[str] = "message passing: fast, and needs products with the dictionary alone"
    relaxation: ClassVar[float] = 1.0
    needs: ClassVar[Literal["dense", "products"]] = "products"

    def moments(self, problem: Problem, gamma: Array, noise: Array, last: Moments | None) -> Moments:
        xp, k = array_namespace(gamma), problem.y.shape[0]
        gamma, noise = xp.broadcast_to(gamma, (k, gamma.shape[1])), xp.broadcast_to(noise, (k,))
        messages = _silence(problem, gamma, self.step) if last is None else _going_on(last.carry, problem)
        passing = _Passing.of(problem, gamma, noise, messages)
        with np.errstate(all="ignore"):
            run = iterate(self._iteration, passing, change=_change, tol=self.tol, max_iter=self.max_inner)
        return self._rescued(problem, gamma, noise, run.state)

    def bytes_per_signal(self, n: int, m: int, itemsize: int) -> int:
        return itemsize * 40 * (n + m)

    def _iteration(self, at: "_Passing") -> "_Passing":
        """Pass all messages once; a signal for which they overflow stays where it was and goes more slowly."""
        unrest = at.moved / at.messages.step[:, 0]
        uneasy = unrest > array_namespace(unrest).max(at.history, axis=1)
        messages = _towards(at.messages, _measured(at), _next_step(at.messages.step, uneasy, self.step))
        return _kept_finite(at, _inferred(replace(at, history=_shifted(at.history, unrest), messages=messages)))

    def _rescued(self, problem: Problem, gamma: Array, noise: Array, at: "_Passing") -> Moments:
        """Return what was found, or what the fallback finds for signals that are lost."""
        found, lost = at.result(), at.messages.fell_back | _blown_up(problem, at)
        if not lost.any():
            return found
        rows = np.flatnonzero(lost)
        some = replace(at, gamma=gamma, noise=noise).take(rows)
        other = self.fallback.moments(problem.take(rows), some.gamma, some.noise, None)
        carry = replace(_silence(problem.take(rows), some.gamma, self.step, at.messages.system), fell_back=lost[rows])
        location, spread = (other.mean, other.variance) if other.location is None else (other.location, other.spread)
        return found.put(rows, Moments(other.mean, other.variance, location, spread, None, carry))


@dataclass(frozen=True)
class Messages(BatchRecord):
    """What is kept between iterations, of N measurements and M codes (those of the system among them).

    Attributes
    ----------
    codes, variance, average : array of shape (k, M)
        x, t_x and x'.
    score, weight : array of shape (k, N)
        s and t_s.
    step : array of shape (k, 1)
        d.
    fell_back : array of bool, shape (k,)
        Whether the signal is served by the fallback.
    system : System
        What the messages are passed on.
    """

    codes: Array
    variance: Array
    average: Array
    score: Array
    weight: Array
    step: Array
    fell_back: Rows
    system: System


@dataclass(frozen=True)
class _Passing(BatchRecord):
    """Signals on their way: `y`, `there` and `noise` of shape (k, N), `gamma`, `location` and `spread` (k, m).

    `moved` is the share of its length that x moved by, `history` the same of earlier iterations for a step of 1.
    """

    y: Array
    there: Array
    noise: Array
    gamma: Array
    messages: Messages
    history: Array
    moved: Array
    location: Array
    spread: Array

    @classmethod
    def of(cls, problem: Problem, gamma: Array, noise: Array, messages: Messages) -> "_Passing":
        xp, system = array_namespace(gamma), messages.system
        there = xp.ones_like(problem.y) if problem.mask is None else problem.mask
        tiny = float(xp.finfo(gamma.dtype).smallest_normal)
        noise = system.padded(xp.zeros_like(problem.y) + noise[:, None], tiny)
        history = zeros_like_shape((gamma.shape[0], _MEMORY), gamma) + float("inf")
        y, there = system.data(problem.y), system.padded(there, 1.0)
        return cls(y, there, noise, gamma, messages, history, history[:, 0], gamma, gamma)

    def result(self) -> Moments:
        m = self.gamma.shape[1]
        mean, variance = self.messages.codes[:, :m], self.messages.variance[:, :m]
        return Moments(mean, variance, self.location, self.spread, None, self.messages)


def _silence(problem: Problem, gamma: Array, step: float, system: System | None = None) -> Messages:
    """Return the messages before any was passed."""
    system = conditioned(problem.dictionary, problem.mask is not None) if system is None else system
    k = gamma.shape[0]
    codes = zeros_like_shape((k, gamma.shape[1] + system.extra), gamma)
    score = zeros_like_shape((k, problem.y.shape[1] + system.extra), gamma)
    steps = zeros_like_shape((k, 1), gamma) + step
    return Messages(codes, system.padded(gamma, 1.0), codes, score, score, steps, np.zeros(k, dtype=bool), system)


def _going_on(messages: Messages, problem: Problem) -> Messages:
    """Return the messages of the E-step before."""
    masked = problem.mask is not None
    if messages.system.serves(problem.dictionary, masked):
        return messages
    return replace(messages, system=conditioned(problem.dictionary, masked))


# One iteration ----------------------------------------------------------------------------------------------------


def _measured(at: _Passing) -> tuple[Array, Array]:
    """Return where s and t_s are going."""
    xp, now, system = array_namespace(at.y), at.messages, at.messages.system
    variance = system.squares.matmul(now.variance.T).T
    guess = system.dictionary.matmul(now.codes.T).T - variance * now.score
    total = xp.clip(variance, 0) + at.noise
    return at.there * (at.y - guess) / total, at.there / total


def _next_step(step: Array, uneasy: Array, longest: float) -> Array:
    xp = array_namespace(step)
    return xp.clip(xp.where(uneasy[:, None], _SHORTER * step, _LONGER * step), _SHORTEST, longest)


def _towards(now: Messages, there: tuple[Array, Array], step: Array) -> Messages:
    """Go a share of the way; to the very first t_s all of it."""
    (score, weight), xp = there, array_namespace(step)
    first = xp.all(now.weight == 0, axis=1, keepdims=True)
    return replace(
        now,
        score=now.score + step * (score - now.score),
        weight=xp.where(first, weight, now.weight + step * (weight - now.weight)),
        average=now.average + step * (now.codes - now.average),
        step=step,
    )


def _inferred(at: _Passing) -> _Passing:
    """Return the codes that the measurements speak for: N^R for those with a scale, N(b / q, 1 / q) for the extra."""
    xp, now, system, m = array_namespace(at.y), at.messages, at.messages.system, at.gamma.shape[1]
    precision = system.squares.rmatmul(now.weight.T).T
    pull = precision * now.average + system.dictionary.rmatmul(now.score.T).T
    spread = at.gamma / (1 + at.gamma * precision[:, :m])
    location = spread * pull[:, :m]
    codes, variance = mean_and_variance(location, spread)
    if system.extra:
        codes = xp.concat([codes, pull[:, m:] / precision[:, m:]], axis=1)
        variance = xp.concat([variance, 1 / precision[:, m:]], axis=1)
    moved = _length(codes - now.codes) / _length(codes)
    moved = xp.where(_length(codes) > 0, moved, xp.zeros_like(moved))
    messages = replace(now, codes=codes, variance=variance)
    return replace(at, messages=messages, moved=moved, location=location, spread=spread)


def _kept_finite(before: _Passing, after: _Passing) -> _Passing:
    """Take the step back for signals that it made infinite, and shorten the next one."""
    xp, now = array_namespace(after.y), after.messages
    total = xp.sum(now.codes, axis=1) + xp.sum(now.variance, axis=1) + xp.sum(now.score, axis=1)
    wrong = np.flatnonzero(~to_numpy(xp.isfinite(total)))
    if not len(wrong):
        return after
    old = before.take(wrong)
    slower = xp.clip(old.messages.step * _SHORTER, _SHORTEST)
    old = replace(old, messages=replace(old.messages, step=slower), moved=xp.zeros_like(old.moved) + float("inf"))
    return after.put(wrong, old)


def _change(before: _Passing, after: _Passing) -> Rows:
    """How far the codes moved; signals that fell back are settled."""
    return np.where(after.messages.fell_back, 0.0, to_numpy(after.moved))


def _blown_up(problem: Problem, at: _Passing) -> Rows:
    """Tell which signals the codes found do not explain at all."""
    xp, codes = array_namespace(at.y), at.messages.codes[:, : at.gamma.shape[1]]
    residual = problem.y - problem.dictionary.matmul(codes.T).T
    residual = residual if problem.mask is None else residual * problem.mask
    fine = (_length(residual) ** 2 <= _TOO_MUCH * _length(problem.y) ** 2) & xp.isfinite(at.moved)
    return np.asarray(~to_numpy(fine))


def _shifted(history: Array, newest: Array) -> Array:
    return array_namespace(history).concat([history[:, 1:], newest[:, None]], axis=1)


def _length(rows: Array) -> Array:
    xp = array_namespace(rows)
    return xp.sqrt(xp.sum(rows**2, axis=1))
