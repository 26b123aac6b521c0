"""A benchmark over several seeds as a section of a report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.figure import Figure as Plot
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from laconic.report.facts import run_facts
from laconic.report.palette import METHODS, SPARE, Look, contender_name, look
from laconic.report.section import Cell, Column, Figure, Part, Section, Table, TableRow, Term
from laconic.report.style import styled
from laconic.report.words import SPACE, count, duration, exact_factor, keep_shapes, size

Row = Mapping[str, Any]
_COLUMNS = (
    Column("Contender"),
    Column("Size", "bytes"),
    Column("Test accuracy", "mean ± standard deviation, %"),
    Column("Each seed", "%"),
    Column("Layer", "times smaller"),
    Column("Multiply-adds", "a sequence"),
    Column("Largest rank"),
    Column("Training", "time"),
)
_COUNTING = (
    "1 KB is 1024 bytes, and every number counts as float32: 4 bytes. Each gate has one bias vector; the classifier on "
    "top is counted in the size of the model, but not compressed.",
    "A pruned model is charged for its non-zero weights only, not for where they stand.",
    "Deviations are those of seeds: of initial weights and of the order of the data. The test samples are the same.",
)


def seeds_section(metrics: Mapping[str, Any]) -> Section:
    """Return what `laconic reproduce` measured, the content of its metrics.json, as a section."""
    rows: Sequence[Row] = metrics["rows"]
    skipped = metrics.get("skipped") or ()
    looks = _looks([one["method"] for one in (*rows, *skipped)])
    table = Table(_COLUMNS, tuple(_table_row(row, looks[row["method"]]) for row in _in_order(rows)))
    return Section(
        title=metrics["title"],
        finding=_finding(rows, looks),
        parts=(
            Part("All contenders", table=table),
            Part("Accuracy and size", figures=(_figure(rows, looks, metrics.get("budget_bytes")),)),
            *_terms("Goals", [(goal["method"], goal["said"]) for goal in metrics.get("goals") or ()], looks),
            *_terms("Not run", [(one["method"], one["reason"]) for one in skipped], looks),
            Part("How it was made", terms=_facts(metrics)),
            Part("How it is counted", notes=_COUNTING),
        ),
    )


def _looks(names: Sequence[str]) -> dict[str, Look]:
    """Return how each contender is drawn: methods as everywhere, those with more to their name in spare looks."""
    spare, found = list(SPARE.values()), dict[str, Look]()
    for name in dict.fromkeys(names):
        known = name in METHODS
        found[name] = look(name) if known else replace(spare[0], name=contender_name(name))
        spare = spare if known else [*spare[1:], spare[0]]
    return found


def _finding(rows: Sequence[Row], looks: Mapping[str, Look]) -> str:
    dense = next((row for row in rows if row["method"] == "dense"), None)
    others = [row for row in rows if row["method"] != "dense"]
    if not others:
        return f"Dense: {_accuracy(rows[0])}."
    best = max(others, key=lambda row: float(row["accuracy"]))
    words = f"Most accurate of the compressed: {looks[best['method']].name}, {_accuracy(best)} at {size(best['bytes'])}"
    return words + (f"; dense {_accuracy(dense)} at {size(dense['bytes'])}." if dense else ".")


def _accuracy(row: Row) -> str:
    return f"{100 * row['accuracy']:.2f}{SPACE}±{SPACE}{100 * row['accuracy_sd']:.2f}{SPACE}%"


def _in_order(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["method"] != "dense", -row["accuracy"]))


def _table_row(row: Row, style: Look) -> TableRow:
    cells = (
        Cell(style.name, keep_shapes(row["structure"])),
        Cell(size(row["bytes"]), count(row["bytes"])),
        Cell(f"{100 * row['accuracy']:.2f} ± {100 * row['accuracy_sd']:.2f}"),
        Cell(", ".join(f"{100 * one:.2f}" for one in row["accuracies"])),
        Cell(exact_factor(row["layer_factor"])),
        Cell(count(row["macs"])),
        Cell(count(row["max_rank"])),
        Cell(duration(row["seconds"])),
    )
    return TableRow(cells, _key(row["method"], style))


def _key(name: str, style: Look) -> str:
    """Return what the page knows the look by."""
    return name if name in METHODS else style.variable


def _figure(rows: Sequence[Row], looks: Mapping[str, Look], budget: int | None) -> Figure:
    said = [f"{looks[row['method']].name} {_accuracy(row)} at {size(row['bytes'])}" for row in _in_order(rows)]
    caption = "Each mark is one seed, each line a mean. Up is better, left is smaller."
    return Figure(plot_seeds(rows, budget), "Accuracy against size", f"{'; '.join(said)}.", caption)


@styled
def plot_seeds(rows: Sequence[Row], budget_bytes: int | None = None) -> Plot:
    """Draw the accuracy of every seed, and its mean, against the size of the model (log scale)."""
    figure = Plot(figsize=(6.4, 4.2))
    axes = figure.subplots()
    for name, style in _looks([row["method"] for row in rows]).items():
        row = next(row for row in rows if row["method"] == name)
        sizes, percents = [row["bytes"] / 1024] * len(row["accuracies"]), [100 * one for one in row["accuracies"]]
        axes.plot(sizes, percents, style.marker, color=style.light, alpha=0.6, ms=5, lw=0)
        ends, mean = [sizes[0] * 0.94, sizes[0] * 1.06], 100 * row["accuracy"]
        axes.plot(ends, [mean, mean], color=style.light, marker=style.marker, ms=0, label=style.name)
    if budget_bytes:
        axes.axvline(budget_bytes / 1024, color=look("small").light, ls="--", lw=1)
    axes.set(xscale="log", xlabel="size of the model, KB (log scale)", ylabel="test accuracy, %")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    figure.legend(loc="outside upper left", ncols=2, fontsize=9.5)
    return figure


def _terms(heading: str, pairs: Sequence[tuple[str, str]], looks: Mapping[str, Look]) -> tuple[Part, ...]:
    terms = tuple(Term(looks[name].name, text, _key(name, looks[name])) for name, text in pairs)
    return (Part(heading, terms=terms),) if terms else ()


def _facts(metrics: Mapping[str, Any]) -> tuple[Term, ...]:
    data, seeds = metrics.get("data") or {}, ", ".join(map(str, metrics["seeds"]))
    words = f"{data.get('name')}, {count(data.get('n_train'))} training and {count(data.get('n_test'))} test samples"
    training = f"{metrics['epochs']} epochs, seeds {seeds}"
    return run_facts(metrics, {"Data": words, "Test part": data.get("split"), "Training": training})
