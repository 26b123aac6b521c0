"""Where the modalities are in a row of samples, and in which units they are read."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, device
from laconic.core.blocks import Block, DenseBlock
from laconic.core.checks import DataError
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
    offset, spread : array of shape (N,), or None
        Of each feature: they are taken off, and divided by, first.
    """

    name: str
    columns: Columns
    n_signal: int
    unit: float = 1.0
    offset: Columns | None = None
    spread: Columns | None = None

    def readings(self, block: Block) -> Readings:
        """Return what the modality has read of the samples of a block; without a feature, a sample has no labels."""
        values, missing = entries(block)
        missing = None if missing is None else self._of(missing)
        scaled = self._scaled(self._of(values))
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
        xp = array_namespace(values)
        if self.offset is not None:
            values = values - xp.asarray(self.offset, dtype=values.dtype, device=device(values))
        factor = 1 / self.unit if self.spread is None else 1 / (self.unit * self.spread)
        scaled = values * xp.asarray(factor, dtype=values.dtype, device=device(values))
        return np.ascontiguousarray(scaled) if isinstance(scaled, np.ndarray) else scaled

    def unscaled(self, values: Columns) -> Columns:
        """Return values of all columns, labels too, in the units of the data."""
        values = values * (self.unit if self.spread is None else self.unit * self.spread)
        return values if self.offset is None else values + self.offset

    def restored(self, values: Array) -> Array:
        """Return values of the features in the units of the data."""
        xp = array_namespace(values)
        factor = self.factors()
        values = values * xp.asarray(factor, dtype=values.dtype, device=device(values))
        if self.offset is None:
            return values
        return values + xp.asarray(self.offset[: self.n_signal], dtype=values.dtype, device=device(values))

    def factors(self) -> Columns:
        """Return what each feature was divided by."""
        own = np.ones(self.n_signal) if self.spread is None else self.spread[: self.n_signal]
        return np.asarray(own * self.unit)


def entries(block: Block) -> tuple[Array, Array | None]:
    """Return the values of a block, and which are missing.

    Raises
    ------
    DataError
        If it is sparse.
    """
    if not isinstance(block, DenseBlock):
        raise DataError("samples of several modalities must be dense")
    return block.values, block.missing


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

    def readings(self, block: Block) -> list[Readings]:
        """Return the readings of each modality."""
        return [part.readings(block) for part in self.parts]

    def in_units(self, units: tuple[float, ...]) -> "Layout":
        """Return the layout with other units."""
        return Layout(tuple(replace(part, unit=unit) for part, unit in zip(self.parts, units, strict=True)))
