"""Figures of codes: pure functions to matplotlib figures, drawn without pyplot."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from laconic.core.arrays import to_numpy
from laconic.core.checks import DataError, ParameterError
from laconic.report.codes.digest import LEVEL, SMALL, finite, interval_of, trace_of
from laconic.report.codes.records import Array, Codes, Map
from laconic.report.palette import INK, MUTED, look
from laconic.report.plots import shorten
from laconic.report.style import styled
from laconic.report.words import SPACE

_SIZE = (4.7, 3.6)
_COLOURS = "viridis"
_Z = 1.6448536269514722  # of a Gaussian's 90 % interval


def plot_codes(
    result: Any, signal: int = 0, *, names: Sequence[str] | None = None, most: int = 15, level: float = LEVEL
) -> Figure:
    """Draw the largest coefficients of a signal, with intervals where the result has them.

    Parameters
    ----------
    result : SBLResult, NNLSResult or another Result
    signal : int, default 0
        Which one, where there are several.
    names : sequence of str of length m, optional
        Names of the columns; their numbers by default.
    most : int, default 15
        Coefficients to show.
    level : float in (0, 1), default 0.9
        Probability inside an interval.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError
        If there is no such signal.
    DataError
        If the names are not as many as the columns.
    """
    place = _place("plot_codes", result, signal)
    x = to_numpy(result.x if place is None else result.x[:, place])
    if names is not None and len(names) != len(x):
        raise DataError(f"plot_codes: there must be a name for each of the {len(x)} columns, got {len(names)}")
    low, high = (None if end is None else to_numpy(end) for end in interval_of(result, place, level))
    return draw_codes(x, low, high, names, most=most, level=level)


def plot_evidence(result: Any) -> Figure:
    """Draw the trace of a result against the iteration: the log evidence, or the objective that falls.

    Of several signals each curve is shown as its distance from its own end; the line is the median over the signals,
    the band holds the middle eight tenths.

    Parameters
    ----------
    result : SBLResult, SparseNNLSResult or another Result with a trace

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If the result has no trace: its method computes none.
    """
    if result.trace is None:
        raise DataError("plot_evidence: this result has no trace, because its method computes none")
    what, trace = trace_of(result), to_numpy(result.trace)
    return draw_traces([("", finite(trace))], what) if trace.ndim == 1 else _draw_spread(trace, what)


def plot_signal(
    y: Array, fit: Array, spread: Array | None = None, *, axis: Array | None = None, label: str = "entry"
) -> Figure:
    """Draw a signal, what its code makes of it, and the band that nine in ten of its entries should lie in.

    Parameters
    ----------
    y, fit : array of shape (n,)
        Observed, NaN where missing, and reconstructed.
    spread : array of shape (n,), optional
        Standard deviation expected of each entry, noise included.
    axis : array of shape (n,), optional
        What the entries are measured at, such as wavelengths; their numbers by default.
    label : str
        Of the axis.

    Returns
    -------
    matplotlib.figure.Figure
    """
    return _draw_signal(np.arange(len(y)) if axis is None else axis, y, fit, spread, label)


@styled
def plot_maps(maps: Sequence[Map]) -> Figure:
    """Draw maps one below the other: how much of a name is where and, beside it, its standard deviation."""
    return _grid([[(one.name, one.amount), *_deviation(one)] for one in maps])


@styled
def draw_beside(pictures: Sequence[tuple[str, Array]]) -> Figure:
    """Draw named pictures of the same kind side by side, two in a row, in the same colours."""
    largest = float(np.nanmax([np.nanmax(picture) for _, picture in pictures]))
    return _grid([pictures[i : i + 2] for i in range(0, len(pictures), 2)], largest)


def _deviation(one: Map) -> list[tuple[str, Array]]:
    return [] if one.std is None else [("standard deviation", one.std)]


def _grid(rows: Sequence[Sequence[tuple[str, Array]]], largest: float | None = None) -> Figure:
    """Draw rows of named pictures, in a figure that is two pictures wide."""
    lines, cols = rows[0][0][1].shape
    width = min(2.2, 3.3 * cols / lines)
    figure = Figure(figsize=(2 * (width + 0.75), len(rows) * (0.35 + width * lines / cols)))
    for places, row in zip(figure.subplots(len(rows), 2, squeeze=False), rows, strict=True):
        for axes, (name, picture) in zip(places, row, strict=False):
            _picture(figure, axes, picture, shorten(name, 24), largest)
        for axes in places[len(row) :]:
            axes.set_visible(False)
    return figure


@styled
def plot_support(codes: Sequence[Codes]) -> Figure:
    """Draw how many signals have how many coefficients above a hundredth of their largest, for each method."""
    figure = Figure(figsize=_SIZE)
    axes = figure.subplots()
    largest = max((float(np.nanmax(one.large)) for one in codes if one.solved), default=0)
    step = max(1, int(np.ceil((largest + 1) / 40)))
    edges = np.arange(0, largest + 1 + step, step) - 0.5
    for one in codes:
        style = look(one.method)
        counts, _ = np.histogram(one.large[np.isfinite(one.large)], edges)
        axes.stairs(counts, edges, color=style.light, linestyle=style.dash, linewidth=1.8, label=style.name)
        axes.stairs(counts, edges, color=style.light, fill=True, alpha=0.15)
    axes.set(xlabel=f"coefficients above 1{SPACE}% of the largest", ylabel="signals", xlim=(edges[0], edges[-1]))
    axes.set_ylim(bottom=0)
    for side in (axes.xaxis, axes.yaxis):
        side.set_major_locator(MaxNLocator(integer=True))
    if len(codes) > 1:
        figure.legend(loc="outside upper left", ncols=len(codes), fontsize=9.5)
    return figure


@styled
def draw_codes(
    x: Array,
    low: Array | None,
    high: Array | None,
    names: Sequence[str] | None = None,
    *,
    most: int = 15,
    level: float = LEVEL,
) -> Figure:
    """Draw the largest coefficients, one a line, the largest on top."""
    chosen = _largest(x, x if high is None else np.maximum(x, high), most)[::-1]
    figure = Figure(figsize=(4.7, 1.3 + 0.24 * max(3, len(chosen))))
    axes = figure.subplots()
    heights = np.arange(len(chosen))
    style = look("rsbl")
    axes.hlines(heights, 0, x[chosen], color=style.light, linewidth=1.2)
    if low is not None and high is not None:
        axes.hlines(heights, low[chosen], high[chosen], color=style.light, linewidth=5, alpha=0.3)
    axes.plot(x[chosen], heights, "o", color=style.light, markersize=6)
    axes.set_yticks(heights, [_label(names, i) for i in chosen], fontsize=9.5)
    axes.set(xlabel="coefficient" if low is None else f"coefficient and its {100 * level:g}{SPACE}% interval")
    axes.set_ylim(min(0, len(chosen) - 3) - 0.7, len(chosen) - 0.3)
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)
    if not chosen:
        axes.text(0.5, 0.5, "every coefficient is zero", transform=axes.transAxes, ha="center", color=MUTED)
    return figure


def _largest(x: Array, reach: Array, most: int) -> list[int]:
    """Return the largest coefficients that count, or that may: they reach above a hundredth of the largest."""
    order = np.lexsort((-reach, -x))
    return [int(i) for i in order if x.max() > 0 and reach[i] > SMALL * x.max()][:most]


def _label(names: Sequence[str] | None, column: int) -> str:
    """Return a column's name, and its number where another has the same name."""
    if not names:
        return str(column)
    name = shorten(names[column], 22)
    return f"{name} [{column}]" if names.count(names[column]) > 1 else name


@styled
def draw_traces(traces: Sequence[tuple[str, Array]], what: str) -> Figure:
    """Draw one curve, or several with a name each, against the iteration."""
    figure = Figure(figsize=_SIZE)
    axes = figure.subplots()
    for (name, values), method in zip(traces, _TRACES, strict=False):
        style = look(method)
        axes.plot(np.arange(1, len(values) + 1), values, color=style.light, linestyle=style.dash, label=name)
    _iterations(axes, what)
    if len(traces) > 1:
        figure.legend(loc="outside upper left", ncols=2, fontsize=9.5)
    return figure


_TRACES = ("rsbl", "sparse", "omp", "nnls")
"""Looks of the curves, in order."""


@styled
def _draw_spread(trace: Array, what: str) -> Figure:
    figure = Figure(figsize=_SIZE)
    axes = figure.subplots()
    style = look("rsbl")
    low, middle, high = np.quantile(_from_end(trace), (0.1, 0.5, 0.9), axis=1)
    steps = np.arange(1, len(trace) + 1)
    axes.fill_between(steps, low, high, color=style.light, alpha=0.25, linewidth=0)
    axes.plot(steps, middle, color=style.light)
    _iterations(axes, f"{what}, from its end")
    return figure


def _from_end(trace: Array) -> Array:
    """Return each trace minus its last value, held at zero after the end."""
    last = np.array([finite(column)[-1] if np.isfinite(column).any() else 0.0 for column in trace.T])
    return np.asarray(np.nan_to_num(trace - last, nan=0.0))


def _iterations(axes: Axes, what: str) -> None:
    axes.set(xlabel="iteration (log scale)", ylabel=what, xscale="log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


@styled
def _draw_signal(axis: Array, y: Array, fit: Array, spread: Array | None, label: str) -> Figure:
    figure = Figure(figsize=_SIZE)
    axes = figure.subplots()
    style = look("rsbl")
    if spread is not None:
        ends = fit - _Z * spread, fit + _Z * spread
        axes.fill_between(axis, *ends, color=style.light, alpha=0.3, linewidth=0, label=f"90{SPACE}% band")
    axes.plot(axis, fit, color=style.light, linewidth=1.4, label="reconstructed")
    axes.plot(axis, y, ".", color=INK, markersize=3, label="observed")
    axes.set(xlabel=label, ylabel="value")
    figure.legend(loc="outside upper left", ncols=3, fontsize=9.5)
    return figure


def _picture(figure: Figure, axes: Axes, picture: Array, title: str, largest: float | None) -> None:
    shown = axes.imshow(picture, cmap=_COLOURS, interpolation="none", vmin=0, vmax=largest)
    axes.set_title(title, fontsize=10.5)
    axes.set_axis_off()
    bar = figure.colorbar(shown, ax=axes, shrink=0.95, aspect=14)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=9)
    bar.ax.grid(False)
    bar.locator = MaxNLocator(4)
    bar.update_ticks()


def _place(owner: str, result: Any, signal: int) -> int | None:
    """Return the column of a signal, None for the only one of a result without columns."""
    count = 1 if result.x.ndim == 1 else result.x.shape[1]
    if not 0 <= signal < count:
        raise ParameterError(owner, "signal", f"a whole number from 0 to {count - 1}", signal)
    return None if result.x.ndim == 1 else signal
