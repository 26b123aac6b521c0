"""Sparse non-negative matrix factorisation of blocks, wherever they are (arXiv:1604.02181)."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from laconic.core.arrays import array_namespace
from laconic.core.blocks import Pool, Survey
from laconic.core.checks import DataError
from laconic.core.loop import iterate
from laconic.core.result import Status
from laconic.core.threads import threads_of_our_own
from laconic.factorize.calibration import Calibration, calibrated
from laconic.factorize.finish import dictionary_gap, with_unit_rows
from laconic.factorize.iteration import Progress, begun, iteration, restarted
from laconic.factorize.plan import Plan, planned
from laconic.factorize.result import NMFResult, Tick
from laconic.factorize.settings import Settings
from laconic.factorize.starts import start
from laconic.factorize.steps import Encode, Look, Weigh

ROUNDING = 64
"""Roundings of the sum of squares of the data that the objective, a difference of sums, may be off by."""

LARGEST = {"float64": 1e140, "float32": 1e35}
"""What the largest entry of the data may be: its square, times the size of the data, is a number, as its inverse is."""


@dataclass
class Fit:
    """A fit on its way: all there is besides the codes, which are with their blocks.

    Attributes
    ----------
    stage, in_stage : int
        Number of the stage, and iterations of it that are done.
    progress : Progress
    calibration : Calibration or None
        Once it is known.
    trace : list of float
    stages : list of int
        Iterations of the stages that have ended.
    """

    progress: Progress
    stage: int = 0
    in_stage: int = 0
    calibration: Calibration | None = None
    trace: list[float] = field(default_factory=list)
    stages: list[int] = field(default_factory=list)
    settled: bool = False


Watcher = Callable[[Fit, Tick], None]


def surveyed(owner: str, pool: Pool) -> Survey:
    """Return the size of the data.

    Raises
    ------
    DataError
        If an entry is negative, infinite, or so large or small that its square is not a number, or none is there.
    """
    survey: Survey = pool.run(Look())
    if not np.isfinite(survey.largest):
        raise DataError(f"{owner}: X must be finite (NaN marks a missing entry), got an infinite entry")
    if survey.smallest < 0:
        raise DataError(f"{owner}: X must be at least 0 everywhere. Negative values in data: {survey.smallest:g}")
    limit = LARGEST[str(pool.dtype).rsplit(".", 1)[-1]]
    if survey.largest > limit or 0 < survey.largest < 1 / limit:
        allowed = f"with a largest entry between {1 / limit:g} and {limit:g}, or be zero"
        raise DataError(f"{owner}: X must be of a size whose squares are numbers, {allowed}, got {survey.largest:g}")
    if not survey.entries > 0:
        raise DataError(f"{owner}: X must have an entry that is not missing and a sample whose weight is not zero")
    return survey


@threads_of_our_own()
def factorize(
    pool: Pool,
    survey: Survey,
    settings: Settings,
    generator: np.random.Generator,
    *,
    fit: Fit | None = None,
    calibration: Calibration | None = None,
    watch: Watcher | None = None,
) -> NMFResult:
    """Minimise |X - C D|^2 - 2 noise (sum ln p(C) + sum ln q(D)) over C, D >= 0; the codes C stay with their blocks.

    Parameters
    ----------
    pool : Pool
        Samples X of shape (n, p).
    survey : Survey
        Of them, by `surveyed`.
    settings : Settings
    generator : numpy.random.Generator
        For the start.
    fit : Fit, optional
        Where to go on, with the codes put back already; by default a new one is begun.
    calibration : Calibration, optional
        Noise and units to use rather than to find.
    watch : callable, optional
        Called after each iteration with the fit and a `Tick`.
    """
    if fit is None:
        pool.restore(None)
        fit = Fit(begun(start(pool, settings.init, settings.n_components, survey.unit, generator)))
    plan = plan_of(settings, fit)
    while fit.stage < plan.n_stages:
        if plan.calibrates(fit.stage) and fit.calibration is None:
            _calibrate(pool, survey, settings, fit, calibration)
        _run(pool, survey, plan, fit, watch)
    result = _finished(pool, survey, plan, fit)
    while _too_early(result, settings):
        plan, fit.stage = plan_of(settings, fit), plan.n_stages - 1
        _run(pool, survey, plan, fit, watch)
        result = _finished(pool, survey, plan, fit)
    return result


def plan_of(settings: Settings, fit: Fit) -> Plan:
    """Return the plan for what is left of a fit: tol is halved for each time that it has ended too early."""
    plan = planned(settings)
    again = max(0, len(fit.stages) + 1 - plan.n_stages)
    return replace(plan, settings=replace(settings, tol=settings.tol / 2**again))


def _too_early(result: NMFResult, settings: Settings) -> bool:
    """Whether a fit has ended by the steps of its last iteration, but not by all that are left."""
    by_steps = settings.criterion == "kkt" and result.status == "converged"
    return by_steps and result.gap > max(settings.tol, ENOUGH) and result.n_iter < settings.max_iter


def _run(pool: Pool, survey: Survey, plan: Plan, fit: Fit, watch: Watcher | None) -> None:
    """Go through what is left of a stage."""
    settings, done = plan.settings, sum(fit.stages)
    stage = plan.stage(fit.stage, fit.calibration, done)
    before = fit.in_stage
    if before == 0:
        fit.progress = restarted(fit.progress)

    def seen(count: int, progress: Progress) -> None:
        fit.progress, fit.in_stage = progress, before + count
        fit.trace.append(float(progress.objective[0]) * survey.unit**2)
        if watch is not None:
            watch(fit, _tick(plan, fit, done, survey))

    criterion = settings.criterion if fit.stage == plan.n_stages - 1 else "objective"
    step = iteration(pool, survey, stage, criterion, _rounding(fit.progress, survey))
    limit = max(1, stage.limit - before)
    run = iterate(step, fit.progress, change=_change, tol=stage.tol, max_iter=limit, on_iteration=seen)
    fit.stages.append(before + int(run.n_iter[0]))
    fit.progress, fit.settled, fit.stage, fit.in_stage = run.state, bool(run.settled[0]), fit.stage + 1, 0


def _change(_: Progress, progress: Progress) -> Any:
    return progress.change


def _rounding(progress: Progress, survey: Survey) -> float:
    rows = progress.best.rows
    return ROUNDING * float(array_namespace(rows).finfo(rows.dtype).eps) * survey.energy_in_units


def _tick(plan: Plan, fit: Fit, done: int, survey: Survey) -> Tick:
    names = "plain", "annealing", "final"
    kind = 2 if fit.stage == plan.n_stages - 1 else 0 if fit.stage < 2 else 1
    energy = survey.energy_in_units or 1.0
    value, change = float(fit.progress.objective[0]) / energy, float(fit.progress.change[0])
    return Tick(done + fit.in_stage, plan.settings.max_iter, value, change, names[kind])


def _calibrate(pool: Pool, survey: Survey, settings: Settings, fit: Fit, given: Calibration | None) -> None:
    """Bring the plain factorisation to rows of length one, and learn noise and units from it."""
    rows = with_unit_rows(pool, fit.progress.best.rows)
    total = pool.run(Encode(rows, survey.unit, settings.solver))
    fit.calibration = given or calibrated(settings, survey, total, rows)
    fit.progress = begun(rows)


_WORDS: dict[Status, str] = {
    "converged": "steps, or the fall of the objective, came below tol",
    "stalled": "no step made anything better",
    "max_iter": "the number of iterations was used up",
}


def _finished(pool: Pool, survey: Survey, plan: Plan, fit: Fit) -> NMFResult:
    """Find the codes of the last dictionary with patience, and say how far from stationary the pair is."""
    settings, calibration = plan.settings, fit.calibration
    last = plan.stage(plan.n_stages - 1, calibration, settings.max_iter)
    rows = fit.progress.best.rows
    if not last.atoms.unit_length and last.atoms.penalty.is_flat:
        rows = with_unit_rows(pool, rows)
    # Patience goes into sweeps, or, where entries are missing, into making these up.
    solver = settings.solver if survey.lost else settings.solver.patient()
    pool.run(Encode(rows, survey.unit, solver, last.codes, rounds=ROUNDS))
    audit = pool.run(Weigh(rows, survey.unit, last.codes))
    total = audit.statistics
    status: Status = "converged" if fit.settled else "max_iter"
    penalties = total.penalty + last.atoms.cost(rows)
    return NMFResult(
        x=rows,
        gap=max(total.change, dictionary_gap(total, rows, last.atoms)),
        status=status,
        message=_WORDS[status],
        n_iter=sum(fit.stages),
        trace=np.array(fit.trace),
        objective=(audit.errors + penalties) * survey.unit**2,
        error=audit.errors * survey.unit**2,
        relative_error=float(np.sqrt(audit.errors / survey.energy_in_units)) if survey.energy_in_units else 0.0,
        calibration=calibration,
        noise=None if calibration is None else calibration.noise * survey.unit**2,
        unit=survey.unit,
        density=total.used / (survey.weight * rows.shape[0]),
        penalty=last.codes,
        stages=tuple(fit.stages),
        statistics=total,
    )


ENOUGH = 1e-6
"""Gap that rounding may not let a fit come below."""

ROUNDS = 20
"""How often missing entries are made up again for the last codes."""
