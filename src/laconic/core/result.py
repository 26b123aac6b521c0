"""What a solver returns."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from laconic.core.arrays import Array

Status = Literal["converged", "stalled", "max_iter"]

_WORST_FIRST: tuple[Status, ...] = ("max_iter", "stalled", "converged")


@dataclass(frozen=True)
class Result:
    """The best answer found, why the solver stopped and how far from optimal it is.

    Solvers raise only on invalid input; a hard problem gets its best answer and a status that says so. With k
    right-hand sides the fields that are numbers for one become arrays of shape (k,).

    Attributes
    ----------
    x : array of shape (m,) or (m, k)
        The answer.
    gap : float or array of shape (k,)
        How far from optimal: 0 at an exact solution. What is measured is said by each solver.
    status : {"converged", "stalled", "max_iter"}
        Why it stopped, the worst over all right-hand sides: its own test was met, no step made anything better,
        or the number of iterations was used up.
    message : str
        The same in a sentence, with what else there is to know.
    n_iter : int or array of shape (k,)
        Iterations used.
    trace : array of shape (iterations,) or (iterations, k), or None
        The objective after each iteration, where it is computed; NaN after a right-hand side has stopped.
    """

    x: Array
    gap: Any
    status: Status
    message: str
    n_iter: Any
    trace: Any = None

    @property
    def converged(self) -> bool:
        """Whether every right-hand side met the solver's own test."""
        return self.status == "converged"


def worst(statuses: Collection[Status]) -> Status:
    """Return the worst of several statuses; nothing to solve counts as converged."""
    return next((status for status in _WORST_FIRST if status in statuses), "converged")
