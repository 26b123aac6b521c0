"""What a report shows of sparse codes: a few numbers for each signal, a few signals in full, a few maps."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LARGEST_MAP = 256
"""Pixels of a map along either side; a larger one is shown as means of blocks."""


@dataclass(frozen=True)
class Image:
    """How signals lie in an image.

    Attributes
    ----------
    lines, cols : int
    order : {"C", "F"}
        Signal `line * cols + col`, along the lines, or `col * lines + line`, down the columns.
    """

    lines: int
    cols: int
    order: Literal["C", "F"] = "C"

    def picture(self, values: Array) -> Array:
        """Return values (pixels,) as an image (lines, cols)."""
        return values.reshape((self.lines, self.cols), order=self.order)


@dataclass(frozen=True, eq=False)
class Example:
    """One signal and its code.

    Attributes
    ----------
    signal : int
        Which one, from 0.
    role : str
        Why it is shown.
    y, fit : array of shape (n,)
        The signal, NaN where an entry is missing, and what the code makes of it.
    spread : array of shape (n,) or None
        Standard deviation that is expected of each entry, noise included.
    x : array of shape (m,)
    low, high : array of shape (m,) or None
        Ends of 90 % intervals.
    trace : array of shape (iterations,) or None
    """

    signal: int
    role: str
    y: Array
    fit: Array
    spread: Array | None
    x: Array
    low: Array | None
    high: Array | None
    trace: Array | None


@dataclass(frozen=True, eq=False)
class Map:
    """How much of the columns of one name is in each pixel, and its standard deviation; arrays (lines, cols)."""

    name: str
    amount: Array
    std: Array | None = None


@dataclass(frozen=True, eq=False)
class Codes:
    """What one method made of many signals.

    Attributes
    ----------
    method : str
        "rsbl", "sparse", "nnls", "omp" or another name.
    support : array of shape (k,)
        Number of coefficients above zero; NaN for a signal without an entry.
    large : array of shape (k,)
        Number of those above a hundredth of the signal's largest.
    residual : array of shape (k,)
        |y - A x| / |y| over the entries that are there; NaN for a signal without one.
    seconds : float
    status, message : str
        As in `laconic.core.result.Result`.
    gap : float
        The largest of all signals.
    trace_of : str
        What the traces hold: "log evidence" or "objective".
    examples : tuple of Example
    maps : tuple of Map
    error : float
        Mean absolute error of the amounts where the truth is known, else NaN.
    """

    method: str
    support: Array
    large: Array
    residual: Array
    seconds: float
    status: str
    message: str
    gap: float
    trace_of: str = "log evidence"
    examples: tuple[Example, ...] = ()
    maps: tuple[Map, ...] = ()
    error: float = nan

    @property
    def solved(self) -> int:
        """Number of signals that have a code."""
        return int(np.isfinite(self.residual).sum())


def named_maps(
    x: Array, std: Array | None, names: Sequence[str], image: Image, use: Array, most: int = 4
) -> tuple[Map, ...]:
    """Return maps of the names that are used most; columns of the same name are added up.

    Parameters
    ----------
    x : array of shape (m, pixels)
        Codes; a memory map will do.
    std : array of shape (m, pixels) or None
        Standard deviations, taken as independent of each other where columns are added up.
    names : sequence of str, length m
    image : Image
    use : array of shape (m,)
        How much each column is used in all.
    most : int
    """
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    total = {name: float(use[where].sum()) for name, where in places.items()}
    chosen = sorted(places, key=lambda name: -total[name])[:most]
    return tuple(_map(name, x, std, places[name], image) for name in chosen if total[name] > 0)


def _map(name: str, x: Array, std: Array | None, places: list[int], image: Image) -> Map:
    amount = shrunk(image.picture(x[places].sum(axis=0)))
    if std is None:
        return Map(name, amount)
    return Map(name, amount, shrunk(image.picture(np.sqrt((std[places] ** 2).sum(axis=0)))))


def shrunk(picture: Array) -> Array:
    """Return an image of at most `LARGEST_MAP` pixels along either side, as means of square blocks."""
    step = -(-max(picture.shape) // LARGEST_MAP)
    if step == 1:
        return picture
    lines, cols = (-(-size // step) for size in picture.shape)
    padded = np.full((lines * step, cols * step), np.nan)
    padded[: picture.shape[0], : picture.shape[1]] = picture
    blocks = np.ma.masked_invalid(padded).reshape(lines, step, cols, step)
    return np.asarray(blocks.mean(axis=(1, 3)).filled(np.nan))
