"""A model as C on a device, as a section of a report."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Plot

from laconic.report.facts import run_facts
from laconic.report.palette import GRID, MUTED, Look, look
from laconic.report.section import Cell, Column, Figure, Part, Section, Table, TableRow
from laconic.report.style import styled
from laconic.report.words import count, size

Row = Mapping[str, Any]

_COUNTING = (
    "Weights are the constants in the C: weights, biases, and where the non-zeros of a pruned matrix stand. Code is "
    "what else the program has in flash: kernels, cells, start-up code, and a main that reads sequences.",
    "State is the RAM of one stream, work space included.",
    "QEMU counts instructions, not cycles: on a device, waiting for flash comes on top.",
)


def deployment_section(metrics: Mapping[str, Any]) -> Section:
    """Return what `laconic deploy` wrote and measured, the content of its deploy.json, as a section.

    Parameters
    ----------
    metrics : mapping
        Names in it are untrusted text.
    """
    rows: Sequence[Row] = metrics["rows"]
    return Section(
        title=f"C for {metrics['title']}",
        finding=_finding(rows, metrics["title"]),
        parts=(
            Part("What it takes", table=_table(rows), figures=_figures(rows)),
            Part("How it was made", terms=run_facts(metrics, _terms(metrics))),
            Part("How it is counted", notes=_COUNTING),
        ),
    )


def _terms(metrics: Mapping[str, Any]) -> dict[str, str]:
    onnx = metrics.get("onnx")
    file = f"{onnx['file']} ({onnx['form']}), {size(onnx['bytes'])}" if onnx else ""
    return {"Target": metrics["title"], "Run over": _run(metrics["rows"][0]), "ONNX": file}


def _name(row: Row) -> str:
    return _look(row).name


def _look(row: Row) -> Look:
    return look(str(row["method"]).split("-")[0])


def _detail(row: Row) -> str:
    """What a contender's name says beyond its method."""
    return "".join(str(row["method"]).partition("-")[1:]).lstrip("-")


_WHOLE = "-int8"
"""What ends the name of a model in whole numbers."""


def _label(row: Row) -> str:
    return _name(row) + (", int8" if str(row["method"]).endswith(_WHOLE) else "")


def _beside(row: Row, first: Row) -> str:
    """What a model is called beside the first one, which may be the same in whole numbers."""
    return "in floats" if f"{row['method']}{_WHOLE}" == first["method"] else _look(row).adjective


def _finding(rows: Sequence[Row], title: str) -> str:
    first = rows[0]
    words = f"{_label(first)}: {size(first['weight_bytes'])} of weights and {size(first['state_bytes'])} of state"
    if first.get("instructions_per_step"):
        words += f", {count(round(first['instructions_per_step']))} instructions a step on {title}"
    for other in rows[1:]:
        words += f"; {_beside(other, first)} {size(other['weight_bytes'])}"
        if other.get("instructions_per_step"):
            words += f" and {count(round(other['instructions_per_step']))} instructions"
    return words + "."


def _run(row: Row) -> str:
    if "sequences" not in row:
        return ""
    return f"{count(row['sequences'])} sequences of {count(row['steps'])} steps"


_COLUMNS: tuple[tuple[Column, str], ...] = (
    (Column("Weights", "bytes"), "weight_bytes"),
    (Column("State", "bytes"), "state_bytes"),
    (Column("Code", "bytes"), "code_bytes"),
    (Column("Multiply-adds", "a step"), "macs_per_step"),
    (Column("Instructions", "a step"), "instructions_per_step"),
    (Column("Difference", "largest, from the reference"), "largest_difference"),
    (Column("Accuracy", "%"), "accuracy"),
)


def _table(rows: Sequence[Row]) -> Table:
    kept = [(column, key) for column, key in _COLUMNS if any(row.get(key) is not None for row in rows)]
    lines = tuple(
        TableRow((Cell(_name(row), _detail(row)), *(Cell(_said(key, row.get(key))) for _, key in kept)), _look(row).key)
        for row in rows
    )
    return Table((Column("Model"), *(column for column, _ in kept)), lines)


def _said(key: str, value: Any) -> str:
    if value is None:
        return "–"
    if key == "largest_difference":
        return f"{value:.0e}" if value else "0"
    return f"{100 * value:.1f}" if key == "accuracy" else count(round(value))


def _figures(rows: Sequence[Row]) -> tuple[Figure, ...]:
    said = "; ".join(f"{_label(row)} {size(row['weight_bytes'])} of weights" for row in rows)
    found = [Figure(plot_flash(rows), "Flash", f"{said}.", "Weights, then code, pale, where it was built.")]
    if all(row.get("instructions_per_step") for row in rows):
        said = "; ".join(f"{_label(row)} {count(round(row['instructions_per_step']))}" for row in rows)
        found.append(Figure(plot_instructions(rows), "Instructions a step", f"{said}."))
    return tuple(found)


@styled
def plot_flash(rows: Sequence[Row]) -> Plot:
    """Draw the bytes of weights and of code, a bar each model."""
    return _bars(rows, [row["weight_bytes"] for row in rows], [row.get("code_bytes") or 0 for row in rows], "bytes")


@styled
def plot_instructions(rows: Sequence[Row]) -> Plot:
    """Draw the instructions of a step, a bar each model."""
    return _bars(rows, [row["instructions_per_step"] for row in rows], [0.0] * len(rows), "instructions a step")


def _bars(rows: Sequence[Row], values: Sequence[float], more: Sequence[float], label: str) -> Plot:
    figure = Plot(figsize=(5.2, 0.9 + 0.45 * len(rows)))
    axes, places = figure.subplots(), np.arange(len(rows))[::-1]
    axes.barh(places, values, 0.6, color=[_look(row).light for row in rows])
    axes.barh(places, more, 0.6, left=values, color=GRID, edgecolor=MUTED)
    axes.set_yticks(places, [_label(row) for row in rows])
    axes.set(xlabel=label, xlim=(0, 1.02 * max(a + b for a, b in zip(values, more, strict=True))))
    axes.grid(visible=False, axis="y")
    return figure
