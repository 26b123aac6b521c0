"""What a search for a network found, as a section of a report."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure as Plot
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from laconic.report.facts import run_facts
from laconic.report.palette import look
from laconic.report.section import Cell, Column, Figure, Part, Section, Table, TableRow, Term
from laconic.report.style import styled
from laconic.report.words import SPACE, cell_name, count, duration, keep_shapes, size

Row = Mapping[str, Any]
_COLUMNS = (
    Column("Network"),
    Column("Size", "bytes"),
    Column("Accuracy held out", "mean, each seed, %"),
    Column("Multiply-adds", "a sequence"),
    Column("Largest rank"),
    Column("Learning rate"),
    Column("Training", "time"),
)
_COUNTING = (
    "Networks were judged on a part of the training data that was held out; the test data chose nothing. Whoever is "
    "best of many was lucky, too: finalists are trained for longer with three seeds, each of which holds out another "
    "part, and their mean decides.",
    "The winner is trained on all training data, with several seeds; the training that ends with the least loss on "
    "them is kept.",
    "A training falls out when others were better after as many epochs: of three one goes on (successive halving).",
    "1 KB is 1024 bytes. Every number counts as float32, 4 bytes; in a network of 8 bits it is one byte. Each gate has "
    "one bias vector; the classifier on top is counted too.",
)


def network_name(row: Mapping[str, Any]) -> str:
    """Return what a network that a search found is called.

    Examples
    --------
    >>> network_name({"cell": "gru", "method": "kronecker", "hidden": 24})
    'GRU, Kronecker, 24 units'
    """
    bits = ", 8 bits" if row.get("bits") == 8 else ""
    return f"{cell_name(row['cell'])}, {look(row['method']).adjective}, {row['hidden']} units{bits}"


def planning_section(metrics: Mapping[str, Any]) -> Section:
    """Return what `laconic plan` found, the content of its metrics.json, as a section."""
    best, front = metrics["best"], metrics["front"]
    finding = (
        f"{network_name(best)}: {_percent(best['test_accuracy'])} of the test data, with {size(best['bytes'])} and "
        f"{count(best['macs'])} multiply-adds for a sequence."
    )
    table = Table(_COLUMNS, tuple(_table_row(row, best) for row in front))
    return Section(
        title=metrics["title"],
        finding=finding,
        parts=(
            Part("What nothing else beats in accuracy, size and multiply-adds together", table=table),
            Part("Accuracy against size and multiply-adds", figures=_figures(metrics)),
            Part("How it was made", terms=_facts(metrics)),
            Part("How it is judged", notes=_COUNTING),
        ),
    )


def _table_row(row: Row, best: Row) -> TableRow:
    cells = (
        Cell(network_name(row), keep_shapes(row["structure"])),
        Cell(size(row["bytes"]), count(row["bytes"])),
        Cell(f"{100 * row['accuracy']:.2f}", ", ".join(f"{100 * one:.2f}" for one in row["accuracies"])),
        Cell(count(row["macs"])),
        Cell(count(row["max_rank"])),
        Cell(f"{row['learning_rate']:.2g}"),
        Cell(duration(row["seconds"])),
    )
    return TableRow(cells, row["method"], "best" if row["number"] == best["number"] else "")


def _figures(metrics: Mapping[str, Any]) -> tuple[Figure, Figure]:
    rows, front = metrics["findings"], metrics["front"]
    said = "; ".join(f"{network_name(row)} {_percent(row['accuracy'])} at {size(row['bytes'])}" for row in front)
    caption = "Each mark is a network that was trained to the end; the line joins those that no other one beats."
    return (
        Figure(plot_front(rows, "bytes", metrics["wish"]["budget"]), "Accuracy against size", f"{said}.", caption),
        Figure(
            plot_front(rows, "macs", metrics["wish"]["max_macs"]),
            "Accuracy against multiply-adds",
            "The same networks by their multiply-adds for a sequence.",
        ),
    )


@styled
def plot_front(rows: Sequence[Row], cost: str, limit: int | None = None) -> Plot:
    """Draw the held-out accuracy of every network against a cost (log scale), and a line along the best.

    Parameters
    ----------
    rows : sequence of mappings
        With method, accuracy, bytes and macs.
    cost : {"bytes", "macs"}
    limit : int, optional
        Most that was allowed.
    """
    figure = Plot(figsize=(6.4, 4.2))
    axes = figure.subplots()
    for method in dict.fromkeys(row["method"] for row in rows):
        style, some = look(method), [row for row in rows if row["method"] == method]
        found = [_scaled(row[cost], cost) for row in some], [100 * row["accuracy"] for row in some]
        axes.plot(*found, style.marker, color=style.light, alpha=0.8, ms=6, lw=0, label=style.name)
    best = _climbing(rows, cost)
    line = [_scaled(row[cost], cost) for row in best], [100 * row["accuracy"] for row in best]
    axes.plot(*line, drawstyle="steps-post", color=look("dense").light, lw=1, zorder=1)
    if limit:
        axes.axvline(_scaled(limit, cost), color=look("small").light, ls="--", lw=1)
    words = {"bytes": "size of the model, KB (log scale)", "macs": "multiply-adds for a sequence (log scale)"}
    axes.set(xscale="log", xlabel=words[cost], ylabel="accuracy held out, %")
    near = max(line[0]) < 4 * min(line[0])
    axes.xaxis.set_major_locator(MaxNLocator(5) if near else LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    figure.legend(loc="outside upper left", ncols=3, fontsize=9.5)
    return figure


def _scaled(value: float, cost: str) -> float:
    return value / 1024 if cost == "bytes" else value


def _climbing(rows: Sequence[Row], cost: str) -> list[Row]:
    """Return the rows that are more accurate than every cheaper one, the cheapest first."""
    best: list[Row] = []
    for row in sorted(rows, key=lambda row: (row[cost], -row["accuracy"])):
        if not best or row["accuracy"] > best[-1]["accuracy"]:
            best.append(row)
    return best


def _percent(share: float) -> str:
    return f"{100 * share:.2f}{SPACE}%"


def _facts(metrics: Mapping[str, Any]) -> tuple[Term, ...]:
    data, wish = metrics.get("data") or {}, metrics["wish"]
    words = f"{data.get('name')}, {count(data.get('n_train'))} training and {count(data.get('n_test'))} test samples"
    tried = f"{metrics['n_trials']} trainings, {metrics['n_pruned']} of them given up early; seed {wish['seed']}"
    choice = f"{', '.join(map(cell_name, wish['cells']))}; {', '.join(wish['methods'])}"
    about = {"Data": words, "Search": tried, "Choice": choice, "Epochs": wish["epochs"]}
    return run_facts(metrics, about | {"Winner": _trainings(metrics["best"])})


def _trainings(best: Row) -> str:
    """Say what each training of the winner does on the test data; nothing where these were not told."""
    each = [f"seed {one['seed']} {_percent(one['test_accuracy'])}" for one in best.get("trainings", ())]
    return f"trained {len(each)} times; of the test data: {', '.join(each)}; the first was kept" if each else ""
