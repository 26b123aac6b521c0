"""The experiment's two figures, drawn without pyplot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator
from page import Rows
from plan import Table

from laconic.report.palette import MUTED
from laconic.report.style import styled

_FLOOR = 1e-10  # what is below is drawn here
LOOKS = {
    "R-SBL diagonal": ("#0067b1", "o"),
    "R-SBL LMMSE": ("#00856a", "s"),
    "R-SBL GAMP": ("#cf5600", "^"),
    "R-SBL EP": ("#a61fa0", "v"),
    "R-SBL MCMC": ("#8a6d00", "D"),
    "Student-t sparse NNLS": ("#5d4fc4", "P"),
    "GDP sparse NNLS": ("#9c4a3c", "*"),
    "scipy nnls": ("#1b2027", "x"),
    "NN-OMP, K known": ("#8a939e", "+"),
    "Lasso+, oracle": ("#c2185b", "1"),
}


@styled
def against_sparsity(tables: Sequence[Table], rows: Rows) -> Figure:
    """Error above and support error below, against the number of non-zeros: a column of panels a table."""
    figure = Figure(figsize=(4.8 * len(tables), 7.2))
    panels = figure.subplots(2, len(tables), sharex="col", squeeze=False)
    for column, table in zip(panels.T, tables, strict=True):
        _head(column[0], table)
        column[1].set(xlabel="number of non-zeros K", ylabel="support error")
        for method in table.methods:
            _curves(column, table, method, rows)
    _legend(figure)
    return figure


@styled
def over_designs(tables: Sequence[Table], rows: Rows) -> Figure:
    """A panel a table: designs across, a marker a method at the height of its error."""
    figure = Figure(figsize=(9.6, 3.5 * len(tables) + 0.8))
    panels = figure.subplots(len(tables), 1, squeeze=False)[:, 0]
    for axes, table in zip(panels, tables, strict=True):
        _head(axes, table)
        drawn = [method for method in table.methods if method in LOOKS]
        for place, method in enumerate(drawn):
            _markers(axes, table, method, rows, (place - (len(drawn) - 1) / 2) * 0.08)
        axes.set_xticks(range(len(table.settings)), [s.design.replace("_", " ") for s in table.settings])
        axes.set_xlim(-0.5, len(table.settings) - 0.5)
        axes.grid(False, axis="x")
        for edge in range(len(table.settings) - 1):
            axes.axvline(edge + 0.5, color=MUTED, linewidth=0.5)
    _legend(figure)
    return figure


@styled
def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None})


def _head(axes: Axes, table: Table) -> None:
    axes.set_title(table.title, loc="left", fontsize=11)
    axes.set(yscale="log", ylabel="NMSE (log)")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def _curves(column: Any, table: Table, method: str, rows: Rows) -> None:
    found = [(s.n_nonzero, rows[s, method]) for s in table.settings if (s, method) in rows]
    if not found or method not in LOOKS:
        return
    counts = [count for count, _ in found]
    _draw(column[0], method, counts, [max(row["nmse_mean"], _FLOOR) for _, row in found], "-")
    _draw(column[1], method, counts, [row["support_error"] for _, row in found], "-")


def _markers(axes: Axes, table: Table, method: str, rows: Rows, shift: float) -> None:
    found = [(place, rows[s, method]) for place, s in enumerate(table.settings) if (s, method) in rows]
    if found:
        heights = [max(row["nmse_mean"], _FLOOR) for _, row in found]
        _draw(axes, method, [place + shift for place, _ in found], heights, "none")


def _draw(axes: Axes, method: str, x: Sequence[float], y: Sequence[float], line: str) -> None:
    colour, marker = LOOKS[method]
    dashed = (0, (3, 1.5)) if line != "none" and not method.startswith("R-SBL") else line
    axes.plot(
        x, np.asarray(y), color=colour, marker=marker, linestyle=dashed, linewidth=1.3, markersize=6, label=method
    )


def _legend(figure: Figure) -> None:
    """Name every method once, in the order of the tables."""
    known = {name: line for axes in figure.axes for line, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    names = [name for name in LOOKS if name in known]
    figure.legend([known[name] for name in names], names, loc="outside lower center", ncols=4, fontsize=9.5)
