"""What a solver of the two alternating problems has to do."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from laconic.core.arrays import Array
from laconic.factorize.penalty import Penalty


@dataclass(frozen=True)
class Rows:
    """Rows of codes or of a dictionary, and how far they were from stationary.

    Attributes
    ----------
    x : array of shape (n, k)
    moved : array of shape (n,)
        Sum over the entries of a row of G_jj times the squared step of each to its best place, seen from where it was:
        0 at a stationary point.
    """

    x: Array
    moved: Array


@dataclass(frozen=True)
class Solver(ABC):
    """Improves codes, and a dictionary, by what the data say of them in sums.

    A value: parameters of the algorithm and nothing else. Each of its steps never raises the objective
    |X - C D|^2 + penalty(C) + penalty(D).
    """

    name: ClassVar[str]
    """How it is called where a solver is chosen by name."""

    summary: ClassVar[str]
    """One sentence for tables and reports."""

    extrapolates: ClassVar[bool] = False
    """Whether the dictionary may be moved on ahead of its answers; an answer that raises the objective is then thrown
    away, and the next starts from the last good one."""

    pace: ClassVar[int] = 1
    """How many iterations it takes for what coordinate descent does in one: stages get so many times as long."""

    @abstractmethod
    def patient(self) -> Self:
        """Return the solver with the patience that the last codes of a fit deserve."""

    def gentle(self) -> Self:
        """Return the solver for the first steps from a crude start."""
        return self

    @abstractmethod
    def start(self, gram: Array, pull: Array) -> Array:
        """Return codes (n, k) to begin with."""

    @abstractmethod
    def rows(self, gram: Array, pull: Array, x: Array, penalty: Penalty) -> Rows:
        """Improve min tr(x G x') - 2 tr(x pull') + penalty(x) over codes x >= 0.

        What happens to a row does not depend on the others: a sample that weighs two is one that is there twice.

        Parameters
        ----------
        gram : array of shape (k, k)
            D D'.
        pull : array of shape (n, k)
            X D'.
        x : array of shape (n, k)
            Where to start; it is left as it is.
        penalty : Penalty
        """

    @abstractmethod
    def atoms(self, gram: Array, cross: Array, dictionary: Array, penalty: Penalty) -> Rows:
        """Improve min tr(D' G D) - 2 tr(D' cross) + penalty(D) over D >= 0.

        Parameters
        ----------
        gram : array of shape (k, k)
            C' C.
        cross : array of shape (k, p)
            C' X.
        dictionary : array of shape (k, p)
            Where to start; it is left as it is.
        penalty : Penalty
        """

    @abstractmethod
    def unit_atoms(self, gram: Array, cross: Array, dictionary: Array) -> Rows:
        """Improve min tr(D' G D) - 2 tr(D' cross) over D >= 0 with rows of length one; shapes as in `atoms`."""

    @abstractmethod
    def encode(self, gram: Array, pull: Array, path: Sequence[Penalty]) -> Array:
        """Return codes (n, k) found from nothing under the penalties of `path` in turn, the last one to the end.

        Each row comes out as if it had been alone.
        """
