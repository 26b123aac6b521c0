"""One sweep over the rows of a dictionary that have length one."""

from typing import Any

import numpy as np

from laconic.core.compiled import compiled

Floats = np.ndarray[Any, Any]
"""float32 or float64, all arrays of a call alike."""


@compiled
def sweep_unit_rows(gram: Floats, cross: Floats, rows: Floats, steps: Floats) -> None:
    """Take each row to the best one of length one, in place; a row that nothing asks for stays.

    Parameters
    ----------
    gram : array of shape (k, k)
        C' C.
    cross : array of shape (k, p)
        C' X.
    rows : array of shape (k, p)
    steps : array of shape (k,)
        Gets G_jj times the squared step of each row.
    """
    wanted = np.empty(rows.shape[1], rows.dtype)
    for j in range(rows.shape[0]):
        _set_wanted(gram[j], cross[j], rows, j, wanted)
        largest = np.max(wanted)
        steps[j] = gram[j, j] * _replace(rows[j], wanted, largest) if largest > 0 else 0.0


@compiled
def _set_wanted(gram: Floats, cross: Floats, rows: Floats, j: int, wanted: Floats) -> None:
    """Set what the data, less the other rows, ask of row j; nothing is below 0."""
    for f in range(wanted.shape[0]):
        wanted[f] = cross[f]
    for r in range(rows.shape[0]):
        if r != j:
            g = gram[r]
            for f in range(wanted.shape[0]):
                wanted[f] -= g * rows[r, f]
    for f in range(wanted.shape[0]):
        wanted[f] = max(wanted[f], wanted.dtype.type(0))


@compiled
def _replace(row: Floats, wanted: Floats, largest: float) -> float:
    """Put the wanted row, of length one, in place of the one that is there; returns the squared step."""
    squares, moved = 0.0, 0.0
    for f in range(row.shape[0]):
        wanted[f] /= largest
        squares += wanted[f] * wanted[f]
    length = np.sqrt(squares)
    for f in range(row.shape[0]):
        new = wanted.dtype.type(wanted[f] / length)
        step = new - row[f]
        row[f] = new
        moved += step * step
    return moved
