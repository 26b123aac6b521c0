"""What has to be known of data before anything is learned from it: one pass, a record that adds."""

import math
from dataclasses import dataclass
from typing import Self

from laconic.core.arrays import Array, array_namespace


@dataclass(frozen=True)
class Survey:
    """Size and completeness of samples.

    Attributes
    ----------
    n_samples : int
    entries : float
        How many entries are there, each counted as often as its sample weighs.
    lost : int
        Missing entries.
    weight : float
        Sum of the weights.
    smallest : float
        Smallest entry.
    largest : float
        Largest absolute value; NaN or infinite where an entry is.
    energy : float
        Weighted sum of squares over `largest` squared, so that it neither overflows nor vanishes.
    fixed_unit : float
        Used in place of the `unit` that would be found, if above 0.
    """

    n_samples: int
    entries: float
    lost: int
    weight: float
    smallest: float
    largest: float
    energy: float
    fixed_unit: float = 0.0

    @classmethod
    def of(
        cls, rows: Array, weight: Array | None, *, smallest: float, largest: float, entries: Array, lost: int
    ) -> Self:
        """Return the survey of n samples: `rows` are sums of squares over `largest`², `entries` are there in each."""
        xp, n = array_namespace(rows), rows.shape[0]
        own = xp.ones_like(rows) if weight is None else xp.astype(weight, xp.float64)
        sums = [float(xp.sum(values)) for values in (entries * own, own, rows * own)]
        return cls(n, sums[0], lost, sums[1], smallest, largest, sums[2])

    def __add__(self, other: "Survey") -> "Survey":
        largest = _larger(self.largest, other.largest)
        energy = (
            sum(one.energy * (one.largest / largest) ** 2 for one in (self, other)) if 0 < largest < math.inf else 0.0
        )
        return Survey(
            self.n_samples + other.n_samples,
            self.entries + other.entries,
            self.lost + other.lost,
            self.weight + other.weight,
            min(self.smallest, other.smallest),
            largest,
            energy,
        )

    @property
    def unit(self) -> float:
        """The power of two next to the largest entry: dividing by it is exact. 1 for data of zeros."""
        if self.fixed_unit > 0:
            return self.fixed_unit
        return 2.0 ** round(math.log2(self.largest)) if self.largest > 0 else 1.0

    @property
    def energy_in_units(self) -> float:
        """The weighted sum of squares of the data over `unit`."""
        return self.energy * (self.largest / self.unit) ** 2


def _larger(a: float, b: float) -> float:
    """Return the larger of two, NaN if one is."""
    return math.nan if math.isnan(a) or math.isnan(b) else max(a, b)
