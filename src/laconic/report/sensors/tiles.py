"""Vectors of features as small pictures: images where they are one, else curves."""

from math import ceil, sqrt
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from laconic.report.codes.records import Image
from laconic.report.palette import GREY, GRID, MUTED, look, sensor_look
from laconic.report.sensors.records import Array, Sensor
from laconic.report.shades import shades

HEIGHT = 1.0
"""Of a tile, in units of the axes; widths follow from it."""

_CURVE = 1.7  # width of a curve
_NARROWEST, _WIDEST = 0.35, 2.5
_SIDE = 48  # pixels along either side of an image, and
_POINTS = 160  # points of a curve; of more, means and extremes are shown
_SMOOTH = (
    0.85  # von Neumann's ratio, along lines and columns, up to which features are taken for pixels of an image, and
)
_ALIKE = 2.0  # how much rougher columns of one may be than its lines: in a curve cut into lines they are far more so
_LEAST = 36  # features that may be such an image


def image_of(one: Sensor) -> Image | None:
    """Return how features lie in an image: as is known or, where a square of them is smooth both ways, in it."""
    p = one.n_features
    side = round(sqrt(p))
    if one.image is not None or side * side != p or p < _LEAST or one.names:
        return one.image
    pictures = one.components.reshape(-1, side, side)
    down, along = (_roughness(pictures, axis) for axis in (1, 2))
    return Image(side, side) if max(down, along) < _SMOOTH and down < _ALIKE * along else None


def _roughness(pictures: Array, axis: int) -> float:
    """Return von Neumann's ratio along an axis: the mean squared step over twice the variance."""
    variance = float(np.mean((pictures - pictures.mean(axis=(1, 2), keepdims=True)) ** 2))
    return float(np.mean(np.diff(pictures, axis=axis) ** 2)) / (2 * variance) if variance > 0 else 1.0


def width_of(image: Image | None) -> float:
    """Return the width of a tile."""
    return _CURVE if image is None else min(_WIDEST, max(_NARROWEST, image.cols / image.lines))


def draw_tile(axes: Axes, corner: tuple[float, float], values: Array, image: Image | None, place: int) -> None:
    """Draw values in their own scale, from a corner (left, top) on."""
    full = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 1.0
    if image is None:
        _curve(axes, corner, values, full, place)
    else:
        _picture(axes, corner, shades(smaller(image.picture(values)), full), width_of(image))


def draw_grey(axes: Axes, corner: tuple[float, float], values: Array, image: Image, full: float) -> None:
    """Draw values of at least zero in grey."""
    picture = shades(smaller(image.picture(values)), full)
    picture[..., :3] = GREY
    _picture(axes, corner, picture, width_of(image))


def draw_signed(axes: Axes, corner: tuple[float, float], values: Array, image: Image, full: float) -> None:
    """Draw values in a scale that is given; entries that are missing are hatched."""
    picture = shades(smaller(image.picture(values)), full)
    _picture(axes, corner, picture, width_of(image))
    if np.isnan(values).all():
        _box(axes, corner, width_of(image), hatch="////", linewidth=0.6)


def smaller(picture: Array) -> Array:
    """Return means of blocks where there are more pixels than can be seen; what is left over is cut."""
    step = ceil(max(picture.shape) / _SIDE)
    if step == 1 or min(picture.shape) < step:
        return picture
    lines, cols = (size // step for size in picture.shape)
    cut = picture[: lines * step, : cols * step].reshape(lines, step, cols, step)
    return np.asarray(cut.mean(axis=(1, 3)))


def _picture(axes: Axes, corner: tuple[float, float], colours: Array, width: float) -> None:
    left, top = corner
    axes.imshow(colours, extent=(left, left + width, top - HEIGHT, top), interpolation="none", aspect="auto", zorder=2)
    _box(axes, corner, width)


def _curve(axes: Axes, corner: tuple[float, float], values: Array, full: float, place: int) -> None:
    left, top = corner
    y = _few(values) / (full or 1.0)
    x = np.linspace(left, left + _CURVE, len(y)) if len(y) > 1 else np.array([left + _CURVE / 2])
    middle = top - HEIGHT / 2
    axes.hlines(middle, left, left + _CURVE, color=GRID, linewidth=0.6, zorder=1)
    colour, marker = look(sensor_look(place)).light, "." if len(y) == 1 else ""
    axes.plot(x, middle + 0.46 * HEIGHT * y, color=colour, linewidth=0.9, marker=marker)
    _box(axes, corner, _CURVE)


def _few(values: Array) -> Array:
    """Return so many values at most, of each stretch the one farthest from zero."""
    step = ceil(len(values) / _POINTS)
    if step == 1:
        return values
    padded = np.zeros(ceil(len(values) / step) * step)
    padded[: len(values)] = np.nan_to_num(values)
    stretches = padded.reshape(-1, step)
    return np.asarray(stretches[np.arange(len(stretches)), np.abs(stretches).argmax(axis=1)])


def _box(axes: Axes, corner: tuple[float, float], width: float, hatch: str = "", linewidth: float = 0.6) -> None:
    left, top = corner
    edge = MUTED if hatch else GRID
    kind: Any = {"fill": False, "edgecolor": edge, "linewidth": linewidth, "hatch": hatch, "zorder": 3}
    axes.add_patch(Rectangle((left, top - HEIGHT), width, HEIGHT, **kind))
