"""Figures of parts: as images, as curves, or as the features that are largest in them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from laconic.core.arrays import to_numpy
from laconic.core.checks import DataError, ParameterError, check_choice, check_positive_int
from laconic.report.codes.records import Image
from laconic.report.nmf.records import Array
from laconic.report.palette import INK, MUTED, look
from laconic.report.plots import shorten
from laconic.report.style import styled

_WIDTH = 4.7
_SIDE = 48  # pixels of a part along either side, more are averaged
_LEAST = 3  # square tiles that the width of a figure has room for at least, however few there are
_COLOURS = "viridis"


@styled
def plot_atoms(
    components: Array,
    shape: tuple[int, int] | None = None,
    *,
    order: str = "C",
    most: int = 64,
    numbers: Sequence[int] | None = None,
) -> Figure:
    """Draw parts as images in a grid, each from zero to its own largest value.

    Parameters
    ----------
    components : array of shape (k, p)
        Parts, at least 0.
    shape : (int, int), optional
        Lines and columns of an image; p must be a square number if it is left out.
    order : {"C", "F"}
        Features go along the lines (C) or down the columns (F).
    most : int
        Parts to show, the first ones.
    numbers : sequence of int, length k, optional
        What to write above each; by default their places, from 0.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ParameterError, DataError
        If features are not as many as the pixels of an image.
    """
    check_choice("plot_atoms", "order", order, ("C", "F"))
    rows = _rows("plot_atoms", components, most)
    image = Image(*_shape(components.shape[1], shape), "F" if order == "F" else "C")
    tiles = [_tile(image.picture(row)) for row in rows]
    return _grid(tiles, list(range(len(tiles)) if numbers is None else numbers)[: len(tiles)])


@styled
def plot_profiles(
    components: Array,
    axis: Array | None = None,
    *,
    label: str = "feature",
    most: int = 12,
    numbers: Sequence[int] | None = None,
) -> Figure:
    """Draw parts as curves one below the other, each in its own scale, where features lie along an axis.

    Parameters
    ----------
    components : array of shape (k, p)
    axis : array of shape (p,), optional
        What features are measured at, such as frequencies; their numbers by default.
    label : str
        Of the axis.
    most : int
        Parts to show, the first ones.
    numbers : sequence of int, length k, optional
        What to write beside each; by default their places, from 0.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = _rows("plot_profiles", components, most)
    places = np.arange(rows.shape[1]) if axis is None else np.asarray(axis)
    figure = Figure(figsize=(_WIDTH, 1.0 + 0.32 * len(rows)))
    axes, colour = figure.subplots(), look("rsbl").light
    for place, row in enumerate(rows):
        base = len(rows) - 1 - place
        height = base + 0.9 * row / (row.max() or 1.0)
        axes.fill_between(places, base, height, color=colour, alpha=0.25, linewidth=0)
        axes.plot(places, height, color=colour, linewidth=1.2)
    names = list(range(len(rows)) if numbers is None else numbers)[: len(rows)]
    axes.set_yticks(range(len(rows)), [str(name) for name in names[::-1]], fontsize=9)
    axes.set(xlabel=label, ylabel="part", ylim=(-0.05, len(rows)), xlim=(places.min(), places.max()))
    return figure


@styled
def plot_top_features(
    components: Array,
    names: Sequence[str] | None = None,
    *,
    n_top: int = 8,
    n_atoms: int = 12,
    numbers: Sequence[int] | None = None,
) -> Figure:
    """Draw, for each part, its largest features by name, each on a bar as long as its share of the largest.

    Parameters
    ----------
    components : array of shape (k, p)
    names : sequence of str, length p, optional
        Of the features; their numbers by default.
    n_top : int
        Features of each part.
    n_atoms : int
        Parts to show, the first ones.
    numbers : sequence of int, length k, optional
        Numbers of the parts; by default their places, from 0.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If names are not as many as features.
    """
    if names is not None and len(names) != components.shape[1]:
        needed = f"a name for each of the {components.shape[1]} features"
        raise DataError(f"plot_top_features: there must be {needed}, got {len(names)}")
    rows = _rows("plot_top_features", components, n_atoms)
    n_top = min(check_positive_int("plot_top_features", "n_top", n_top), rows.shape[1])
    across = min(3, len(rows))
    lines = -(-len(rows) // across)
    figure = Figure(figsize=(_WIDTH, lines * (0.28 + 0.16 * n_top)))
    grid = figure.subplots(lines, across, squeeze=False).ravel()
    titles = list(range(len(rows)) if numbers is None else numbers)
    for axes, row, number in zip(grid, rows, titles, strict=False):
        _bars(axes, row, names, n_top, 60 // across)
        axes.set_title(f"part {number}", fontsize=8.5, loc="left", color=MUTED, pad=2)
    for axes in grid[len(rows) :]:
        axes.set_visible(False)
    return figure


def _bars(axes: Axes, row: Array, names: Sequence[str] | None, n_top: int, width: int) -> None:
    """Write the names of the largest features on bars."""
    chosen = [int(i) for i in np.argsort(-row, kind="stable")[:n_top] if row[i] > 0]
    shares = row[chosen] / (row.max() or 1.0)
    axes.barh(range(len(chosen)), shares, height=0.86, color=look("rsbl").light, alpha=0.28)
    for line, feature in enumerate(chosen):
        name = f"feature {feature}" if names is None else shorten(names[feature], width)
        axes.text(0.02, line, name, va="center_baseline", fontsize=7.5, color=INK, in_layout=False)
    axes.set(xlim=(0, 1), ylim=(n_top - 0.5, -0.5))
    axes.set_axis_off()


def _rows(owner: str, components: Array, most: int) -> Array:
    """Return the parts that are shown."""
    rows = to_numpy(components)
    if rows.ndim != 2 or not rows.size:
        raise DataError(f"{owner}: components must be of shape (k, p), got {rows.shape}")
    return rows[: check_positive_int(owner, "most", most)]


def _shape(p: int, shape: tuple[int, int] | None) -> tuple[int, int]:
    side = round(p**0.5)
    lines, cols = (side, side) if shape is None else shape
    if lines * cols != p:
        raise ParameterError("plot_atoms", "shape", f"lines and columns of an image of {p} pixels", shape)
    return lines, cols


def _tile(picture: Array) -> Array:
    """Return a picture of few pixels with values up to one."""
    small = _smaller(picture.astype(np.float64))
    return np.asarray(small / (small.max() or 1.0))


def _smaller(picture: Array) -> Array:
    """Return means of square blocks where there are more than `_SIDE` pixels along a side; what is left over is cut."""
    step = -(-max(picture.shape) // _SIDE)
    lines, cols = (max(1, size // step) for size in picture.shape)
    if step == 1 or min(picture.shape) < step:
        return picture
    cut = picture[: lines * step, : cols * step]
    return np.asarray(cut.reshape(lines, step, cols, step).mean(axis=(1, 3)))


def _grid(tiles: Sequence[Array], numbers: Sequence[int]) -> Figure:
    """Draw tiles of one size in one image, with room for a number above each."""
    h, w = tiles[0].shape
    gap, head = max(1, round(0.08 * w)), max(1, round(0.24 * h))
    down, across = _lines_and_columns(len(tiles), (w + gap) / (h + head))
    sheet = np.full((down * (h + head), max(across, round(_LEAST * h / w)) * (w + gap) - gap), np.nan)
    figure = Figure(figsize=(_WIDTH, 0.1 + _WIDTH * sheet.shape[0] / sheet.shape[1]))
    axes = figure.subplots()
    for place, (tile, number) in enumerate(zip(tiles, numbers, strict=True)):
        line, column = divmod(place, across)
        top, left = line * (h + head) + head, column * (w + gap)
        sheet[top : top + h, left : left + w] = tile
        place_of_number = left - 0.5, top - 0.5 - 0.1 * head
        axes.text(*place_of_number, str(number), fontsize=min(8.0, 60 / across), color=MUTED, va="bottom")
    axes.imshow(np.ma.masked_invalid(sheet), cmap=_COLOURS, interpolation="none", vmin=0, vmax=1)
    axes.set_axis_off()
    return figure


def _lines_and_columns(n: int, ratio: float) -> tuple[int, int]:
    """Return how many tiles go below and beside each other in a square, for the width of one over its height."""
    across = min(n, max(1, round(np.sqrt(n / ratio))))
    down = -(-n // across)
    return down, -(-n // down)
