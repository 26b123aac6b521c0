"""Rectified sparse Bayesian learning: sparse non-negative codes with error bars."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from laconic.core.arrays import Array, array_namespace, to_numpy
from laconic.core.checks import check_choice, check_interval, check_positive_int
from laconic.core.loop import Rows
from laconic.core.seeds import RandomState
from laconic.core.units import parse_bytes
from laconic.priors import Prior, as_prior
from laconic.sbl.coupling import Coupling, Separate, SharedSupport
from laconic.sbl.em import Learning, Scales, learn, start
from laconic.sbl.esteps import EStep, ExpectationPropagation, as_e_step
from laconic.sbl.mode import posterior_mode
from laconic.sbl.noise import NoiseRule, as_noise_rule
from laconic.sbl.normal import Units, normalised
from laconic.sbl.posterior import shared_bytes
from laconic.sbl.records import Moments, Problem
from laconic.sbl.solution import Part, SBLResult, assembled
from laconic.structured.dictionary import as_dictionary
from laconic.structured.signals import as_signals

LARGEST_BATCH = 256
"""Signals in a batch from which on more would only leave the processor's cache."""

ANSWERS = 12
"""Arrays of the size of the answer that are held at the end: six, and while they are put together, twice."""


def rectified_sbl(
    A: Any,
    y: Any,
    e_step: str | EStep = "diagonal",
    *,
    prior: str | Prior = "flat",
    noise: Any = "auto",
    snr: float | None = None,
    estimate: Literal["mode", "mean"] = "mode",
    marginals: Literal["ep", "e_step"] = "ep",
    shared_support: bool = False,
    prune: float = 0.3,
    relaxation: float | None = None,
    max_iter: int | None = None,
    tol: float = 1e-3,
    memory: str | int = "1GB",
    random_state: RandomState = 0,
    on_batch: Callable[[int, int], None] | None = None,
) -> SBLResult:
    """Find sparse x >= 0 with y = A x + noise, and how sure each coefficient is, by learning a scale for each.

    Each coefficient has the prior N^R(0, gamma_i), a Gaussian cut off at zero. EM learns the scales gamma from the
    signal: most of them go to zero. Thousands of signals are solved in batches (arXiv:1601.06207, R-SBL).

    Parameters
    ----------
    A : array, sparse matrix, LinearOperator or StructuredMatrix of shape (n, m)
        The dictionary. One that is too large for `memory` is only multiplied with, by "gamp" or by conjugate
        gradients.
    y : array of shape (n,) or (n, k)
        Signals. NaN marks a missing entry.
    e_step : {"diagonal", "lmmse", "gamp", "mcmc", "ep"} or EStep, default "diagonal"
        How the moments of the codes are found given the scales. See `laconic.sbl.ESTEPS`.
    prior : {"flat", "laplacian", "student_t", "gdp"} or Prior, default "flat"
        The prior of the scales.
    noise : float, array of shape (k,), "auto" or "cv", default "auto"
        Variance of the noise. "auto" finds it from the residual, "cv" from entries held out.
    snr : float, optional
        Signal-to-noise ratio in decibels, instead of `noise`.
    estimate : {"mode", "mean"}, default "mode"
        Which point of the posterior is `x`: the mode is sparse and the better one under noise, the mean is dense.
    marginals : {"ep", "e_step"}, default "ep"
        Where `mean`, `std` and intervals come from once the scales are learned: expectation propagation, or, faster,
        the E-step itself. A dictionary that is only multiplied with gets the latter.
    shared_support : bool, default False
        Whether all signals use the same columns (multiple measurement vectors); scales and noise are then shared.
    prune : float, default 0.3
        A coefficient is given up when its scale, for a column of length one, falls below this share of the
        noise, or tol^2 of the largest scale.
    relaxation : float in [1, 2), optional
        How far a step of EM goes; 1 is the paper's plain EM. By default up to 1.8, as the E-step allows.
    max_iter : int, optional
        Steps of EM, 500 unless the E-step is slow.
    tol : float, default 1e-3
        EM stops when no sqrt(gamma) changes by more than this share of the largest.
    memory : str or int, default "1GB"
        Bytes to work in; signals are solved in batches that fit.
    random_state : int, Generator, RandomState or None, default 0
        For E-steps that draw at random.
    on_batch : callable, optional
        Called with the number of signals done and of all, after each batch.

    Returns
    -------
    SBLResult

    Raises
    ------
    ParameterError
        If a parameter is outside its limits.
    DataError
        If A or y has the wrong shape or type or holds infinity, or A NaN; or if the E-step needs the dictionary as an
        array and it does not fit into `memory`.

    Examples
    --------
    >>> import numpy as np
    >>> from laconic.sbl import rectified_sbl
    >>> A = np.random.default_rng(0).normal(size=(20, 50))
    >>> x = np.zeros(50)
    >>> x[[3, 30]] = 1.0, 2.0
    >>> result = rectified_sbl(A, A @ x, noise=1e-6)
    >>> np.flatnonzero(result.x > 0.1), result.status
    (array([ 3, 30]), 'converged')
    """
    owner = "rectified_sbl"
    check_choice(owner, "estimate", estimate, ("mode", "mean"))
    check_choice(owner, "marginals", marginals, ("ep", "e_step"))
    check_choice(owner, "shared_support", shared_support, (False, True))
    limit = parse_bytes(memory, owner=owner, parameter="memory")
    dictionary = as_dictionary(owner, A)
    signals = as_signals(owner, y, dictionary)
    rule = as_noise_rule(owner, noise, snr, signals.y.shape[0])
    how = _learning(
        owner, as_e_step(owner, e_step, random_state), prior, shared_support, prune, relaxation, tol, max_iter
    )
    problem, units = normalised(dictionary, signals, together=shared_support, limit=limit / 2)
    parts = []
    for rows in _batches(problem, how, limit):
        parts.append(_solved(problem.take(rows), units.take(rows), how, rule, marginals))
        if on_batch is not None:
            on_batch(int(rows[-1]) + 1, problem.size)
    return assembled(parts, signals, how, estimate)


def _learning(
    owner: str,
    e_step: EStep,
    prior: str | Prior,
    shared_support: bool,
    prune: float,
    relaxation: float | None,
    tol: float,
    max_iter: int | None,
) -> Learning:
    coupling: Coupling = SharedSupport() if shared_support else Separate()
    return Learning(
        e_step,
        as_prior(owner, prior, "type II"),
        coupling,
        check_interval(owner, "prune", prune, 0.0, 1.0),
        e_step.relaxation
        if relaxation is None
        else check_interval(owner, "relaxation", relaxation, 1, 2, closed="left"),
        check_interval(owner, "tol", tol, 0.0, 1.0),
        e_step.iterations if max_iter is None else check_positive_int(owner, "max_iter", max_iter),
    )


def _batches(problem: Problem, how: Learning, limit: int) -> Iterator[Rows]:
    """Yield places of signals, batch by batch; signals that share their scales stay together."""
    n, m = problem.dictionary.shape
    itemsize = int(array_namespace(problem.y).finfo(problem.y.dtype).bits) // 8
    answers = ANSWERS * problem.size * m * itemsize
    room = limit - answers - shared_bytes(n, m, itemsize)
    fits = max(1, min(LARGEST_BATCH, room // how.e_step.bytes_per_signal(n, m, itemsize)))
    size = problem.size if isinstance(how.coupling, SharedSupport) else fits
    for first in range(0, problem.size, size):
        yield np.arange(first, min(first + size, problem.size))


def _solved(problem: Problem, units: Units, how: Learning, rule: NoiseRule, marginals: str) -> Part:
    unit = units.signals[: how.coupling.groups(problem)] ** 2
    noise = rule.find(problem, unit, how)
    run = learn(problem, start(problem, how.coupling, noise, unit), how)
    scales = run.state
    moments = _marginals(problem, scales, how.e_step, marginals)
    location, spread = _rectified(moments)
    k = problem.size
    return Part(
        mode=units.codes(posterior_mode(problem, scales.gamma, scales.noise, moments.mean)),
        mean=units.codes(moments.mean),
        std=units.codes(array_namespace(noise).sqrt(moments.variance)),
        gamma=units.variances(_each(scales.gamma, k)),
        noise=_each(scales.noise * unit, k),
        location=units.codes(location),
        spread=units.variances(spread),
        evidence=_evidence(moments, problem, units),
        gap=_each(run.change, k),
        n_iter=_each(run.n_iter, k),
        settled=_each(run.settled, k),
        fell_back=_fallen(scales.moments, k),
        trace=None if run.trace is None or np.isnan(run.trace).all() else _each(run.trace.T, k),
    )


def _each(values: Array, k: int) -> Array:
    """Return what groups have, one row a signal."""
    return array_namespace(values).broadcast_to(values, (k, *values.shape[1:]))


def _marginals(problem: Problem, scales: Scales, e_step: EStep, marginals: str) -> Moments:
    if marginals == "ep" and problem.dictionary.is_dense:
        return ExpectationPropagation().moments(problem, scales.gamma, scales.noise, None)
    return e_step.moments(problem, scales.gamma, scales.noise, scales.moments)


def _rectified(moments: Moments) -> tuple[Array, Array]:
    """Return the rectified Gaussians of the marginals; where the E-step has none, those of its mean and variance."""
    if moments.location is None or moments.spread is None:
        return moments.mean, moments.variance
    return moments.location, moments.spread


def _evidence(moments: Moments, problem: Problem, units: Units) -> Array:
    """Return the log evidence per user's unit: a density of y changes with the unit of y."""
    xp = array_namespace(problem.y)
    if moments.log_evidence is None:
        return xp.full_like(units.signals, xp.nan)
    there = problem.y.shape[1] if problem.mask is None else xp.sum(problem.mask, axis=1)
    return moments.log_evidence - there * xp.log(units.signals)


def _fallen(moments: Moments | None, k: int) -> Rows:
    fallen = getattr(getattr(moments, "carry", None), "fell_back", None)
    return np.zeros(k, dtype=bool) if fallen is None else np.asarray(to_numpy(fallen), dtype=bool)
