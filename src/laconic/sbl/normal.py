"""Problems in units of their own: columns and signals of length one, so that no size needs a special case."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from laconic.core.arrays import Array, array_namespace, device
from laconic.core.loop import Rows
from laconic.sbl.records import Problem
from laconic.structured.dictionary import DenseDictionary, Dictionary
from laconic.structured.signals import Signals


class ScaledDictionary(Dictionary):
    """A dictionary with its columns divided by given lengths, by products alone."""

    def __init__(self, dictionary: Dictionary, lengths: Array) -> None:
        self.dictionary, self.lengths = dictionary, lengths
        self.shape, self.like = dictionary.shape, dictionary.like

    def matmul(self, x: Array) -> Array:
        return self.dictionary.matmul(x / self.lengths[:, None])

    def rmatmul(self, y: Array) -> Array:
        return self.dictionary.rmatmul(y) / self.lengths[:, None]

    def _formed(self) -> Array:
        return self.dictionary.dense("ScaledDictionary") / self.lengths

    def squared(self) -> Dictionary | None:
        squares = self.dictionary.squared()
        return None if squares is None else ScaledDictionary(squares, self.lengths**2)

    def squared_norms(self) -> Array:
        return self.dictionary.squared_norms() / self.lengths**2


@dataclass(frozen=True)
class Units:
    """Lengths that were divided by.

    Attributes
    ----------
    columns : array of shape (m,)
        Of the dictionary's columns; 1 for an empty one.
    signals : array of shape (k,)
        Of the signals; 1 for an empty one.
    """

    columns: Array
    signals: Array

    def codes(self, rows: Array) -> Array:
        """Return codes, or their standard deviations, in the user's units."""
        return rows / self.columns * self.signals[:, None]

    def variances(self, rows: Array) -> Array:
        """Return variances of codes in the user's units."""
        return self.codes(self.codes(rows))  # twice, as squares would overflow first

    def take(self, rows: Rows) -> Self:
        """Return the units of these signals."""
        xp = array_namespace(self.signals)
        return type(self)(self.columns, xp.take(self.signals, xp.asarray(rows, device=device(self.signals)), axis=0))


def normalised(dictionary: Dictionary, signals: Signals, *, together: bool, limit: float) -> tuple[Problem, Units]:
    """Return the problem with columns and signals of length one, and what they were divided by.

    Parameters
    ----------
    dictionary, signals
    together : bool
        Whether all signals are divided by the same length, because they share their scales.
    limit : float
        Bytes up to which the dictionary is held as an array.
    """
    xp = array_namespace(signals.y)
    plain = DenseDictionary(dictionary.dense("rectified_sbl", limit)) if dictionary.fits(limit) else dictionary
    columns = _lengths(plain)
    scaled: Dictionary = ScaledDictionary(plain, columns)
    if isinstance(plain, DenseDictionary):
        scaled = DenseDictionary(plain.array / columns)
    sizes = _positive(_row_lengths(signals.y))
    sizes = xp.ones_like(sizes) * xp.max(sizes) if together else sizes
    index = np.arange(signals.size)
    return Problem(index, signals.y / sizes[:, None], signals.mask, scaled), Units(columns, sizes)


def _lengths(dictionary: Dictionary) -> Array:
    if not isinstance(dictionary, DenseDictionary):
        return _positive(array_namespace(dictionary.like).sqrt(dictionary.squared_norms()))
    return _positive(_row_lengths(dictionary.array.T))


def _row_lengths(rows: Array) -> Array:
    """Return the lengths of rows, without overflow or underflow on the way."""
    xp = array_namespace(rows)
    largest = _positive(xp.max(xp.abs(rows), axis=1))
    return largest * xp.sqrt(xp.sum((rows / largest[:, None]) ** 2, axis=1))


def _positive(lengths: Array) -> Array:
    xp = array_namespace(lengths)
    return xp.where(lengths > 0, lengths, xp.ones_like(lengths))
