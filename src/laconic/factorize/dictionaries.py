"""The dictionary's half of an iteration: rows of length one, any length, or under a prior of their own."""

from dataclasses import dataclass

import numpy as np

from laconic.core.arrays import Array, array_namespace, to_numpy
from laconic.factorize.penalty import NONE, Penalty
from laconic.factorize.solvers import Solver
from laconic.factorize.solvers.gap import size
from laconic.factorize.statistics import Statistics, fit


@dataclass(frozen=True)
class Atoms:
    """What rows of the dictionary are allowed to be.

    Attributes
    ----------
    unit_length : bool
        Whether rows have length one: with a penalty on the codes alone, the scale would run away otherwise.
    penalty : Penalty
        On the entries of the dictionary.
    """

    unit_length: bool
    penalty: Penalty = NONE

    def cost(self, dictionary: Array) -> float:
        """Return what the entries of the dictionary cost."""
        return 0.0 if self.penalty.is_flat else float(to_numpy(self.penalty.rows(dictionary)).sum())


@dataclass(frozen=True)
class Update:
    """A better dictionary (k, p), and how far the one before was from stationary, as `Statistics.change`."""

    dictionary: Array
    change: float


def improved(solver: Solver, total: Statistics, dictionary: Array, atoms: Atoms) -> Update:
    """Return the dictionary improved for codes that are known by their statistics."""
    xp = array_namespace(dictionary)
    gram, cross = (xp.astype(part, dictionary.dtype) for part in (total.gram, total.cross))
    if atoms.unit_length:
        found = solver.unit_atoms(gram, cross, dictionary)
    else:
        found = solver.atoms(gram, cross, dictionary, atoms.penalty)
    whole, moved = size(gram, dictionary.T), float(xp.sum(found.moved, dtype=xp.float64))
    return Update(found.x, float(np.sqrt(moved / whole)) if whole > 0 else 0.0)


def objective(total: Statistics, energy: float, dictionary: Array, atoms: Atoms) -> float:
    """Return |X - C D|^2 + penalty(C) + penalty(D), from statistics."""
    return fit(total, energy, dictionary) + total.penalty + atoms.cost(dictionary)


def normalised(dictionary: Array) -> tuple[Array, Array]:
    """Return the dictionary with rows of length one, and what each was divided by; rows of zeros stay."""
    xp = array_namespace(dictionary)
    largest = xp.max(xp.abs(dictionary), axis=1)
    safe = xp.where(largest > 0, largest, xp.ones_like(largest))
    length = xp.sqrt(xp.sum((dictionary / safe[:, None]) ** 2, axis=1)) * safe
    length = xp.where(largest > 0, length, xp.ones_like(length))
    return dictionary / length[:, None], length
