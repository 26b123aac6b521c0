"""The report's figures: pure functions from measured rows to matplotlib figures, drawn without pyplot."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from laconic.report.palette import MUTED, PAPER, RIGHT, WRONG
from laconic.report.records import MethodRow
from laconic.report.statistics import wilson
from laconic.report.style import styled
from laconic.report.svg import printable
from laconic.report.words import SPACE, size

_FEW_CLASSES, _MANY_CLASSES = 12, 32  # counts are written up to the first, every class named up to the second
_SHORT = 16  # characters of names of which three stand side by side over a figure
_FULL = 0.25  # share of a class's samples at which a mistake has the full colour


@styled
def learning_curves(rows: Sequence[MethodRow]) -> Figure:
    """Draw training loss and accuracy against the epoch; rows without a curve are left out.

    The accuracy's axis starts where the slowest method is after a fifth of its epochs, so that the end can be seen.
    """
    rows = [row for row in rows if row.curve]
    figure = Figure(figsize=(4.7, 4.5))
    accuracy, loss = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    for row in rows:
        _line(accuracy, row, [100 * epoch.valid_accuracy for epoch in row.curve])
        _line(loss, row, [epoch.train_loss for epoch in row.curve])
    _accuracy_limits(accuracy, rows)
    accuracy.set_ylabel("test accuracy, %")
    loss.set(ylabel="training loss (log)", xlabel="epoch", yscale="log")
    loss.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    low, high = loss.get_ylim()
    loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 40 * low else (1,), numticks=7))
    loss.yaxis.set_minor_locator(NullLocator())
    loss.xaxis.set_major_locator(MaxNLocator(integer=True))
    lines, names = accuracy.get_legend_handles_labels()
    columns = 3 if max(map(len, names), default=0) <= _SHORT else 2
    figure.legend(lines, names, loc="outside upper left", ncols=columns, fontsize=9.5)
    return figure


@styled
def accuracy_against_bytes(rows: Sequence[MethodRow], budget_bytes: int | None = None, n_test: int = 0) -> Figure:
    """Draw test accuracy against the model's size (log scale), with 95 % intervals where `n_test` is given.

    Rows without an accuracy or a size are left out; a dashed line marks the budget.
    """
    rows = [row for row in rows if row.measured and row.size]
    figure = Figure(figsize=(4.7, 4.5))
    axes = figure.subplots()
    axes.set(xscale="log", xlabel="size of the model, KB (log scale)", ylabel="test accuracy, %")
    for row in rows:
        _point(axes, row, n_test)
    _size_limits(axes, rows, budget_bytes)
    _labels(axes, rows, n_test)
    return figure


@styled
def confusion(row: MethodRow, classes: Sequence[str]) -> Figure:
    """Draw a confusion matrix: true classes down, predicted ones across, shaded by their share of the true class."""
    counts = np.asarray(row.confusion, dtype=np.int64)
    figure = Figure(figsize=(4.7, 4.7))
    axes = figure.subplots()
    axes.imshow(_shades(counts), interpolation="none")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.tick_params(length=0)
    _name_classes(axes, classes)
    if len(counts) <= _FEW_CLASSES:
        _write_counts(axes, counts)
    return figure


def _line(axes: Axes, row: MethodRow, values: Sequence[float]) -> None:
    """Draw a curve with the method's marker at its end."""
    epochs, style = [epoch.epoch for epoch in row.curve], row.look
    last = len(epochs) - 1
    axes.plot(
        epochs,
        values,
        color=style.light,
        linestyle=style.dash,
        marker=style.marker,
        markevery=[last],
        label=shorten(style.name, 22),
    )


def _accuracy_limits(axes: Axes, rows: Sequence[MethodRow]) -> None:
    """Cut off the first fifth of training where it would squeeze the rest."""
    kept = [100 * epoch.valid_accuracy for row in rows for epoch in row.curve[len(row.curve) // 5 :]]
    kept = [value for value in kept if np.isfinite(value)]
    if kept:
        room = 0.06 * (max(kept) - min(kept)) + 0.2
        axes.set_ylim(max(0.0, min(kept) - room), min(100.0, max(kept)) + room)


def _point(axes: Axes, row: MethodRow, n_test: int) -> None:
    style, share = row.look, row.accuracy
    low, high = wilson(share, n_test) if n_test else (share, share)
    axes.errorbar(
        [row.size or 0],
        [100 * share],
        yerr=[[100 * max(0.0, share - low)], [100 * max(0.0, high - share)]],
        color=style.light,
        marker=style.marker,
        markersize=8,
        elinewidth=1.6,
        capsize=3,
        markeredgecolor=PAPER,
        zorder=3,
    )


def _size_limits(axes: Axes, rows: Sequence[MethodRow], budget: int | None) -> None:
    """Leave room for the labels on both sides, put ticks at 1, 2 and 5 times powers of ten, mark the budget."""
    sizes = [row.size or 0 for row in rows] + ([budget] if budget else [])
    if not sizes:
        return
    axes.set_xlim(min(sizes) / 1.9, max(sizes) * 1.9)
    ticks = [1024 * step * 10.0**power for power in range(-3, 7) for step in (1, 2, 5)]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1024:g}"))
    if budget:
        axes.axvline(budget, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.2, zorder=1)
        place: Any = {"transform": axes.get_xaxis_transform(), "ha": "center", "va": "bottom"}
        axes.text(budget, 1.01, f"budget {size(budget)}", color=MUTED, fontsize=9.5, **place)


def _labels(axes: Axes, rows: Sequence[MethodRow], n_test: int) -> None:
    """Name each point beside it, moved up or down until no two names share a line."""
    rows = sorted(rows, key=lambda row: row.accuracy)
    if not rows:
        return
    largest = max(row.size or 0 for row in rows)
    gap = 0.062 * (axes.get_ylim()[1] - axes.get_ylim()[0])
    for row, height in zip(rows, _spread([100 * row.accuracy for row in rows], gap), strict=True):
        right = row.size == largest and len(rows) > 1
        axes.annotate(
            f"{shorten(row.look.name, 29)} {100 * row.accuracy:.1f}{SPACE}%",
            xy=(row.size or 0, 100 * row.accuracy),
            xytext=((row.size or 0) * (0.8 if right else 1.25), height),
            ha="right" if right else "left",
            va="center",
            arrowprops={"arrowstyle": "-", "color": row.look.light, "shrinkB": 6, "relpos": (float(right), 0.5)},
        )


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move ascending heights apart until neighbours differ by `gap`, groups staying centred where they were."""
    groups = [[height] for height in heights]
    centre = [float(height) for height in heights]
    while touching := [
        i for i, (a, b) in enumerate(pairwise(groups)) if centre[i + 1] - centre[i] < gap * (len(a) + len(b)) / 2 - 1e-9
    ]:
        i = touching[0]
        groups[i : i + 2] = [groups[i] + groups[i + 1]]
        centre[i : i + 2] = [sum(groups[i]) / len(groups[i])]
    return [
        middle + gap * (place - (len(group) - 1) / 2)
        for group, middle in zip(groups, centre, strict=True)
        for place in range(len(group))
    ]


def _shades(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return colours (n, n, 4): blue for right answers, orange for mistakes, transparent where there are none."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.eye(len(counts), dtype=bool)
    shades = np.empty((*counts.shape, 4))
    shades[..., :3] = np.where(right[..., np.newaxis], RIGHT, WRONG)
    shades[..., 3] = np.where(right, 0.62 * shares, 0.85 * np.sqrt(np.minimum(shares / _FULL, 1)))
    return shades


def _name_classes(axes: Axes, classes: Sequence[str]) -> None:
    step = -(-len(classes) // _MANY_CLASSES)
    names = [shorten(name, 12) for name in classes[::step]]
    rotation = 90 if len(classes) > 16 or max(map(len, names)) > 3 else 0
    small = 10.5 if len(names) <= 16 else 7.5
    axes.set_xticks(range(0, len(classes), step), names, fontsize=small, rotation=rotation)
    axes.set_yticks(range(0, len(classes), step), names, fontsize=small)


def _write_counts(axes: Axes, counts: NDArray[np.int64]) -> None:
    """Write the counts into their cells; zeros are left out, so that mistakes stand out."""
    font = min(10.5, 370 / (len(counts) * len(str(counts.max()))))  # as wide as a cell of this matrix allows
    for i, j in zip(*np.nonzero(counts), strict=True):
        axes.text(j, i, f"{counts[i, j]}", ha="center", va="center", fontsize=font, in_layout=False)


def shorten(text: str, most: int) -> str:
    """Return text on one line, cut to `most` characters with an ellipsis."""
    line = " ".join(printable(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
