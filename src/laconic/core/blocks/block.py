"""A block of samples, whatever holds it: two products, and what is missing made up by a model."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.blocks.dense_products import codes_times, times
from laconic.core.blocks.survey import Survey

Places = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
"""Rows and columns of entries, in NumPy."""


@dataclass(frozen=True)
class Block(ABC):
    """Samples `first` and following, one a row: X of shape (n, p).

    Attributes
    ----------
    first : int
        Number of the first sample.
    weight : array of shape (n,) or None
        How often each sample counts; None is once.
    """

    first: int
    weight: Array | None

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """(n, p)."""

    @property
    @abstractmethod
    def like(self) -> Array:
        """An array of the library, type and device that belong to the block."""

    @property
    @abstractmethod
    def is_complete(self) -> bool:
        """Whether no entry is missing."""

    @abstractmethod
    def project(self, dictionary: Array) -> Array:
        """Return X D' of shape (n, k) for D of shape (k, p)."""

    @abstractmethod
    def gather(self, codes: Array) -> Array:
        """Return C' X of shape (k, p) for C of shape (n, k)."""

    @abstractmethod
    def squares(self) -> Array:
        """Return the sum of squares of each sample, shape (n,), in float64."""

    @abstractmethod
    def completed(self, codes: Array, dictionary: Array) -> Self:
        """Return the block with C D where entries are missing."""

    @abstractmethod
    def errors(self, codes: Array, dictionary: Array) -> Array:
        """Return the sum of squares of X - C D over the entries that are there, shape (n,), in float64."""

    @abstractmethod
    def survey(self) -> Survey:
        """Return what has to be known of the data before anything is learned from it."""

    @abstractmethod
    def take(self, rows: Any) -> Self:
        """Return some of the samples, by their places in the block."""

    @abstractmethod
    def lost(self) -> Places:
        """Return rows and columns of missing entries, one row after the other."""

    def weighted(self, values: Array) -> Array:
        """Return values of shape (n, ...) times the weight of each sample."""
        if self.weight is None:
            return values
        return values * (self.weight if values.ndim == 1 else self.weight[:, None])


@dataclass(frozen=True)
class DenseBlock(Block):
    """A block held as an array of any library.

    Attributes
    ----------
    values : array of shape (n, p)
        0 where an entry is missing.
    missing : array of bool, shape (n, p), or None
    """

    values: Array
    missing: Array | None = None

    @property
    def shape(self) -> tuple[int, int]:
        return self.values.shape[0], self.values.shape[1]

    @property
    def like(self) -> Array:
        return self.values

    @property
    def is_complete(self) -> bool:
        return self.missing is None

    def project(self, dictionary: Array) -> Array:
        return times(self.values, dictionary.T)

    def gather(self, codes: Array) -> Array:
        return codes_times(codes, self.values)

    def squares(self) -> Array:
        return row_squares(self.values)

    def completed(self, codes: Array, dictionary: Array) -> "DenseBlock":
        if self.missing is None:
            return self
        xp = array_namespace(self.values)
        return replace(self, values=xp.where(self.missing, codes @ dictionary, self.values), missing=None)

    def errors(self, codes: Array, dictionary: Array) -> Array:
        left, xp = self.values - codes @ dictionary, array_namespace(self.values)
        return row_squares(left if self.missing is None else xp.where(self.missing, xp.zeros_like(left), left))

    def survey(self) -> Survey:
        xp = array_namespace(self.values)
        there = self.values if self.missing is None else xp.where(self.missing, xp.zeros_like(self.values), self.values)
        low, high = float(xp.min(there)), float(xp.max(there))
        size = max(abs(low), abs(high))
        known = np.isfinite(size) and size > 0
        rows = row_squares(there / size) if known else xp.zeros(self.shape[0], dtype=xp.float64, device=device(there))
        entries = xp.full_like(rows, float(self.shape[1]))
        if self.missing is not None:
            entries = xp.sum(xp.astype(~self.missing, xp.float64), axis=1)
        lost = self.shape[0] * self.shape[1] - int(xp.sum(entries))
        return Survey.of(rows, self.weight, smallest=low, largest=size, entries=entries, lost=lost)

    def take(self, rows: Any) -> "DenseBlock":
        xp = array_namespace(self.values)
        places = xp.asarray(rows, device=device(self.values))
        some = [None if a is None else xp.take(a, places, axis=0) for a in (self.weight, self.values, self.missing)]
        return DenseBlock(self.first, *some)

    def lost(self) -> Places:
        rows, columns = np.nonzero(np.zeros((0, 0)) if self.missing is None else to_numpy(self.missing))
        return rows, columns


ROWS_AT_ONCE = 2**22
"""Entries that are squared at once."""


def row_squares(values: Array) -> Array:
    """Return the sum of squares of each row in float64, without a copy of all values in that type."""
    xp = array_namespace(values)
    if isinstance(values, np.ndarray):
        return np.einsum("ij,ij->i", values, values, dtype=np.float64)
    step = max(1, ROWS_AT_ONCE // max(1, values.shape[1]))
    n = values.shape[0]
    parts = [xp.astype(values[i : min(i + step, n), :], xp.float64) for i in range(0, n, step)]
    return xp.concat([xp.sum(part**2, axis=1) for part in parts])
