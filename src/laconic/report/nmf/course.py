"""Figures of how a factorisation went: its objective, how far fits agree, and how the number of parts was chosen."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from laconic.core.arrays import to_numpy
from laconic.core.checks import DataError
from laconic.report.nmf.records import Array
from laconic.report.palette import MUTED, look
from laconic.report.style import styled

_SIZE = (4.7, 3.6)
_STAGES = "plain", "annealing", "final"
_STEPS = 3  # equally long stages in a row that are an annealing
_NARROW = 0.12  # share of the iterations below which a stage has no room for its name


@styled
def plot_objective(
    trace: Array, stages: Sequence[int] = (), *, label: str = "objective (log scale)", log: bool = True
) -> Figure:
    """Draw the objective after each iteration, with a line between stages.

    Parameters
    ----------
    trace : array of shape (n_iter,)
        Between stages the penalty changes, and the objective jumps.
    stages : sequence of int
        Iterations of each stage, as in `laconic.factorize.NMFResult`.
    label : str
        Of the objective.
    log : bool
        Whether the scale is logarithmic where all values are above zero.

    Returns
    -------
    matplotlib.figure.Figure
    """
    values = to_numpy(trace)
    if not values.size:
        raise DataError("plot_objective: the trace must hold an iteration, got none")
    figure = Figure(figsize=_SIZE)
    axes = figure.subplots()
    edges = ends(stages, len(values))
    for first, last in pairwise((0, *edges)):
        steps = np.arange(first + 1, last + 1)
        marker = "." if last - first == 1 else ""
        axes.plot(steps, values[first:last], color=look("rsbl").light, marker=marker)
    axes.set(xlabel="iteration", ylabel=label, xlim=(0, len(values) + 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if log and values.min() > 0:
        _logarithmic(axes, values)
    _mark(axes, edges)
    return figure


@styled
def plot_stability(stability: Array, numbers: Sequence[int] | None = None) -> Figure:
    """Draw how much each part is like the one it is matched with in other fits: 1 is the same.

    Parameters
    ----------
    stability : array of shape (k,)
        Cosines, averaged over the other fits.
    numbers : sequence of int, length k, optional
        Numbers of the parts; by default their places, from 0.

    Returns
    -------
    matplotlib.figure.Figure
    """
    values = to_numpy(stability)
    order = np.argsort(-values, kind="stable")
    names = np.arange(len(values)) if numbers is None else np.asarray(numbers)
    figure = Figure(figsize=_SIZE)
    axes, colour = figure.subplots(), look("rsbl").light
    places = np.arange(len(values))
    axes.vlines(places, 0, values[order], color=colour, linewidth=1.2, alpha=0.5)
    axes.plot(places, values[order], "o", color=colour, markersize=5 if len(values) <= 60 else 2.5)
    step = -(-len(values) // 24)
    axes.set_xticks(places[::step], [str(names[i]) for i in order[::step]], fontsize=8)
    axes.set(xlabel="part, the most stable first", ylabel="cosine to its like in other fits", ylim=(0, 1.03))
    axes.grid(axis="x", visible=False)
    return figure


@styled
def plot_rank(choice: Any) -> Figure:
    """Draw the error of entries held out against the number of parts, with its standard error.

    Parameters
    ----------
    choice : RankChoice
        What `laconic.choose_rank` returned.

    Returns
    -------
    matplotlib.figure.Figure
    """
    ranks, style = np.asarray(choice.ranks), look("rsbl")
    figure = Figure(figsize=_SIZE)
    axes = figure.subplots()
    for split in choice.errors.T:
        axes.plot(ranks, split, ".", color=MUTED, markersize=4, alpha=0.6)
    bars: Any = {"yerr": choice.deviation, "capsize": 3, "elinewidth": 1.6, "marker": "o"}
    axes.errorbar(ranks, choice.mean, color=style.light, **bars)
    chosen = {choice.best: "best", choice.one_se: "smallest as good"}
    chosen = {choice.best: "best"} if choice.best == choice.one_se else chosen
    for rank, word in chosen.items():
        axes.axvline(rank, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.2, zorder=1)
        _above(axes, rank, f"{word}: {rank}", "right" if rank == choice.one_se != choice.best else "left")
    axes.set(xlabel="number of parts", ylabel="relative error of entries held out")
    _ranks(axes, ranks)
    return figure


def ends(stages: Sequence[int], n_iter: int) -> tuple[int, ...]:
    """Return the iterations at which the stages end that have a name.

    The steps of the annealing, of equally many iterations each, count as one stage; so does all before and after them.

    Examples
    --------
    >>> ends((30, 8, 2, 2, 2, 50), 94)
    (38, 44, 94)
    """
    if len(stages) < 2:
        return (n_iter,)
    first, last = _longest_run(stages)
    if last - first < _STEPS:
        return (n_iter - stages[-1], n_iter)
    return tuple(dict.fromkeys((sum(stages[:first]), sum(stages[:last]), n_iter)))


def _longest_run(stages: Sequence[int]) -> tuple[int, int]:
    """Return where the longest run of equal numbers begins and ends, the first and the last stage aside."""
    begin, found = 1, (1, 1)
    for place in range(1, len(stages)):
        if place == len(stages) - 1 or stages[place] != stages[begin]:
            found = max(found, (begin, place), key=lambda run: run[1] - run[0])
            begin = place
    return found


def _mark(axes: Axes, edges: Sequence[int]) -> None:
    """Draw a line where a stage ends and, where there is room, write its name."""
    if len(edges) == 1:
        return
    names = _STAGES if len(edges) == 3 else _STAGES[::2]
    for name, (first, last) in zip(names, pairwise((0, *edges)), strict=True):
        if last < edges[-1]:
            axes.axvline(last + 0.5, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.0, zorder=1)
        if last - first > _NARROW * edges[-1]:
            _above(axes, (first + last) / 2, name, "center")


def _above(axes: Axes, x: float, text: str, side: str) -> None:
    """Write above the axes."""
    place: Any = {"transform": axes.get_xaxis_transform(), "ha": side, "va": "bottom"}
    axes.text(x, 1.015, text, color=MUTED, fontsize=9.5, **place)


def _logarithmic(axes: Axes, values: Array) -> None:
    """Make the axis logarithmic, with ticks that people read."""
    axes.set_yscale("log")
    wide = values.max() > 6 * values.min()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8) if wide else MaxNLocator(6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _ranks(axes: Axes, ranks: Array) -> None:
    """Put ticks at the ranks, in a logarithmic scale where they are far apart."""
    if ranks[-1] > 5 * ranks[0]:
        axes.set_xscale("log")
        axes.set_xlabel("number of parts (log scale)")
    axes.xaxis.set_major_locator(FixedLocator(ranks.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
