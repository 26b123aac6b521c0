"""What a factorisation returns."""

from dataclasses import dataclass
from typing import Any

from laconic.core.arrays import Array
from laconic.core.result import Result
from laconic.factorize.calibration import Calibration
from laconic.factorize.penalty import Penalty
from laconic.factorize.statistics import Statistics


@dataclass(frozen=True)
class NMFResult(Result):
    """A dictionary, and how it was found; codes stay with their blocks.

    `x` is the dictionary, of shape (k, p). `gap` is the larger of two numbers, one for the codes and one for the
    dictionary: the length of the step that takes every coefficient to its own best place (its rows, where they have
    length one), over the length of the factor. It is 0 at a stationary point. `trace` is the objective after each
    iteration, under the penalty of that iteration.

    Attributes
    ----------
    objective : float
        |X - C D|^2 + penalties, in the squared units of the data.
    error : float
        |X - C D|^2 over the entries that are there, weighted.
    relative_error : float
        |X - C D| / |X|.
    calibration : Calibration or None
        Noise and units, in those of the fit; None without a penalty.
    noise : float or None
        Variance of an entry, in the squared units of the data.
    unit : float
        The fit is of the data over this.
    density : float
        Share of codes above zero.
    penalty : Penalty
        Of the codes at the end.
    stages : tuple of int
        Iterations of each stage.
    statistics : Statistics or None
        Sums over all samples at the end: what a dictionary is improved by when more samples come.
    """

    objective: float = 0.0
    error: float = 0.0
    relative_error: float = 0.0
    calibration: Calibration | None = None
    noise: float | None = None
    unit: float = 1.0
    density: float = 1.0
    penalty: Penalty | None = None
    stages: tuple[int, ...] = ()
    statistics: Statistics | None = None

    @property
    def components(self) -> Array:
        """The dictionary, of shape (k, p)."""
        return self.x


@dataclass(frozen=True)
class Tick:
    """One iteration, for whoever watches.

    Attributes
    ----------
    iteration, limit : int
        Of the whole fit.
    objective, change : float
        As in `laconic.factorize.iteration.Progress`; the objective over the sum of squares of the data.
    stage : str
        "plain", "annealing" or "final".
    """

    iteration: int
    limit: int
    objective: Any
    change: float
    stage: str
