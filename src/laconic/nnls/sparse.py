"""Sparse non-negative least squares: codes under a rectified scale mixture whose scales are integrated out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.checks import ParameterError, check_choice, check_interval, check_positive_int
from laconic.core.loop import iterate
from laconic.core.result import Status
from laconic.nnls.arguments import as_start, like, moved
from laconic.nnls.descent import descent_step
from laconic.nnls.factor import Floats
from laconic.nnls.gram import first_room
from laconic.nnls.multiplicative import GRAM_LIMIT, multiplicative_step, split_signs
from laconic.nnls.objective import Codes, residual, slope, stationarity, value
from laconic.nnls.result import SparseNNLSResult
from laconic.nnls.reweighted import reweighted_step
from laconic.nnls.scaling import unit_columns
from laconic.nnls.solver import nnls
from laconic.nnls.units import PART, Fit, coefficient_unit, fit_of, given_noise, least_noise, noise_by_turns, noise_from
from laconic.priors import Prior, as_prior
from laconic.structured.dictionary import DenseDictionary, Dictionary, as_dictionary
from laconic.structured.signals import Signals, as_signals


@dataclass(frozen=True)
class Effort:
    """What a solver gets where nothing is said: iterations, and annealing in how many stages of at most how many.

    Stages go from the flattest prior, in units of the typical coefficient, to the one asked for, and take at most half
    the iterations.
    """

    max_iter: int
    stages: int
    longest: int


SOLVERS = {
    "active_set": Effort(500, 15, 2),
    "coordinate": Effort(1000, 30, 1000),
    "multiplicative": Effort(5000, 30, 5000),
}
"""Two iterations a stage do for the active set: with 30 stages of 5, or 15 of 1, a Student-t prior had errors of 9.0e-3
and 1.2e-2 (100 x 400, 30 non-zero, 20 dB), and 9.1e-3 with 15 of 2, in a third of the time of the first."""

FEW = 1000
"""Columns up to which the active set is taken in any case; with 2000, nearly orthogonal, a Student-t prior keeps so
many of them inside at first that it took 12 times as long as coordinate descent for the same answers."""

QUIET = 7e-3
"""Noise, as a share of a signal's mean square, below which sweeps end in worse minima. With 100 x 400 and 30 non-zero
the error was 1.4e-3 by the active set and 4.7e-2 by coordinates at 26 dB, and 3.7e-3 by both at 23 dB."""

STALLED = 1e3
"""An answer whose gap is more than this times tol when steps have become small has stalled."""

QUICK, QUICK_TOL = 200, 1e-4
"""Iterations and tolerance of the fits that only the noise is judged by."""

PLAIN_STEPS = 200
"""Steps of the plain fit to a dictionary that is known by products only."""


def sparse_nnls(
    A: Any,
    Y: Any,
    *,
    prior: str | Prior = "student_t",
    noise: Any = None,
    snr: float | None = None,
    solver: str = "auto",
    anneal: bool = True,
    scale: str | float = "auto",
    max_iter: int | None = None,
    tol: float = 1e-6,
    x0: Any = None,
) -> SparseNNLSResult:
    """Minimise |y - A x|^2 - 2 noise sum_i ln p(x_i) over x >= 0 for every column y of Y.

    The prior p is a rectified power exponential scale mixture with its scales integrated out (type I learning,
    arXiv:1604.02181, which writes W for A, H for x and lambda for 2 noise). "multiplicative" is the paper's update,
    the reference. Two more minimise the same objective, faster by far: "active_set" puts lines or parabolas above the
    penalty and solves what that leaves exactly, "coordinate" minimises over one coordinate after the other, exactly.
    None ever raises the objective under a fixed prior. The concave penalties have many local minima: with `anneal`
    the prior starts out flat and sharpens over the first iterations.

    A Student-t prior is smooth at zero and leaves no exact zeros: coefficients that mean nothing sit in its peak, at
    about 1e-4 of the others. Which ones are out of it is told by `support`; the other concave priors give zeros.

    Parameters
    ----------
    A : array, sparse matrix, LinearOperator or StructuredMatrix of shape (n, m)
        The dictionary. "multiplicative" needs products only, and the signs of the entries.
    Y : array of shape (n,) or (n, k)
        Signals, one a column; NaN marks a missing entry.
    prior : {"student_t", "gdp", "laplacian", "power_exponential", "flat"} or Prior
    noise : float, array of shape (k,) or "auto", optional
        Variance of the noise in each entry of y. With "auto", or without it and `snr`, it is found from the residual
        of plain non-negative least squares and the degrees of freedom that this leaves, |y - A x|^2 / (n - p), or,
        where that leaves hardly any, from that of sparse fits in turn. It counts as at least 1e-10 of the mean square
        of a signal (1e-6 in float32), so that there is a prior for noiseless signals, too.
    snr : float, optional
        Signal-to-noise ratio in decibels, instead of `noise`.
    solver : {"auto", "active_set", "coordinate", "multiplicative"}
        "auto" is "active_set"; "coordinate" where there are more than 1000 columns that hardly resemble each other, or
        more than 5792, and noise; "multiplicative" for a dictionary that takes more than 1 GiB as an array. Columns
        that resemble each other, such as spectra, and signals with little noise (26 dB and more) need
        "active_set": sweeps come forward too slowly there, or end in worse minima.
    anneal : bool, default True
    scale : "auto" or float
        Unit in which the prior measures coefficients. "auto": columns count as of length 1, and a tenth of the
        typical coefficient of a plain fit to the signal is the unit, so that the answer follows when signals or
        columns are rescaled. A number is the unit for the coefficients as they are.
    max_iter : int, optional
        Convex problems solved (500), sweeps over all coordinates (1000) or multiplicative updates (5000).
    tol : float, default 1e-6
        Longest step, relative to the length of the signal (to the largest code for "multiplicative"), that counts as
        none; the status is "stalled" if the gap is above 1000 tol then.
    x0 : array of shape (m,) or (m, k), optional
        Start; by default the plain fit for "active_set", zero for "coordinate" and all alike for "multiplicative".

    Returns
    -------
    SparseNNLSResult
        `x` of shape (m,) or (m, k), of A's library and type. `gap` is that of `nnls` with the slope of the penalty in
        the gradient: 0 at a stationary point. `trace` holds the objective after each iteration under the prior of
        that iteration: it falls within each stage of the annealing, and at the end.

    Raises
    ------
    ParameterError
        If a parameter is outside its limits, or "multiplicative" cannot know the signs of A.
    DataError
        If A, Y, x0 or noise has the wrong shape or type or values.

    Examples
    --------
    >>> import numpy as np
    >>> sparse_nnls(np.eye(3), np.array([2.0, 0.1, -1.0]), noise=0.01).x.round(2)
    array([1.99, 0.  , 0.  ])
    """
    check_choice("sparse_nnls", "solver", solver, ("auto", *SOLVERS))
    tol = check_interval("sparse_nnls", "tol", tol, 0.0, 1.0)
    given = None if max_iter is None else check_positive_int("sparse_nnls", "max_iter", max_iter)
    if not isinstance(anneal, bool):
        raise ParameterError("sparse_nnls", "anneal", "True or False", anneal)
    prior = as_prior("sparse_nnls", prior, "type I")
    dictionary = as_dictionary("sparse_nnls", A)
    signals = as_signals("sparse_nnls", Y, dictionary)
    start = as_start("sparse_nnls", x0, dictionary, signals.y.shape[0])
    found = given_noise("sparse_nnls", noise, snr, signals)
    task = _task(dictionary, signals, prior, found, scale, start)
    solver = _chosen(dictionary, task) if solver == "auto" else solver
    schedule = _schedule(prior, anneal, given, SOLVERS[solver])
    return _result(dictionary, signals, task, _run(task, schedule, solver, tol), solver, tol)


@dataclass(frozen=True)
class Task:
    """The problem in the units of its prior.

    Attributes
    ----------
    dictionary : Dictionary
        With the columns that the prior sees.
    lengths : array of shape (m,)
        What its columns were divided by.
    unit, noise : array of shape (k,)
    codes : Codes
        Where to start, zero if nothing was given.
    started : bool
    """

    dictionary: Dictionary
    lengths: Array
    unit: Floats
    noise: Floats
    codes: Codes
    started: bool


def _task(
    dictionary: Dictionary, signals: Signals, prior: Prior, noise: Floats | None, scale: Any, start: Floats | None
) -> Task:
    xp = array_namespace(signals.y)
    if scale != "auto":
        unit = np.full(signals.y.shape[0], check_interval("sparse_nnls", "scale", scale, 0.0, np.inf, closed="neither"))
        lengths = xp.ones(dictionary.shape[1], dtype=dictionary.dtype, device=device(signals.y))
    else:
        dictionary, lengths = unit_columns(dictionary)
    if noise is None or scale == "auto":
        fit = _plain_fit(dictionary, signals)
        noise = _found_noise(dictionary, signals, fit) if noise is None else noise
        unit = coefficient_unit(fit) if scale == "auto" else unit
    shrink = like(dictionary, 1 / unit)[:, None]
    h = xp.zeros((unit.shape[0], dictionary.shape[1]), dtype=dictionary.dtype, device=device(signals.y))
    h = h if start is None else like(dictionary, start) * lengths * shrink
    noise = np.maximum(noise, least_noise(signals))
    y, strength = signals.y * shrink, like(dictionary, 2 * noise / unit**2)[:, None]
    codes = Codes(h, y, signals.mask, strength, residual(dictionary, h, y, signals.mask), xp.zeros_like(shrink[:, 0]))
    return Task(dictionary, lengths, unit, noise, codes, start is not None)


def _found_noise(dictionary: Dictionary, signals: Signals, fit: Fit) -> Floats:
    noise, rows = noise_from(fit, signals)
    if rows.shape[0]:
        some = signals.take(rows)

        def refit(variance: Floats) -> tuple[Fit, Floats]:
            found = sparse_nnls(dictionary, _columns(some), noise=variance, max_iter=QUICK, tol=QUICK_TOL)
            counting = np.count_nonzero(to_numpy(found.x) > found.unit, axis=0)
            return fit_of(dictionary, some, found.x.T), counting.astype(np.float64)

        noise[rows] = noise_by_turns(refit, some)
    return noise


def _columns(signals: Signals) -> Array:
    """Return the signals as a caller would give them."""
    xp = array_namespace(signals.y)
    nan = xp.full_like(signals.y, float("nan"))
    return (signals.y if signals.mask is None else xp.where(signals.mask > 0, signals.y, nan)).T


def _plain_fit(dictionary: Dictionary, signals: Signals) -> Fit:
    plain = nnls(dictionary, _columns(signals), max_iter=None if dictionary.fits() else PLAIN_STEPS)
    return fit_of(dictionary, signals, plain.x.T)


def _chosen(dictionary: Dictionary, task: Task) -> str:
    """Return the solver for "auto"."""
    n, m = dictionary.shape
    if not dictionary.fits():
        return "multiplicative"
    if m <= FEW:
        return "active_set"
    some = to_numpy(task.dictionary.dense("sparse_nnls")[:, :: 1 + m // FEW]).astype(np.float64)
    energy = to_numpy(task.codes.y**2).sum(axis=1) * task.unit**2
    quiet = bool(np.any(task.noise * n < QUIET * energy))
    return "active_set" if m**2 <= GRAM_LIMIT and (quiet or first_room(some.T @ some) == 1) else "coordinate"


Stage = tuple[Prior, int]
"""A prior and the iterations it gets."""


def _schedule(prior: Prior, anneal: bool, max_iter: int | None, effort: Effort) -> list[Stage]:
    limit, n = max_iter or effort.max_iter, effort.stages
    each = min(limit // (2 * n), effort.longest)
    if not (anneal and prior.concave) or each == 0:
        return [(prior, limit)]
    stages = [(prior.annealed(i / n).rescaled(PART ** (i / n - 1)), each) for i in range(n)]
    return [*stages, (prior, limit - n * each)]


@dataclass(frozen=True)
class Path:
    """Where a run over all stages ended: the last run, iterations of all stages, and their traces."""

    codes: Codes
    n_iter: Any
    settled: bool
    trace: Floats
    prior: Prior


Maker = Callable[[Prior], Callable[[Codes], Codes]]


def _run(task: Task, schedule: list[Stage], solver: str, tol: float) -> Path:
    codes, make, constant = _multiplicative(task) if solver == "multiplicative" else _on_array(task, solver)
    n_iter, run = np.zeros(codes.size, dtype=np.int64), None
    traces: list[Any] = []
    for prior, limit in schedule:
        codes = codes if run is None else run.state
        run = iterate(make(prior), codes, change=_change, tol=tol, max_iter=limit, objective=_objective(prior))
        n_iter, traces = n_iter + run.n_iter, [*traces, run.trace]
    assert run is not None
    trace = (np.concatenate(traces) + constant) * task.unit**2
    return Path(run.state, n_iter, bool(run.settled.all()), trace, prior)


def _change(_: Codes, codes: Codes) -> Any:
    return to_numpy(codes.change)


def _objective(prior: Prior) -> Callable[[Codes], Any]:
    return lambda codes: value(codes, prior)


def _on_array(task: Task, solver: str) -> tuple[Codes, Maker, Floats]:
    """Return the start in float64 on the CPU, the steps of "coordinate" or "active_set", and what the objective lacks.

    More rows than columns are turned into as many by an orthogonal factor, unless some are missing.
    """
    matrix = to_numpy(task.dictionary.dense("sparse_nnls")).astype(np.float64)
    start = task.codes
    values = [None if a is None else to_numpy(a).astype(np.float64) for a in vars(start).values()]
    codes, constant = Codes(*values), np.zeros(start.size)
    if codes.mask is None and matrix.shape[0] > matrix.shape[1]:
        orthogonal, matrix = np.linalg.qr(matrix)
        y = codes.y @ orthogonal
        constant = np.maximum(np.sum(codes.y**2, axis=1) - np.sum(y**2, axis=1), 0.0)
        codes = replace(codes, y=y, left=y - codes.h @ matrix.T)
    columns = np.ascontiguousarray(matrix.T)
    squares = np.sum(columns**2, axis=1)[None]
    if solver == "coordinate":
        return codes, lambda prior: descent_step(columns, squares, prior), constant
    if not task.started:
        h = np.asarray(nnls(matrix, _columns(Signals(codes.y, codes.mask, False))).x.T)
        codes = replace(codes, h=h, left=residual(DenseDictionary(matrix), h, codes.y, codes.mask))
    gram = columns @ columns.T
    return codes, lambda prior: reweighted_step(columns, squares, gram, prior), constant


def _multiplicative(task: Task) -> tuple[Codes, Maker, Floats]:
    """Return a start above zero, the steps, and zero: the objective lacks nothing."""
    codes, dictionary = task.codes, task.dictionary
    split = split_signs("sparse_nnls", dictionary, codes)
    if not task.started:
        xp = array_namespace(codes.h)
        size = xp.max(xp.abs(dictionary.rmatmul(codes.y.T)), axis=0)[:, None] / dictionary.shape[1] ** 0.5
        h = xp.zeros_like(codes.h) + xp.where(size > 0, size, xp.ones_like(size))
        codes = replace(codes, h=h, left=residual(dictionary, h, codes.y, codes.mask))
    return codes, lambda prior: multiplicative_step(dictionary, split, prior), np.zeros(codes.size)


_WORDS: dict[Status, str] = {
    "converged": "steps fell below tol",
    "stalled": "steps fell below tol far from a stationary point, as the gap tells",
    "max_iter": "the number of iterations was used up",
}


def _result(
    dictionary: Dictionary, signals: Signals, task: Task, path: Path, solver: str, tol: float
) -> SparseNNLSResult:
    h = like(task.dictionary, to_numpy(path.codes.h))
    codes = replace(task.codes, h=h, left=residual(task.dictionary, h, task.codes.y, task.codes.mask))
    lengths = array_namespace(h).sqrt(task.dictionary.squared_norms())
    gap = stationarity(task.dictionary, codes, path.prior, lengths)
    x = h * like(task.dictionary, task.unit)[:, None] / task.lengths
    status: Status = "max_iter" if not path.settled else "converged" if np.all(gap <= STALLED * tol) else "stalled"
    return SparseNNLSResult(
        x=signals.columns(x),
        gap=signals.numbers(gap),
        status=status,
        message=f'{_WORDS[status]}; solver "{solver}"' + (moved(dictionary) if solver != "multiplicative" else ""),
        n_iter=signals.numbers(path.n_iter),
        trace=path.trace[:, 0] if signals.single else path.trace,
        objective=signals.numbers(value(codes, path.prior) * task.unit**2),
        noise=signals.numbers(task.noise),
        unit=signals.numbers(task.unit),
        prior=path.prior,
        support=signals.columns(_support(h, lengths, path.prior, tol)),
    )


def _support(h: Array, lengths: Array, prior: Prior, tol: float) -> Array:
    """Return which coefficients are more than nothing and out of the peak of the prior at zero.

    Where a penalty is smooth at zero (z > 1) but not convex, its peak ends where its slope begins to fall.
    """
    xp = array_namespace(h)
    large = h * lengths > tol * xp.max(h * lengths, axis=1)[:, None]
    return large & (slope(1.001 * h, prior) < slope(h, prior)) if prior.concave and prior.z > 1 else large
