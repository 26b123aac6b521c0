"""Reweighted least squares on the objective of `sparse_nnls`: convex problems, each solved exactly by an active set.

At the present codes the penalty is majorised by lines (z <= 1: reweighted l1) or parabolas (z > 1: reweighted l2).
What is left is non-negative least squares with a linear term or a ridge, which the active set solves to the end,
however much the columns resemble each other; coordinate descent needs thousands of sweeps there. The step to that
solution is doubled while this lowers the objective, and a sweep over the coordinates follows, which is exact where the
majoriser is not, and brings back coordinates that an infinite slope holds at zero.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from laconic.nnls.descent import descent_step, majorised
from laconic.nnls.factor import Floats
from laconic.nnls.gram import first_room, solve_rows
from laconic.nnls.objective import Codes, value
from laconic.nnls.patterns import patterns
from laconic.priors.base import Prior

HELD = 1.0
"""Coordinates whose parabola bends more than so many times the fit are left to the sweep: the peak at zero of a
Student-t prior holds hundreds of them near zero, each by itself, and the active set would pay for every one."""

DOUBLINGS = 10
"""How often a step that lowers the objective may be doubled."""


def reweighted_step(columns: Floats, squares: Floats, gram: Floats, prior: Prior) -> Callable[[Codes], Codes]:
    """Return a reweighting, its exact solution, the step prolonged, and a sweep: the objective never rises.

    Parameters
    ----------
    columns : array of shape (m, n)
        A column of the dictionary in each row.
    squares : array of shape (1, m)
        Their squared lengths.
    gram : array of shape (m, m)
        Their products; with missing entries they are computed for each pattern of these.
    prior : Prior
    """
    sweep, room = descent_step(columns, squares, prior), first_room(gram)

    def step(codes: Codes) -> Codes:
        swept = sweep(_prolonged(codes, _solved(codes, columns, gram, room, prior), prior))
        longest = np.max(np.abs(swept.h - codes.h) * np.sqrt(squares), axis=1)
        size = np.linalg.norm(codes.y, axis=1)
        return replace(swept, change=longest / np.where(size > 0, size, 1.0))

    return step


def _solved(codes: Codes, columns: Floats, gram: Floats, room: int, prior: Prior) -> Codes:
    """Return the minimiser of the majorised problem for each signal, or the codes as they were where that is no gain.

    Products with y are put together from the residual of the present codes, so that the digits that the Gram matrix
    loses are made up for from step to step.
    """
    lines, parabolas = majorised(codes, prior)
    h, pull = codes.h.copy(), codes.left @ columns.T - lines
    free = parabolas <= HELD * np.diagonal(gram)
    moved, ridge = np.where(free, h, 0.0), np.where(free, parabolas, np.inf)
    for own, rows in _grams(codes, columns, gram):
        products = pull[rows] + moved[rows] @ own
        found = solve_rows(own, products, ridge[rows], moved[rows], room, 3 * len(gram) + 30)[0]
        h[rows] = np.where(free[rows], found, h[rows])
    left = codes.y - h @ columns
    new = replace(codes, h=h, left=left if codes.mask is None else left * codes.mask)
    return _better(codes, new, prior)


def _prolonged(before: Codes, codes: Codes, prior: Prior) -> Codes:
    """Return the codes twice as far along the step, four times and so on, as long as that lowers the objective.

    Between columns that are nearly alike a concave penalty decides slowly.
    """
    step, change = codes.h - before.h, codes.left - before.left
    room = np.min(codes.h / np.where(step < 0, -step, 1.0), axis=1, where=step < 0, initial=np.inf)
    best = codes
    for doubling in range(DOUBLINGS):
        factor = np.minimum(2.0**doubling, room)[:, None]
        trial = replace(codes, h=np.maximum(codes.h + factor * step, 0.0), left=codes.left + factor * change)
        chosen = _better(best, trial, prior)
        if chosen is best:
            break
        best = chosen
    return best


def _better(codes: Codes, trial: Codes, prior: Prior) -> Codes:
    """Return the trial where it lowers the objective, and the codes elsewhere."""
    rows = np.flatnonzero(value(trial, prior) < value(codes, prior))
    return codes.put(rows, trial.take(rows)) if len(rows) else codes


def _grams(codes: Codes, columns: Floats, gram: Floats) -> Any:
    if codes.mask is None:
        yield gram, slice(None)
        return
    for present, rows in patterns(codes.mask > 0):
        some = columns[:, present]
        yield some @ some.T, rows
