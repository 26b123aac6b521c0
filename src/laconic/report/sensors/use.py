"""Figures of who uses which atoms: shares of energy and of samples, and the codes of some samples."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from laconic.core.checks import check_choice
from laconic.report.palette import GRID, look, sensor_look
from laconic.report.plots import shorten
from laconic.report.sensors.families import families, order_of
from laconic.report.sensors.records import Array, Sensor
from laconic.report.shades import shades
from laconic.report.style import styled

_FULL = 0.99  # the quantile of codes that has the full colour
_WHAT = {"energy": "of its energy, %", "usage": "of its samples, %"}
_SIZE = 4.7


@styled
def plot_use(sensors: Sequence[Sensor], what: str = "energy") -> Figure:
    """Draw for each modality how much each atom carries, atoms in the order of their families.

    Parameters
    ----------
    sensors : sequence of Sensor
    what : {"energy", "usage"}
        Its share in the energy of all atoms, or the share of samples that use it.

    Returns
    -------
    matplotlib.figure.Figure
    """
    check_choice("plot_use", "what", what, tuple(_WHAT))
    every = families(sensors)
    figure = Figure(figsize=(_SIZE, 0.9 + 1.25 * len(sensors)))
    grid = figure.subplots(len(sensors), 1, squeeze=False).ravel()
    for place, (axes, one) in enumerate(zip(grid, sensors, strict=True)):
        values = 100 * (one.shares if what == "energy" else one.usage)
        order = order_of(every, place)
        colour = look(sensor_look(place)).light
        axes.bar(np.arange(len(order)), values[order], width=0.8, color=colour, alpha=0.75)
        axes.set_title(shorten(one.name, 40), fontsize=10, loc="left", pad=3)
        axes.set_ylabel(_WHAT[what], fontsize=9)
        axes.yaxis.set_major_locator(MaxNLocator(3))
        _number(axes, order)
    grid[-1].set_xlabel("atom")
    return figure


@styled
def plot_sensor_codes(sensors: Sequence[Sensor]) -> Figure:
    """Draw codes as maps, samples down and atoms across, modalities side by side: blue above zero, orange below.

    Samples are ordered by the family of atoms that is strongest in them; rows of a modality that a sample lacks are
    grey.

    Parameters
    ----------
    sensors : sequence of Sensor

    Returns
    -------
    matplotlib.figure.Figure
    """
    every = families(sensors)
    orders = [order_of(every, place) for place in range(len(sensors))]
    rows = strongest_first(sensors)
    figure = Figure(figsize=(max(_SIZE, 1.0 + 1.85 * len(sensors)), 4.7))
    grid = figure.subplots(1, len(sensors), squeeze=False, sharey=True).ravel()
    for axes, one, order in zip(grid, sensors, orders, strict=True):
        _map(axes, one.codes[rows][:, order])
        axes.set_title(shorten(one.name, 24), fontsize=10, loc="left", pad=3)
        axes.set_xlabel("atom")
        _number(axes, order, most=10)
    grid[0].set_ylabel("sample, by its strongest atoms")
    return figure


def strongest_first(sensors: Sequence[Sensor]) -> Array:
    """Return the order of samples by the family that is strongest in them, and then by how strong it is."""
    every = families(sensors)
    total = np.zeros((len(sensors[0].codes), len(every)))
    for place, one in enumerate(sensors):
        squares = np.nan_to_num(one.codes) ** 2 / (one.energy.sum() or 1.0)
        for i, family in enumerate(every):
            total[:, i] += squares[:, list(family.atoms[place])].sum(axis=1)
    return np.lexsort((-total.max(axis=1), total.argmax(axis=1)))


def _map(axes: Axes, codes: Array) -> None:
    sizes = np.abs(codes[np.isfinite(codes) & (codes != 0)])
    axes.imshow(
        shades(codes, float(np.quantile(sizes, _FULL)) if sizes.size else 1.0, power=0.5),
        aspect="auto",
        interpolation="none",
        zorder=2,
    )
    for first, last in _stretches(np.asarray(np.isnan(codes).all(axis=1))):
        axes.axhspan(first - 0.5, last - 0.5, color=GRID, linewidth=0, zorder=1)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))


def _stretches(marked: Array) -> list[tuple[int, int]]:
    """Return where stretches of marked rows begin and end."""
    steps = np.diff(np.concatenate([[0], marked.astype(int), [0]]))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def _number(axes: Axes, order: Array, most: int = 16) -> None:
    step = max(1, -(-len(order) // most))
    axes.set_xticks(np.arange(0, len(order), step), [str(i) for i in order[::step]], fontsize=8)
    axes.grid(axis="x", visible=False)
