"""Coordinate descent on the objective of `sparse_nnls`: the sweeps of `penalised`, and which penalty a prior is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from laconic.nnls.factor import Floats
from laconic.nnls.objective import Codes, slope
from laconic.nnls.penalised import FLAT, LINEAR, LOG, LOG_SQUARE, MAJORISED, POWER, sweep
from laconic.priors import Flat, GeneralisedDoublePareto, Laplacian, PowerExponential, StudentT
from laconic.priors.base import Prior

Penalty = tuple[int, float, float, float]
"""Kind, what lambda/2 is multiplied with, offset t and exponent z; see `laconic.nnls.penalised`."""

KNOWN: dict[type[Prior], Callable[[Any], Penalty]] = {
    Flat: lambda p: (FLAT, 0.0, 0.0, 1.0),
    Laplacian: lambda p: (LINEAR, p.rate, 0.0, 1.0),
    GeneralisedDoublePareto: lambda p: (LOG, p.tau + 1, p.tau * p.scale, 1.0),
    StudentT: lambda p: (LOG_SQUARE, p.tau + 1, p.tau * p.scale**2, 2.0),
    PowerExponential: lambda p: (POWER, p.scale**-p.exponent, 0.0, p.exponent),
}
"""Priors whose one-dimensional problem is solved exactly; every other one is majorised."""


def descent_step(columns: Floats, squares: Floats, prior: Prior) -> Callable[[Codes], Codes]:
    """Return one sweep over all coordinates of every signal, which never raises the objective.

    Parameters
    ----------
    columns : array of shape (m, n)
        A column of the dictionary in each row.
    squares : array of shape (1, m)
        Their squared lengths; with missing entries they are computed for each signal.
    prior : Prior
    """
    penalty = KNOWN[type(prior)](prior) if type(prior) in KNOWN else (MAJORISED, 0.0, 0.0, 1.0)
    kind, factor, offset, exponent = penalty
    empty = np.zeros((0, columns.shape[0]))

    def step(codes: Codes) -> Codes:
        h, left = codes.h.copy(), codes.left.copy()
        mask = np.zeros((0, left.shape[1])) if codes.mask is None else codes.mask
        own = squares if codes.mask is None else mask @ (columns**2).T
        lines, parabolas = majorised(codes, prior) if kind == MAJORISED else (empty, empty)
        strength = codes.strength[:, 0] * (factor / 2)
        longest = sweep(columns, own, mask, h, left, strength, kind, offset, exponent, lines, parabolas)
        size = np.linalg.norm(codes.y, axis=1)
        return replace(codes, h=h, left=left, change=longest / np.where(size > 0, size, 1.0))

    return step


def majorised(codes: Codes, prior: Prior) -> tuple[Floats, Floats]:
    """Return the slopes or curvatures of the lines (z <= 1) or parabolas that touch half the penalty from above."""
    h = np.maximum(codes.h, np.finfo(float).tiny ** 0.5) if prior.z != 1 else codes.h
    lines = np.minimum(codes.strength * slope(h, prior), np.finfo(float).max ** 0.5)
    nothing = np.zeros_like(lines)
    return (lines, nothing) if prior.z <= 1 else (nothing, lines / h)
