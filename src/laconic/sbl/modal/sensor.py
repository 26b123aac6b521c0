"""One modality: its dictionary and noise, and what it has read."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.loop import BatchRecord


@dataclass(frozen=True, eq=False)
class Sensor:
    """The dictionary of a modality.

    Attributes
    ----------
    atoms : array of shape (M, N)
        D', one atom a row.
    noise : float
        Variance of each entry, above 0.
    """

    atoms: Array
    noise: float

    @cached_property
    def gram(self) -> Array:
        """Products of atoms, shape (M, M); of NumPy's in float64: rounding is divided by the noise."""
        atoms = self.atoms.astype(np.float64) if isinstance(self.atoms, np.ndarray) else self.atoms
        return atoms @ atoms.T


@dataclass(frozen=True)
class Readings(BatchRecord):
    """What a modality has read of n samples.

    Attributes
    ----------
    y : array of shape (n, N)
        0 where an entry is missing.
    seen : array of bool, shape (n, N), or None
        None where all entries are there.
    """

    y: Array
    seen: Array | None = None

    def present(self) -> Array | None:
        """Return which samples have any entry, or None if all entries are there."""
        return None if self.seen is None else array_namespace(self.seen).any(self.seen, axis=1)
