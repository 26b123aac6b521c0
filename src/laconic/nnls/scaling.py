"""Columns and signals of length 1, so that no square overflows or vanishes whatever the units are."""

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.nnls.factor import Floats
from laconic.structured.dictionary import DenseDictionary, Dictionary

SAFE = 1e-250
"""Squares between this and its inverse have lost no digits."""


def unit_rows(array: Floats) -> tuple[Floats, Floats]:
    """Return the rows at length 1, and the lengths they had; a row of zeros stays as it is."""
    squares = np.einsum("ij,ij->i", array, array)
    if np.all((squares > SAFE) & (squares < 1 / SAFE)):
        lengths = np.sqrt(squares)
        return array / lengths[:, None], lengths
    return _careful_unit_rows(array)


def _careful_unit_rows(array: Floats) -> tuple[Floats, Floats]:
    largest = np.max(np.abs(array), axis=1)
    safe = np.where(largest > 0, largest, 1.0)
    shrunk = array / safe[:, None]
    lengths = np.linalg.norm(shrunk, axis=1)
    return shrunk / np.where(lengths > 0, lengths, 1.0)[:, None], largest * lengths


def scaled_ridge(ridge: Floats, lengths: Floats) -> Floats:
    """Return the ridge that belongs to columns divided by `lengths`; infinity stays, and where a square overflows."""
    safe = np.where(lengths > 0, lengths, 1.0)
    with np.errstate(over="ignore"):
        return ridge / safe / safe


def rescaled(x: Floats, lengths: Floats, sizes: Floats) -> Floats:
    """Return x (k, m) for the columns and signals as they were."""
    with np.errstate(over="ignore"):
        return x * sizes[:, None] / np.where(lengths > 0, lengths, 1.0)


class ScaledDictionary(Dictionary):
    """A dictionary whose columns are divided by given lengths, and which is not formed for it."""

    def __init__(self, dictionary: Dictionary, lengths: Array) -> None:
        self.inner, self.lengths = dictionary, lengths
        self.shape, self.like = dictionary.shape, dictionary.like

    def matmul(self, x: Array) -> Array:
        return self.inner.matmul(x / self.lengths[:, None])

    def rmatmul(self, y: Array) -> Array:
        return self.inner.rmatmul(y) / self.lengths[:, None]

    def _formed(self) -> Array:
        return self.inner.dense("ScaledDictionary") / self.lengths

    def absolute(self) -> Dictionary | None:
        absolute = self.inner.absolute()
        return self if absolute is self.inner else absolute and ScaledDictionary(absolute, self.lengths)

    def squared_norms(self) -> Array:
        return self.inner.squared_norms() / self.lengths**2


def unit_columns(dictionary: Dictionary) -> tuple[Dictionary, Array]:
    """Return the dictionary with columns of length 1, and the lengths; columns of zeros stay, with length 1."""
    xp = array_namespace(dictionary.like)
    squares = dictionary.squared_norms()
    lengths = xp.sqrt(xp.where(squares > 0, squares, xp.ones_like(squares)))
    if dictionary.is_dense:
        return DenseDictionary(dictionary.dense("unit_columns") / lengths), lengths
    return ScaledDictionary(dictionary, lengths), lengths
