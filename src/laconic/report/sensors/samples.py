"""Figures of samples: what sensors have read, what the model makes of it, and how sure it is."""

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from laconic.report.codes.records import Image
from laconic.report.palette import INK, MUTED, look, sensor_look
from laconic.report.plots import shorten
from laconic.report.sensors.records import Array, Sample, Sensor
from laconic.report.sensors.tiles import HEIGHT, draw_grey, draw_signed, width_of
from laconic.report.style import styled
from laconic.report.words import SPACE

_Z = 1.6448536269514722  # of a Gaussian's 90 % interval
_WITHIN, _BETWEEN, _ROW, _WORDS = 0.06, 0.4, 1.2, 1.3
_INCHES = 4.7


@styled
def plot_reconstructed_images(samples: Sequence[Sample], images: Sequence[Image]) -> Figure:
    """Draw samples of modalities that are all images: as read, reconstructed, the deviation and, if known, the truth.

    A modality that a sample lacks is hatched. Values above zero are blue, below orange, in one scale for what was read,
    reconstructed and true; deviations are grey, in one scale for all.

    Parameters
    ----------
    samples : sequence of Sample
    images : sequence of Image
        Of each modality.

    Returns
    -------
    matplotlib.figure.Figure
    """
    groups = ["read", "reconstructed", "deviation", *(["truth"] if any(one.truth for one in samples) else [])]
    wide = sum(map(width_of, images)) + _WITHIN * (len(images) - 1)
    across = len(groups) * (wide + _BETWEEN) + _WORDS
    figure = Figure(figsize=(_INCHES, 0.3 + _INCHES * (0.35 + _ROW * len(samples)) / across))
    axes = figure.subplots()
    scales = _largest(samples), float(np.max([np.max(np.concatenate(one.std)) for one in samples]))
    for line, one in enumerate(samples):
        for place, group in enumerate(groups):
            corner = _WORDS + place * (wide + _BETWEEN), -line * _ROW
            _row_of_tiles(axes, corner, _values(one, group), images, scales[group == "deviation"], group)
        axes.text(0, -line * _ROW - 0.5, _label(one), fontsize=7, color=MUTED, va="center", in_layout=False)
    for place, group in enumerate(groups):
        axes.text(
            _WORDS + place * (wide + _BETWEEN), 0.12, group, fontsize=8.5, color=INK, va="bottom", in_layout=False
        )
    axes.set(xlim=(0, across), ylim=(-(len(samples) - 1) * _ROW - HEIGHT - 0.05, 0.45), aspect="equal")
    axes.set_axis_off()
    return figure


@styled
def plot_reconstructions(samples: Sequence[Sample], sensor: Sensor, place: int) -> Figure:
    """Draw what one modality has read of samples, what the model makes of it, and the band of nine in ten entries.

    Parameters
    ----------
    samples : sequence of Sample
    sensor : Sensor
    place : int
        Which of the modalities it is.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = Figure(figsize=(_INCHES, 0.9 + 1.35 * len(samples)))
    grid = figure.subplots(len(samples), 1, squeeze=False, sharex=True).ravel()
    x = np.arange(sensor.n_features) if sensor.axis is None else sensor.axis
    for axes, one in zip(grid, samples, strict=True):
        _band(axes, x, one, place)
        axes.set_title(_label(one, " "), fontsize=8.5, loc="left", color=MUTED, pad=2)
    grid[-1].set_xlabel("feature")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=9)
    return figure


def _band(axes: Axes, x: Array, one: Sample, place: int) -> None:
    colour = look(sensor_look(place)).light
    fit, std = one.fit[place], one.std[place]
    dot = next(size for size, most in ((4, 60), (2.5, 200), (1.2, inf)) if len(x) <= most)
    kind: Any = {"alpha": 0.28, "linewidth": 0, "label": f"90{SPACE}% band"}
    axes.fill_between(x, fit - _Z * std, fit + _Z * std, color=colour, **kind)
    axes.plot(x, fit, color=colour, linewidth=min(1.2, dot / 2), label="reconstructed")
    axes.plot(x, one.given[place], ".", color=INK, markersize=dot, label="read")
    if one.truth is not None and one.lacks(place):
        axes.plot(x, one.truth[place], ".", color=MUTED, markersize=dot)


def _values(one: Sample, group: str) -> Sequence[Array]:
    if group == "truth":
        return one.truth or one.given
    return {"read": one.given, "reconstructed": one.fit, "deviation": one.std}[group]


def _row_of_tiles(
    axes: Axes,
    corner: tuple[float, float],
    values: Sequence[Array],
    images: Sequence[Image],
    full: float,
    group: str,
) -> None:
    left, top = corner
    draw = draw_grey if group == "deviation" else draw_signed
    for one, image in zip(values, images, strict=True):
        draw(axes, (left, top), one, image, full)
        left += width_of(image) + _WITHIN


def _largest(samples: Sequence[Sample]) -> float:
    """Return the largest absolute value of what was read or reconstructed."""
    every = [part for one in samples for part in (*one.given, *one.fit, *(one.truth or ()))]
    return float(np.nanmax([np.nanmax(np.abs(part)) for part in every if np.isfinite(part).any()] or [1.0]))


def _label(one: Sample, between: str = "\n") -> str:
    return between.join([f"number {one.number}", shorten(one.role, 28 if between == " " else 16)])
