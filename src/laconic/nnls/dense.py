"""Non-negative least squares with a dictionary that is a plain array: the Gram matrix first, columns where it fails."""

from dataclasses import dataclass, fields, replace

import numpy as np

from laconic.core.loop import BatchRecord
from laconic.nnls.coordinate import coordinate_start
from laconic.nnls.factor import Bools, Floats, Ints
from laconic.nnls.gram import first_room, solve_rows
from laconic.nnls.optimality import kkt_gap
from laconic.nnls.refine import solve_columns
from laconic.nnls.scaling import rescaled, scaled_ridge, unit_rows

EXCESS = 1e-11
"""Share of the objective by which an answer may be estimated to lie above the best one and be left as it is."""

NOTHING = 1e-26
"""The same as a share of |y|^2, for signals that are explained to rounding."""

ROUNDING = 1e-14
"""Gaps below this times the sum of x_i |a_i| / |y| are rounding."""

BLOCK = 2**17
"""Numbers in the largest array of a block of right-hand sides: it stays in the cache, which is worth a tenth."""


@dataclass(frozen=True)
class Options:
    """What the caller chose: the method, how often columns may be taken in, and the gap to be reached."""

    method: str
    max_iter: int
    tol: float


@dataclass(frozen=True)
class Answers(BatchRecord):
    """Answers to k right-hand sides, one a row.

    Attributes
    ----------
    x : array of shape (k, m)
    objective : array of shape (k,)
        |A x - y|^2 + sum ridge x^2.
    gap : array of shape (k,)
    n_iter : array of int, shape (k,)
    settled : array of bool, shape (k,)
        Whether the gap is as small as asked for, or as rounding allows.
    ended : array of bool, shape (k,)
        Whether the method came to its end, and not to that of its iterations.
    refined : array of bool, shape (k,)
        Whether the Gram matrix did not do.
    """

    x: Floats
    objective: Floats
    gap: Floats
    n_iter: Ints
    settled: Bools
    ended: Bools
    refined: Bools

    @classmethod
    def empty(cls, k: int, m: int) -> "Answers":
        """Return room for k answers, to be put in."""
        number, yes = np.zeros(k), np.ones(k, dtype=bool)
        return cls(np.zeros((k, m)), number, number, number.astype(np.int64), yes, yes, ~yes)


_NAMES = tuple(field.name for field in fields(Answers))


def solve_dense(matrix: Floats, y: Floats, ridge: Floats, start: Floats | None, options: Options) -> Answers:
    """Return the answers for y (k, n), ridge (1, m) or (k, m) and, where given, guesses (k, m)."""
    columns, lengths = unit_rows(matrix.T)
    gram = columns @ columns.T
    step = max(64, BLOCK // max(matrix.shape))
    parts = []
    for i in range(0, len(y), step):
        own = ridge if len(ridge) == 1 else ridge[i : i + step]
        guess = None if start is None else start[i : i + step]
        parts.append(_solve_block(columns.T, gram, lengths, y[i : i + step], own, guess, options))
    return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: list[Answers]) -> Answers:
    return Answers(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES})


def _solve_block(
    matrix: Floats, gram: Floats, lengths: Floats, y: Floats, ridge: Floats, start: Floats | None, options: Options
) -> Answers:
    unit, sizes = unit_rows(y)
    weights = scaled_ridge(ridge, lengths)
    guess = np.zeros((0, len(lengths))) if start is None else np.where(np.isinf(weights), 0.0, start)
    products = unit @ matrix
    if options.method == "coordinate":
        guess = coordinate_start(gram, products, weights, guess)
    x, n_iter, ended, pivots = solve_rows(gram, products, weights, guess, first_room(gram), options.max_iter)
    answers = _measured(matrix, unit, weights, x, n_iter, ended, options.tol)
    answers = _refined(matrix, unit, weights, answers, pivots, options)
    return replace(answers, x=rescaled(answers.x, lengths, sizes), objective=answers.objective * sizes**2)


def _measured(matrix: Floats, y: Floats, ridge: Floats, x: Floats, n_iter: Ints, ended: Bools, tol: float) -> Answers:
    """Return answers with their objective and gap, computed from the residual and not from the Gram matrix."""
    weight = np.where(np.isfinite(ridge), ridge, 0.0)
    left = y - x @ matrix.T
    pull = left @ matrix - weight * x
    held = np.isinf(ridge)
    gap = kkt_gap(x, np.where(held, 0.0, -pull), np.ones(x.shape[1]), np.ones(len(x)))
    floor = ROUNDING * (1.0 + x.sum(axis=1))
    objective = np.einsum("ij,ij->i", left, left) + np.sum(weight * x**2, axis=1)
    settled = ended & (gap <= np.maximum(tol, floor))
    return Answers(x, objective, gap, n_iter, settled, ended, np.zeros(len(x), dtype=bool))


def _refined(matrix: Floats, y: Floats, ridge: Floats, answers: Answers, pivots: Floats, options: Options) -> Answers:
    """Return the answers with those that the Gram matrix gave too few digits for solved again on the columns."""
    n_active = np.count_nonzero(answers.x, axis=1)
    excess = n_active * answers.gap**2 / np.maximum(pivots, np.finfo(float).tiny)
    allowed = np.maximum(EXCESS * answers.objective, NOTHING)
    rows = np.flatnonzero(~answers.settled | (excess > allowed))
    if not len(rows):
        return answers
    own, before = (ridge if len(ridge) == 1 else ridge[rows]), answers.take(rows)
    x, n_iter, ended = solve_columns(matrix, y[rows], own, before.x, options.max_iter)
    after = _measured(matrix, y[rows], own, x, before.n_iter + n_iter, ended, options.tol)
    better = (after.objective < before.objective) | (after.gap < before.gap) & (after.objective <= before.objective)
    after = before.put(np.flatnonzero(better), after.take(np.flatnonzero(better)))
    return answers.put(rows, replace(after, refined=np.ones(len(rows), dtype=bool)))
