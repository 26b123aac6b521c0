"""A figure of atoms: those that are linked side by side, whichever modality they are of."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from laconic.core.checks import check_positive_int
from laconic.report.codes.records import Image
from laconic.report.palette import GRID, MUTED, look, sensor_look
from laconic.report.plots import shorten
from laconic.report.sensors.families import Family, families
from laconic.report.sensors.records import Sensor
from laconic.report.sensors.tiles import HEIGHT, draw_tile, image_of, width_of
from laconic.report.style import styled

MOST, SIBLINGS = 72, 5
"""Tiles in a figure, and atoms of a family of one modality."""

_INCHES = 4.7
_ROW, _STRIP, _WITHIN, _BETWEEN = 1.72, 0.07, 0.1, 0.42  # height of a row, of a strip below a tile, and gaps
_SHAPE = 1.15  # about how much wider than high a figure is
_NARROWEST, _WIDEST = 6.0, 16.0  # of a figure, in heights of a tile


@styled
def plot_linked_atoms(sensors: Sequence[Sensor], *, most: int = MOST) -> Figure:
    """Draw atoms that share scales side by side, the families that carry most first, each atom in its own scale.

    Above each stands its number, below it a strip in the colour of its modality. Blue is above zero, orange below.

    Parameters
    ----------
    sensors : sequence of Sensor
        As `read_sensors` gives them.
    most : int
        Atoms to show, about.

    Returns
    -------
    matplotlib.figure.Figure
    """
    images = [image_of(one) for one in sensors]
    rows = arranged(sensors, check_positive_int("plot_linked_atoms", "most", most))
    across = max(sum(_width(one, images) + _BETWEEN for one in row) for row in rows)
    figure = Figure(figsize=(_INCHES, 0.5 + _INCHES * len(rows) * _ROW / across))
    axes = figure.subplots()
    for line, row in enumerate(rows):
        left = 0.0
        for one in row:
            _family(axes, (left, -line * _ROW), one, sensors, images)
            left += _width(one, images) + _BETWEEN
    axes.set(xlim=(-_BETWEEN / 2, across - _BETWEEN / 2), ylim=(-(len(rows) - 1) * _ROW - HEIGHT - 0.3, 0.5))
    axes.set_axis_off()
    _legend(figure, sensors)
    return figure


def arranged(sensors: Sequence[Sensor], most: int = MOST) -> list[list[Family]]:
    """Return the families that have room in a figure in rows, as words stand in lines; of some the last row is full."""
    images, every, shown, tiles = [image_of(one) for one in sensors], families(sensors), list[Family](), 0
    for one in every:
        tiles += sum(min(SIBLINGS, len(atoms)) for atoms in one.atoms)
        if shown and tiles > most:
            break
        shown.append(one)
    rows = _rows(shown, [_width(one, images) for one in shown])
    cut = len(shown) < len(every) and len(rows) > 1 and len(rows[-1]) < len(rows[-2])
    return rows[:-1] if cut else rows


def _width(one: Family, images: Sequence[Image | None]) -> float:
    tiles = [width_of(image) for atoms, image in zip(one.atoms, images, strict=True) for _ in atoms[:SIBLINGS]]
    return sum(tiles) + _WITHIN * (len(tiles) - 1)


def _rows(shown: Sequence[Family], widths: Sequence[float]) -> list[list[Family]]:
    limit = _limit(widths)
    rows, room = list[list[Family]](), 0.0
    for one, width in zip(shown, widths, strict=True):
        room -= width + _BETWEEN
        if room < 0:
            rows.append([])
            room = limit - width - _BETWEEN
        rows[-1].append(one)
    return rows


def _limit(widths: Sequence[float]) -> float:
    """Return how wide a row may be, for a figure of about the same shape whatever is in it."""
    each = sum(widths) / len(widths) + _BETWEEN
    suits = min(_WIDEST, max(_NARROWEST, sqrt(_SHAPE * _ROW * each * len(widths))))
    return max(each * ceil(suits / each - 0.2), max(widths) + _BETWEEN) + 1e-9


def _family(
    axes: Axes, corner: tuple[float, float], one: Family, sensors: Sequence[Sensor], images: Sequence[Image | None]
) -> None:
    left, top = corner
    said = set[int]()  # a number that follows itself is written once
    axes.add_patch(_ground(corner, _width(one, images)))
    for place, (sensor, image, atoms) in enumerate(zip(sensors, images, one.atoms, strict=True)):
        width = width_of(image)
        for atom in atoms[:SIBLINGS]:
            draw_tile(axes, (left, top), sensor.components[atom], image, place)
            _strip(axes, (left, top - HEIGHT - 0.06), width, place)
            if atom not in said:
                _say(axes, left, top, str(atom))
            said = {atom}
            left += width + _WITHIN
        if len(atoms) > SIBLINGS:
            _say(axes, left - _WITHIN, top, f"+{len(atoms) - SIBLINGS}", "right")


def _say(axes: Axes, x: float, top: float, text: str, side: Literal["left", "right"] = "left") -> None:
    axes.text(x, top + 0.07, text, fontsize=6.5, color=MUTED, va="bottom", ha=side, in_layout=False)


def _ground(corner: tuple[float, float], width: float) -> Rectangle:
    """Return what atoms of a family stand on."""
    left, top = corner
    kind: Any = {"facecolor": GRID, "edgecolor": "none", "alpha": 0.45, "zorder": 0}
    return Rectangle((left - 0.09, top - HEIGHT - 0.2), width + 0.18, HEIGHT + 0.56, **kind)


def _strip(axes: Axes, corner: tuple[float, float], width: float, place: int) -> None:
    colour = look(sensor_look(place)).light
    axes.add_patch(Rectangle((corner[0], corner[1] - _STRIP), width, _STRIP, facecolor=colour, edgecolor="none"))


def _legend(figure: Figure, sensors: Sequence[Sensor]) -> None:
    handles = [Rectangle((0, 0), 1, 1, facecolor=look(sensor_look(j)).light) for j in range(len(sensors))]
    names = [shorten(one.name, 24) for one in sensors]
    figure.legend(handles, names, loc="outside upper left", ncols=6, fontsize=9.5, handlelength=1.2, handleheight=0.5)
