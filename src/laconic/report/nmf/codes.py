"""A figure of codes: which parts are in which samples."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from laconic.core.arrays import to_numpy
from laconic.core.checks import DataError, check_positive_int
from laconic.report.nmf.records import SHOWN, Array, evenly
from laconic.report.shades import shades
from laconic.report.style import styled

_FULL = 0.995  # the quantile of codes above zero that has the full colour
_NAMED = 24  # parts whose numbers all fit below the map


@styled
def plot_code_map(codes: Array, *, most: int = SHOWN, numbers: Array | None = None) -> Figure:
    """Draw codes as a map, samples down and parts across; blank is zero.

    Samples are ordered by the part that is largest in them, parts as they come.

    Parameters
    ----------
    codes : array of shape (n_samples, k)
        At least 0.
    most : int
        Samples to show; of more, these many evenly spaced ones.
    numbers : array of int, shape (k,), optional
        Numbers of the parts; by default their places, from 0.

    Returns
    -------
    matplotlib.figure.Figure
    """
    C = to_numpy(codes)
    if C.ndim != 2 or not C.size:
        raise DataError(f"plot_code_map: codes must be of shape (n_samples, k), got {C.shape}")
    shown = evenly(C, check_positive_int("plot_code_map", "most", most))
    figure = Figure(figsize=(4.7, 4.7))
    axes = figure.subplots()
    axes.imshow(_shades(shown[ordered(shown)]), aspect="auto", interpolation="none")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    few = "" if len(shown) == len(C) else f", {len(shown):,} of {len(C):,}"
    axes.set(xlabel="part", ylabel=f"sample, by its largest part{few}")
    axes.tick_params(length=0)
    names = np.arange(C.shape[1]) if numbers is None else np.asarray(numbers)
    step = -(-C.shape[1] // _NAMED)
    axes.set_xticks(range(0, C.shape[1], step), [str(name) for name in names[::step]], fontsize=8)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    return figure


def ordered(codes: Array) -> NDArray[np.intp]:
    """Return the order of samples: by the part that is largest in them, and then by how large that is."""
    return np.lexsort((-codes.max(axis=1), codes.argmax(axis=1)))


def _shades(codes: Array) -> Array:
    """Return colours (n, k, 4): the larger, the less transparent."""
    above = codes[codes > 0]
    return shades(codes, float(np.quantile(above, _FULL)) if above.size else 1.0, power=0.5)
