"""Where the modalities are in a row of samples, and in which units they are read."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, device
from laconic.core.blocks import DenseBlock
from laconic.sbl.modal import Readings

Columns = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Part:
    """One modality.

    Attributes
    ----------
    name : str
    columns : array of int, shape (N,)
        Of its features in a row; those of labels that are learned with it come last.
    n_signal : int
        How many of them are features.
    unit : float
        It is read over this.
    """

    name: str
    columns: Columns
    n_signal: int
    unit: float = 1.0

    def readings(self, block: DenseBlock) -> Readings:
        """Return what the modality has read of the samples of a block; without a feature, a sample has no labels."""
        values, missing = self._of(block.values), None if block.missing is None else self._of(block.missing)
        scaled = self._scaled(values)
        if missing is None:
            return Readings(scaled)
        xp, seen = array_namespace(missing), ~missing
        any_signal = xp.any(seen[:, : self.n_signal], axis=1)
        seen = seen & any_signal[:, None]
        if bool(xp.all(seen)):
            return Readings(scaled)
        return Readings(xp.where(seen, scaled, xp.zeros_like(scaled)), seen)

    def _of(self, array: Array) -> Array:
        first, last = int(self.columns[0]), int(self.columns[-1]) + 1
        if last - first == len(self.columns) and bool(np.all(np.diff(self.columns) == 1)):
            return array[:, first:last]
        xp = array_namespace(array)
        return xp.take(array, xp.asarray(self.columns, device=device(array)), axis=1)

    def _scaled(self, values: Array) -> Array:
        if isinstance(values, np.ndarray):
            return np.ascontiguousarray(values * values.dtype.type(1 / self.unit))
        return values * (1 / self.unit)


@dataclass(frozen=True, eq=False)
class Layout:
    """All modalities, in order.

    Attributes
    ----------
    parts : tuple of Part
    """

    parts: tuple[Part, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the modalities."""
        return tuple(part.name for part in self.parts)

    @property
    def units(self) -> tuple[float, ...]:
        """Their units."""
        return tuple(part.unit for part in self.parts)

    def readings(self, block: DenseBlock) -> list[Readings]:
        """Return the readings of each modality."""
        return [part.readings(block) for part in self.parts]

    def in_units(self, units: tuple[float, ...]) -> "Layout":
        """Return the layout with other units."""
        return Layout(tuple(replace(part, unit=unit) for part, unit in zip(self.parts, units, strict=True)))
