"""One iteration of a factorisation: codes on every block, a sum, the dictionary, and perhaps a step ahead."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.blocks import Pool, Survey
from laconic.core.loop import BatchRecord
from laconic.factorize.dictionaries import Atoms, improved, normalised, objective
from laconic.factorize.penalty import Penalty
from laconic.factorize.solvers import Solver
from laconic.factorize.statistics import Statistics
from laconic.factorize.steps import Encode

FIRST, GROWTH, CEILING_GROWTH, SHRINK = 0.5, 1.05, 1.01, 1.5
"""Momentum to begin with; what it and its ceiling are multiplied by after a success, and divided by after a failure
(Ang and Gillis 2019, of whose schedule these are the middle)."""

SLACK = 1 / 128
"""Share of `rounding` by which an objective may exceed the lowest one: half a rounding of the sum of squares. On five
planted problems in float32, with none, momentum was lost to rounding in one of them under two priors; with twice as
much, or with a limit that drifts, one to five of them went in circles until the iterations were used up."""


@dataclass(frozen=True, eq=False)
class Factor:
    """A dictionary (k, p), hidden from what takes records of problems apart."""

    rows: Array


@dataclass(frozen=True)
class Progress(BatchRecord):
    """Where a factorisation is; codes are with their blocks.

    Attributes
    ----------
    change : array of shape (1,)
        What the stopping rule looks at.
    objective : array of shape (1,)
        After the last accepted iteration.
    best, ahead : Factor
        The dictionary that the objective belongs to, and the one that codes are found for next.
    momentum, ceiling : float
        How far `ahead` is moved on, as a share of the last step, and what that share may grow to.
    limit : float
        An objective above this is not accepted: the lowest one since the last that was thrown away.
    statistics : Statistics or None
        Of the last accepted iteration.
    """

    change: Any
    objective: Any
    best: Factor
    ahead: Factor
    momentum: float
    ceiling: float
    limit: float = np.inf
    statistics: Statistics | None = None


@dataclass(frozen=True)
class Stage:
    """What is minimised during some iterations.

    Attributes
    ----------
    solver : Solver
    codes : Penalty
    atoms : Atoms
    limit : int
        Iterations at most.
    momentum : bool
        Whether the dictionary may be moved on ahead.
    tol : float
        Change at which the stage ends early.
    enough : float
        Objective, as a share of the sum of squares of the data, at which it ends in any case.
    """

    solver: Solver
    codes: Penalty
    atoms: Atoms
    limit: int
    momentum: bool = True
    tol: float = 0.0
    enough: float = 0.0


def begun(dictionary: Array) -> Progress:
    """Return the record before the first iteration."""
    nothing = np.full(1, np.inf)
    return Progress(nothing, nothing, Factor(dictionary), Factor(dictionary), FIRST, 1.0)


def restarted(progress: Progress) -> Progress:
    """Return the record for another objective: nothing is compared with what the last one was."""
    nothing = np.full(1, np.inf)
    return replace(progress, objective=nothing, limit=np.inf, ahead=progress.best, momentum=FIRST, ceiling=1.0)


def iteration(
    pool: Pool, survey: Survey, stage: Stage, criterion: str, rounding: float
) -> Callable[[Progress], Progress]:
    """Return the step of a stage.

    The codes of each block are improved for the dictionary `ahead`; their statistics improve the dictionary. With
    momentum its answer is moved on along its last step. Where that has raised the objective, the answer is thrown away
    and the next iteration starts from the last good one, with less momentum. An objective of at most `rounding` is as
    good as zero, and the end.
    """

    def step(progress: Progress) -> Progress:
        total = pool.run(Encode(progress.ahead.rows, survey.unit, stage.solver, stage.codes))
        found = improved(stage.solver, total, progress.ahead.rows, stage.atoms)
        value = objective(total, survey.energy_in_units, found.dictionary, stage.atoms)
        if value > progress.limit + SLACK * rounding and stage.momentum:
            return _back(progress)
        before = float(progress.objective[0])
        change = max(total.change, found.change) if criterion == "kkt" else _fall(before, value)
        change = 0.0 if value <= max(stage.enough * survey.energy_in_units, rounding) else change
        return _forward(progress, found.dictionary, value, change, total, stage)

    return step


def _fall(before: float, value: float) -> float:
    return abs(before - value) / value if np.isfinite(before) and value > 0 else np.inf


def _back(progress: Progress) -> Progress:
    return replace(
        progress,
        limit=np.inf,
        change=np.full(1, np.inf),
        ahead=progress.best,
        momentum=progress.momentum / SHRINK,
        ceiling=progress.momentum,
    )


def _forward(progress: Progress, rows: Array, value: float, change: float, total: Statistics, stage: Stage) -> Progress:
    momentum = progress.momentum if stage.momentum else 0.0
    ceiling = min(1.0, progress.ceiling * CEILING_GROWTH)
    return Progress(
        change=np.full(1, change),
        objective=np.full(1, value),
        best=Factor(rows),
        ahead=Factor(_ahead(rows, progress.best.rows, momentum, stage.atoms)),
        momentum=min(ceiling, progress.momentum * GROWTH),
        ceiling=ceiling,
        limit=min(progress.limit, value),
        statistics=total,
    )


def _ahead(rows: Array, before: Array, momentum: float, atoms: Atoms) -> Array:
    if momentum == 0:
        return rows
    xp = array_namespace(rows)
    moved = xp.maximum(rows + momentum * (rows - before), xp.zeros_like(rows))
    return normalised(moved)[0] if atoms.unit_length else moved
