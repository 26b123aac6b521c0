"""A compression run as a section of a report."""

from collections.abc import Mapping
from typing import Any

from laconic.report import plots
from laconic.report.facts import run_facts
from laconic.report.palette import look
from laconic.report.plots import shorten
from laconic.report.ranks import ranks_part
from laconic.report.records import MethodRow, read_rows
from laconic.report.section import Cell, Column, Figure, Part, Section, Table, TableRow, Term
from laconic.report.words import (
    SPACE,
    Comparison,
    cell_name,
    count,
    duration,
    exact_factor,
    interval,
    keep_shapes,
    mistakes,
    percent,
    size,
)

_COUNTING = (
    "1 KB is 1024 bytes, and every number counts as float32: 4 bytes.",
    "Each gate has one bias vector. The classifier on top is counted in the size of the model but not compressed; "
    "the factor of the layer leaves it out.",
    "A pruned model is charged for its non-zero weights only, not for the indices a sparse format would store with "
    "them, which is in its favour.",
    "Multiply-adds are those of the weights for one sequence, done in the cheaper order where a structure has two.",
    "Largest rank is the largest that the structure allows a weight matrix to have; training need not reach it.",
)
_SURENESS = (
    f"The interval after an accuracy is Wilson's 95{SPACE}% interval for a test set of this size. Differences are "
    "judged as if the models had been tested on different samples (Newcombe's interval), which errs on the side of "
    "caution.",
    "Each method was trained once. Another seed moves every accuracy, and the intervals do not include that.",
)
_COLUMNS = (
    Column("Method"),
    Column("Size", "bytes"),
    Column("Test accuracy", f"95{SPACE}% interval"),
    Column("Model", "times smaller"),
    Column("Layer", "times smaller"),
    Column("Parameters"),
    Column("Multiply-adds", "a sequence"),
    Column("Largest rank"),
    Column("Training", "time"),
)


def compression_section(metrics: Mapping[str, Any]) -> Section:
    """Return what `laconic compress` measured, the content of its metrics.json, as a section.

    Rows may lack any key but `method`; what is missing or not finite is shown as missing.
    """
    rows = read_rows(metrics.get("rows") or ())
    n_test = _test_samples(metrics, rows)
    run = Comparison(rows, str(metrics.get("cell") or "network"), metrics.get("budget_bytes"), n_test)
    return Section(
        title=_title(metrics),
        finding=run.finding(),
        lead=run.lead(),
        parts=(
            Part("All methods", table=_table(run)),
            *_figures(run),
            *_confusions(run, _classes(metrics, rows)),
            *ranks_part(metrics.get("rows") or (), {row.method: row.look for row in rows}),
            *_sentences(run),
            *_skipped(metrics),
            Part("How it was made", terms=_facts(metrics)),
            Part("How it is counted", notes=_COUNTING + _SURENESS),
        ),
    )


def _title(metrics: Mapping[str, Any]) -> str:
    units = f" of {metrics['hidden']} units" if metrics.get("hidden") else ""
    name = shorten(str((metrics.get("data") or {}).get("name") or "unnamed data"), 60)
    return f"{cell_name(str(metrics.get('cell') or 'network'))}{units} on {name}"


def _test_samples(metrics: Mapping[str, Any], rows: tuple[MethodRow, ...]) -> int:
    """Return the size of the test set: as stated, else as counted in a confusion matrix, else 0."""
    stated = (metrics.get("data") or {}).get("n_test")
    return int(stated or max((sum(map(sum, row.confusion)) for row in rows), default=0))


def _classes(metrics: Mapping[str, Any], rows: tuple[MethodRow, ...]) -> list[str]:
    """Return a name for each class; numbers where none are given."""
    names = [str(name) for name in (metrics.get("data") or {}).get("classes") or ()]
    largest = max((len(row.confusion) for row in rows), default=0)
    return names + [str(i) for i in range(len(names), largest)]


def _in_order(run: Comparison) -> list[MethodRow]:
    """Return the dense row first, then the others, most accurate first and those not measured last."""
    return sorted(run.rows, key=lambda row: (not row.dense, not row.measured, -row.accuracy if row.measured else 0.0))


def _table(run: Comparison) -> Table:
    best = run.ranking[:1]
    rows = tuple(_table_row(row, run, row in best) for row in _in_order(run))
    budget = f" at no more than {size(run.budget)}" if run.budget else ""
    others = any(not row.dense for row in run.rows)
    return Table(_COLUMNS, rows, f"The dense model and each way to compress it{budget}." if others else "")


def _table_row(row: MethodRow, run: Comparison, best: bool) -> TableRow:
    accuracy = Cell(percent(row.accuracy, run.n_test), interval(row.accuracy, run.n_test))
    cells = (
        Cell(row.look.name, keep_shapes(row.structure)),
        Cell(size(row.size), count(row.size)),
        accuracy if row.measured else Cell("not measured"),
        Cell(exact_factor(row.factor)),
        Cell(exact_factor(row.layer_factor)),
        Cell(count(row.parameters)),
        Cell(count(row.macs)),
        Cell(count(row.max_rank)),
        Cell(duration(row.seconds)),
    )
    mark = "best compressed" if best else "over the budget" if run.too_large(row) else ""
    return TableRow(cells, row.look.key, mark)


def _figures(run: Comparison) -> tuple[Part, ...]:
    rows = _in_order(run)
    found = []
    if any(row.measured and row.size for row in rows):
        found.append(_sizes_figure(run, rows))
    if any(row.curve for row in rows):
        found.append(_curves_figure(run, rows))
    return (Part("Size and training", figures=tuple(found)),) if found else ()


def _sizes_figure(run: Comparison, rows: list[MethodRow]) -> Figure:
    points = [
        f"{row.look.name}: {percent(row.accuracy, run.n_test)} at {size(row.size)}"
        for row in rows
        if row.measured and row.size
    ]
    bars = f" Bars are 95{SPACE}% intervals." if run.n_test else ""
    return Figure(
        plots.accuracy_against_bytes(rows, run.budget, run.n_test),
        "Test accuracy against size",
        "; ".join(points) + ".",
        f"Accuracy against size. Up is better, left is smaller.{bars}",
    )


def _curves_figure(run: Comparison, rows: list[MethodRow]) -> Figure:
    ends = [(row.look.name, row.curve[-1]) for row in rows if row.curve]
    said = [f"{name}: {percent(end.valid_accuracy, run.n_test)} after epoch {end.epoch}" for name, end in ends]
    return Figure(
        plots.learning_curves(rows),
        "Accuracy and loss during training",
        "; ".join(said) + ".",
        "Learning curves; the accuracy's first epochs may lie below its axis. The test set is used for this picture "
        "and for the final figures only: nothing was chosen by it.",
    )


def _confusions(run: Comparison, classes: list[str]) -> tuple[Part, ...]:
    """Return the matrices of the dense and of the best compressed model, and the others folded away."""
    rows = [row for row in _in_order(run) if row.confusion]
    first = [row for row in rows if row.dense or row in run.ranking[:1]] or rows[:2]
    others = [row for row in rows if row not in first]
    text = (
        "Rows are the true classes, columns the answers. Blue is right, orange is wrong, stronger where a larger share "
    )
    text += "of the true class goes there."
    shown = Part("Which classes are confused", text, figures=tuple(_confusion(row, classes) for row in first))
    folded = Part("The other methods' mistakes", figures=tuple(_confusion(row, classes) for row in others), folded=True)
    return tuple(part for part in (shown, folded) if part.figures)


def _confusion(row: MethodRow, classes: list[str]) -> Figure:
    name, found = row.look.name, mistakes(row.confusion, [shorten(label, 24) for label in classes])
    plot = plots.confusion(row, classes[: len(row.confusion)])
    return Figure(plot, f"Confusion matrix, {name}", found, f"{name}. {found}")


def _sentences(run: Comparison) -> tuple[Part, ...]:
    terms = tuple(
        Term(row.look.name, " ".join(filter(None, [row.summary, row.note])), row.look.key)
        for row in _in_order(run)
        if row.summary or row.note
    )
    return (Part("The methods in a word", terms=terms),) if terms else ()


def _skipped(metrics: Mapping[str, Any]) -> tuple[Part, ...]:
    terms = tuple(
        Term(
            look(str(entry.get("method"))).name, str(entry.get("reason") or "no reason given"), str(entry.get("method"))
        )
        for entry in metrics.get("skipped") or ()
    )
    return (Part("Not run", terms=terms),) if terms else ()


def _facts(metrics: Mapping[str, Any]) -> tuple[Term, ...]:
    """Return data, training, machine and command; what is not known is left out."""
    data = metrics.get("data") or {}
    return run_facts(metrics, {"Data": _data(data), "Test part": data.get("split"), "Training": _training(metrics)})


def _data(data: Mapping[str, Any]) -> str:
    sizes = [
        f"{count(data[key])} {part} samples"
        for key, part in (("n_train", "training"), ("n_test", "test"))
        if key in data
    ]
    if "n_steps" in data and "n_features" in data:
        sizes.append(f"{data['n_steps']} steps of {data['n_features']} features")
    if data.get("classes"):
        sizes.append(f"{len(data['classes'])} classes")
    return ", ".join([str(data["name"]), *sizes] if data.get("name") else sizes)


def _training(metrics: Mapping[str, Any]) -> str:
    epochs = f"{metrics['epochs']} epochs" if "epochs" in metrics else ""
    return ", ".join(filter(None, [epochs, f"seed {metrics['seed']}" if "seed" in metrics else ""]))
