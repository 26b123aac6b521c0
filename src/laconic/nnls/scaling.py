"""Columns and signals of length 1, so that no square overflows or vanishes whatever the units are."""

import numpy as np

from laconic.nnls.factor import Floats


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
