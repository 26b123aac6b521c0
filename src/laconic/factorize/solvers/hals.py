"""Hierarchical alternating least squares: exact coordinate descent, several sweeps for each look at the data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.threads import in_threads
from laconic.factorize.penalty import NONE, Penalty
from laconic.factorize.solvers import everywhere
from laconic.factorize.solvers.base import Rows, Solver
from laconic.factorize.solvers.gap import best_unit
from laconic.factorize.solvers.tile import TILE, descend
from laconic.factorize.solvers.unit_rows import sweep_unit_rows
from laconic.nnls.descent import KNOWN
from laconic.nnls.gram import solve_gram


@dataclass(frozen=True)
class Hals(Solver):
    """Coordinate descent on codes and dictionary in turn (Cichocki and Phan 2009).

    Sweeps are cheap beside the products with the data, and so each look at the data gets several of them (Gillis and
    Glineur, Neural Computation 24, 2012). The dictionary is moved on ahead of its answers (Ang and Gillis, Neural
    Computation 31, 2019).

    Parameters
    ----------
    sweeps : int
        Sweeps over the codes for one look at the data. With 4, 8 or 12 of them the objective of 60 to 1000 iterations
        of one sweep was reached the soonest on three data sets; with 2 one of them was not reached at all.
    atom_sweeps : int
        Most sweeps over the dictionary.
    settled : float
        They end when steps are at most this share of the first one's.
    rows_settled : float
        The same for the codes of a few dozen samples that are worked on together; 0 gives all of them as many sweeps.
    """

    sweeps: int = 8
    atom_sweeps: int = 20
    settled: float = 0.03
    rows_settled: float = 0.0

    name: ClassVar[str] = "hals"
    summary: ClassVar[str] = "coordinate descent with several sweeps for each look at the data, and extrapolation"
    extrapolates: ClassVar[bool] = True

    def patient(self) -> Self:
        return replace(self, sweeps=LAST, rows_settled=PATIENT)

    def gentle(self) -> Self:
        return replace(self, sweeps=1, atom_sweeps=1)

    def start(self, gram: Array, pull: Array) -> Array:
        return array_namespace(pull).zeros_like(pull)

    def rows(self, gram: Array, pull: Array, x: Array, penalty: Penalty) -> Rows:
        return swept(gram, pull, x, penalty, self.sweeps, self.rows_settled)

    def atoms(self, gram: Array, cross: Array, dictionary: Array, penalty: Penalty) -> Rows:
        found = swept(gram, cross.T, dictionary.T, penalty, self.atom_sweeps, self.settled)
        return replace(found, x=array_namespace(dictionary).asarray(found.x.T, copy=True))

    def unit_atoms(self, gram: Array, cross: Array, dictionary: Array) -> Rows:
        xp = array_namespace(dictionary)
        rows, moved, begun = own_copy(dictionary), xp.zeros_like(dictionary[:, 0]), 0.0
        for sweep in range(self.atom_sweeps):
            steps = _sweep_of_unit_rows(gram, cross, rows)
            size = float(xp.sum(steps))
            moved, begun = (steps, size) if sweep == 0 else (moved, begun)
            if size <= self.settled**2 * begun:
                break
        return Rows(rows, moved)

    def encode(self, gram: Array, pull: Array, path: Sequence[Penalty]) -> Array:
        x = _plain(gram, pull)
        for penalty in path[:-1]:
            x = swept(gram, pull, x, penalty, STAGE, 0.0).x
        return x if path[-1].is_flat else swept(gram, pull, x, path[-1], LAST, 0.0).x


STAGE = 5
"""Sweeps under each penalty on the way to the last one."""

LAST = 200
"""Sweeps under the last penalty."""

PATIENT = 1e-4
"""Share of their first steps at which the last codes of a fit have settled."""


def swept(gram: Array, pull: Array, x: Array, penalty: Penalty, sweeps: int, settled: float) -> Rows:
    """Return the rows after so many sweeps, or fewer; compiled, and in threads, where that is known how."""
    kind = type(penalty.prior)
    if not isinstance(x, np.ndarray) or (kind not in KNOWN and not penalty.is_flat):
        return everywhere.descend(gram, pull, x, penalty, sweeps, settled)
    which, factor, offset, exponent = KNOWN[kind](penalty.prior) if kind in KNOWN else (0, 0.0, 0.0, 1.0)
    gram, pull = np.ascontiguousarray(gram), np.ascontiguousarray(pull)
    new, strength = np.array(x, order="C"), penalty.strength * factor / 2

    moved = np.zeros(len(new), x.dtype)
    numbers = float(strength), which, float(offset), float(exponent), sweeps, settled

    def work(first: int, last: int) -> None:
        descend(gram, pull, new, moved, *numbers, first, last)

    in_threads(work, len(new), TILE)
    return Rows(new, moved)


def _plain(gram: Array, pull: Array) -> Array:
    """Return the codes without a penalty, exact where there are loops in order."""
    if not isinstance(pull, np.ndarray):
        zero = array_namespace(pull).zeros_like(pull)
        return everywhere.descend(gram, pull, zero, NONE, LAST, 0.0).x
    return solve_gram(gram, pull)[0].astype(pull.dtype)


def own_copy(array: Array) -> Array:
    """Return a copy, row after row in memory where that can be said."""
    return (
        np.array(array, order="C")
        if isinstance(array, np.ndarray)
        else array_namespace(array).asarray(array, copy=True)
    )


def _sweep_of_unit_rows(gram: Array, cross: Array, rows: Array) -> Array:
    """Take each row to the best one of length one, in place; returns G_jj times the squared step of each."""
    if isinstance(rows, np.ndarray):
        moved = np.zeros(len(rows), rows.dtype)
        sweep_unit_rows(np.ascontiguousarray(gram), np.ascontiguousarray(cross), rows, moved)
        return moved
    xp = array_namespace(rows)
    steps = []
    for j in range(rows.shape[0]):
        wanted = cross[j, :] - gram[j, :] @ rows + gram[j, j] * rows[j, :]
        new = best_unit(wanted, rows[j, :])
        steps.append(gram[j, j] * xp.sum((new - rows[j, :]) ** 2))
        rows[j, :] = new
    return xp.stack(steps)
