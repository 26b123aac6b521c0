"""Figures of a fit: noise of each modality, who is missing where, and how well classes are told."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from laconic.report.palette import GRID, INK, MUTED, PAPER, look, sensor_look
from laconic.report.plots import shorten
from laconic.report.sensors.records import Accuracy, Sensor
from laconic.report.statistics import wilson
from laconic.report.style import styled
from laconic.report.words import SPACE

_WIDTH = 4.7
_MOST = 12  # patterns that are shown


@styled
def plot_noise(sensors: Sequence[Sensor]) -> Figure:
    """Draw the share of each modality's power that is noise, on a logarithmic scale.

    Parameters
    ----------
    sensors : sequence of Sensor

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(_WIDTH, 1.0 + 0.5 * len(sensors)))
    axes = figure.subplots()
    shares = [100 * max(one.noise_share, 1e-9) for one in sensors]
    places = np.arange(len(sensors))[::-1]
    low = 10 ** np.floor(np.log10(min(shares)) - 0.2)
    for j, (one, share, place) in enumerate(zip(sensors, shares, places, strict=True)):
        style = look(sensor_look(j))
        axes.hlines(place, low, share, color=style.light, linewidth=2.2, alpha=0.6)
        axes.plot([share], [place], marker=style.marker, color=style.light, markersize=9)
        said = f"{share:.3g}{SPACE}%, deviation {one.noise**0.5:.2g}"
        axes.text(share, place + 0.2, said, fontsize=8.5, color=MUTED, ha="right" if share > 10 else "left")
    axes.set(xscale="log", xlabel="share of the power that is noise, % (log scale)", ylim=(-0.6, len(sensors) - 0.25))
    axes.set_xlim(low, max(100.0, 1.2 * max(shares)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_yticks(places, [shorten(one.name, 20) for one in sensors])
    axes.grid(axis="y", visible=False)
    return figure


@styled
def plot_missing(sensors: Sequence[Sensor], patterns: Sequence[tuple[tuple[bool, ...], int]]) -> Figure:
    """Draw which modalities samples have, a filled dot each, and how many samples have just these.

    Parameters
    ----------
    sensors : sequence of Sensor
    patterns : sequence of (tuple of bool, int)
        The most frequent first; of more than 12 the rest is added up.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shown = patterns[:_MOST]
    rest = sum(n for _, n in patterns[_MOST:])
    counts = [n for _, n in shown] + ([rest] if rest else [])
    figure = Figure(figsize=(_WIDTH, 1.2 + 0.34 * len(counts)))
    dots, bars = figure.subplots(1, 2, sharey=True, width_ratios=(max(1.0, 0.45 * len(sensors)), 3))
    lines = np.arange(len(counts))[::-1]
    for (there, _), line in zip(shown, lines, strict=False):
        _dots(dots, there, int(line))
    if rest:
        dots.text(-0.3, 0, "others", fontsize=9, color=MUTED, va="center")
    bars.barh(lines, counts, height=0.55, color=look("kronecker").light, alpha=0.75)
    for line, n in zip(lines, counts, strict=True):
        bars.text(n, line, f" {n:,}", va="center", fontsize=9, color=INK)
    _frame(dots, bars, sensors, counts)
    return figure


@styled
def plot_sensor_accuracy(accuracies: Sequence[Accuracy]) -> Figure:
    """Draw how well classes are told from all modalities and from some, with 95 % intervals; a marker for each method.

    Parameters
    ----------
    accuracies : sequence of Accuracy

    Returns
    -------
    matplotlib.figure.Figure
    """
    which = list(dict.fromkeys(one.sensors for one in accuracies))
    methods = list(dict.fromkeys(one.method for one in accuracies))
    figure = Figure(figsize=(_WIDTH, 1.3 + 0.5 * len(which)))
    axes = figure.subplots()
    for one in accuracies:
        shift = 0.26 * (methods.index(one.method) - (len(methods) - 1) / 2)
        _interval(axes, one, len(which) - 1 - which.index(one.sensors) - shift, methods.index(one.method))
    axes.set_yticks(range(len(which)), [shorten(name, 24) for name in which[::-1]])
    axes.set(xlabel="right classes, %", ylim=(-0.6, len(which) - 0.4))
    axes.grid(axis="y", visible=False)
    if len(methods) > 1:
        handles, labels = axes.get_legend_handles_labels()
        unique = dict(zip(labels, handles, strict=True))
        figure.legend(list(unique.values()), list(unique), loc="outside upper left", ncols=2, fontsize=9)
    return figure


_LOOKS = ("kronecker", "small", "lowrank", "hybrid")
"""Of the methods, in order."""


def _interval(axes: Axes, one: Accuracy, height: float, method: int) -> None:
    style, share = look(_LOOKS[method % len(_LOOKS)]), one.share
    low, high = wilson(share, one.n)
    ends = [[100 * max(0.0, share - low)], [100 * max(0.0, high - share)]]
    kind: Any = {"markersize": 7, "elinewidth": 1.6, "capsize": 3, "markeredgecolor": PAPER, "zorder": 3}
    axes.errorbar(
        [100 * share],
        [height],
        xerr=ends,
        color=style.light,
        marker=style.marker,
        linestyle="",
        label=one.method,
        **kind,
    )


def _dots(axes: Axes, there: Sequence[bool], line: int) -> None:
    for j, is_there in enumerate(there):
        colour = look(sensor_look(j)).light if is_there else GRID
        axes.plot([j], [line], "o", color=colour, markersize=9)


def _frame(dots: Axes, bars: Axes, sensors: Sequence[Sensor], counts: Sequence[int]) -> None:
    names = [shorten(one.name, 16) for one in sensors]
    dots.set_xticks(range(len(sensors)), names, rotation=30 if len(sensors) > 1 else 0, ha="right", fontsize=9)
    dots.set(xlim=(-0.6, len(sensors) - 0.4), ylim=(-0.6, len(counts) - 0.4), yticks=[])
    dots.grid(False)
    dots.spines[:].set_visible(False)
    dots.tick_params(length=0)
    bars.set(xlabel="samples", xlim=(0, 1.18 * max(counts)))
    bars.tick_params(axis="y", length=0)
    bars.grid(axis="y", visible=False)
    bars.xaxis.set_major_locator(MaxNLocator(4, integer=True))
