"""A benchmark over several seeds as a section of a report."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure as Plot

from laconic.report.facts import run_facts
from laconic.report.palette import Look, distinct_looks
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
_FULLY = {"full-adam": "full-adam (AdamW where a network is too large for it)"}
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
    looks = distinct_looks([one["method"] for one in (*rows, *skipped)])
    table = Table(_COLUMNS, tuple(_table_row(row, looks[row["method"]]) for row in _in_order(rows)))
    return Section(
        title=metrics["title"],
        finding=_finding(rows, looks),
        parts=(
            Part("All contenders", table=table),
            Part("Accuracy of every seed", figures=(_figure(rows, looks),)),
            *_terms("Goals", [(goal["method"], goal["said"]) for goal in metrics.get("goals") or ()], looks),
            *_terms("Not run", [(one["method"], one["reason"]) for one in skipped], looks),
            Part("How it was made", terms=_facts(metrics)),
            Part("How it is counted", notes=_COUNTING),
        ),
    )


def _finding(rows: Sequence[Row], looks: Mapping[str, Look]) -> str:
    dense = next((row for row in rows if row["method"] == "dense"), None)
    others = [row for row in rows if row["method"] != "dense"]
    if not others:
        return f"Dense: {_accuracy(rows[0])}."
    best = max(others, key=lambda row: float(row["accuracy"]))
    words = f"Most accurate of the compressed: {looks[best['method']].name}, {_accuracy(best)} at {size(best['bytes'])}"
    words += f" ({best['note']})" if best.get("note") else ""  # such as what its bytes leave out
    return words + (f"; dense {_accuracy(dense)} at {size(dense['bytes'])}." if dense else ".")


def _accuracy(row: Row) -> str:
    return f"{100 * row['accuracy']:.2f}{SPACE}±{SPACE}{100 * row['accuracy_sd']:.2f}{SPACE}%"


def _in_order(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["method"] != "dense", -row["accuracy"]))


def _table_row(row: Row, style: Look) -> TableRow:
    cells = (
        Cell(style.name, keep_shapes("; ".join(filter(None, [row["structure"], row.get("note")])))),
        Cell(size(row["bytes"]), count(row["bytes"])),
        Cell(f"{100 * row['accuracy']:.2f} ± {100 * row['accuracy_sd']:.2f}"),
        Cell(", ".join(f"{100 * one:.2f}" for one in row["accuracies"])),
        Cell(exact_factor(row["layer_factor"])),
        Cell(count(row["macs"])),
        Cell(count(row["max_rank"])),
        Cell(duration(row["seconds"])),
    )
    return TableRow(cells, style.key)


def _figure(rows: Sequence[Row], looks: Mapping[str, Look]) -> Figure:
    said = [f"{looks[row['method']].name} {_accuracy(row)} at {size(row['bytes'])}" for row in _in_order(rows)]
    caption = "Each mark is one seed, each upright line a mean."
    return Figure(plot_seeds(rows), "Accuracy of every seed", f"{'; '.join(said)}.", caption)


@styled
def plot_seeds(rows: Sequence[Row]) -> Plot:
    """Draw the accuracy of every seed, and its mean, a line each contender, the best on top."""
    figure = Plot(figsize=(6.4, 1.2 + 0.3 * len(rows)))
    axes, looks = figure.subplots(), distinct_looks([row["method"] for row in rows])
    ordered = sorted(rows, key=lambda row: float(row["accuracy"]))
    for place, row in enumerate(ordered):
        style, percents = looks[row["method"]], [100 * one for one in row["accuracies"]]
        axes.plot(percents, [place] * len(percents), style.marker, color=style.light, alpha=0.7, ms=6, lw=0)
        axes.plot([100 * row["accuracy"]] * 2, [place - 0.3, place + 0.3], color=style.light)
    names = [f"{looks[row['method']].name}, {size(row['bytes'])}" for row in ordered]
    axes.set_yticks(range(len(rows)), names)
    axes.set(xlabel="test accuracy, %")
    return figure


def _terms(heading: str, pairs: Sequence[tuple[str, str]], looks: Mapping[str, Look]) -> tuple[Part, ...]:
    terms = tuple(Term(looks[name].name, text, looks[name].key) for name, text in pairs)
    return (Part(heading, terms=terms),) if terms else ()


def _facts(metrics: Mapping[str, Any]) -> tuple[Term, ...]:
    data, seeds = metrics.get("data") or {}, ", ".join(map(str, metrics["seeds"]))
    words = f"{data.get('name')}, {count(data.get('n_train'))} training and {count(data.get('n_test'))} test samples"
    training = f"{metrics['epochs']} epochs, seeds {seeds}; {recipe(metrics.get('training') or {})}"
    return run_facts(metrics, {"Data": words, "Test part": data.get("split"), "Training": training})


def recipe(training: Mapping[str, Any]) -> str:
    """Say how the networks of a benchmark were trained, where it was not as by default."""
    plain = {name.replace("_", " "): value for name, value in training.items() if value and name != "rates"}
    said = [f"{name} {_FULLY.get(value, value)}" for name, value in plain.items()]
    rates = ", ".join(f"{name} {rate:g}" for name, rate in (training.get("rates") or {}).items())
    return "; ".join([*said, f"rates {rates or 'as by default'}"])
