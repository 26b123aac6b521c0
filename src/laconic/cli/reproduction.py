"""A benchmark over several seeds: a study each, then means, deviations and goals."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from laconic.cli.benchmarks import RIVALS, Benchmark, Goal
from laconic.cli.comparison import Request, compare
from laconic.cli.table import aligned
from laconic.core.checks import ParameterError
from laconic.core.files import atomic_write_text
from laconic.core.units import format_bytes
from laconic.datasets.known import KNOWN, find_known
from laconic.report import seeds_section, write_report

Row = dict[str, Any]
HEADINGS = ("method", "structure", "bytes", "layer", "MACs", "rank", "accuracy %", "each seed", "seconds")
_RECIPE = (
    "forget_bias", "batch_size", "optimizer", "weight_decay", "label_smoothing", "augment", "rates", "distillation",
    "quantization", "start",
)  # fmt: skip
_SAME = ("structure", "bytes", "parameters", "factor", "layer_factor", "max_rank", "macs", "note", "summary")


@dataclass(frozen=True)
class Reproduction:
    """A benchmark to run.

    Attributes
    ----------
    benchmark : Benchmark
    request : Request
        Of one seed; the others differ in seed and folder.
    seeds : tuple of int
    """

    benchmark: Benchmark
    request: Request
    seeds: tuple[int, ...]


def reproduce(wanted: Reproduction, console: Console) -> dict[str, Any]:
    """Run every seed that is not done yet; leave table, report and figures in the folder, a folder in it for each seed.

    Returns
    -------
    dict
        What metrics.json holds.
    """
    runs = []
    for seed in wanted.seeds:
        console.print(f"seed {seed}", highlight=False)
        runs.append(compare(_of_seed(wanted.request, seed), console))
    metrics = summary(wanted, runs)
    out = wanted.request.out
    atomic_write_text(out / "table.md", table(metrics["rows"]))
    write_report(out / "report.html", [seeds_section(metrics)], title=metrics["title"])
    atomic_write_text(out / "metrics.json", json.dumps(metrics, indent=1, allow_nan=False) + "\n")
    return metrics


def _of_seed(request: Request, seed: int) -> Request:
    study, source = replace(request.study, seed=seed), replace(request.source, seed=seed)
    return replace(request, study=study, source=source, out=request.out / f"seed-{seed}")


def summary(wanted: Reproduction, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Bring the runs of all seeds together."""
    rows = [_row(first["method"], runs) for first in runs[0]["rows"]]
    same = ("laconic", "date", "command", "epochs", "cell", "hidden", "budget_bytes", "machine", "data", "skipped")
    goals = [verdict(goal, rows) for goal in wanted.benchmark.goals]
    found = {name: runs[-1][name] for name in same}
    return {
        "title": wanted.benchmark.title,
        **found,
        "training": {name: value for name, value in wanted.request.study.to_dict().items() if name in _RECIPE},
        "seeds": list(wanted.seeds),
        "rows": rows,
        "goals": [one for one in goals if one],
    }


def _row(method: str, runs: Sequence[Mapping[str, Any]]) -> Row:
    each = [next(row for row in run["rows"] if row["method"] == method) for run in runs]
    accuracies = [row["accuracy"] for row in each]
    return (
        {"method": method}
        | {name: each[0][name] for name in _SAME}
        | {
            "accuracy": statistics.mean(accuracies),
            "accuracy_sd": statistics.stdev(accuracies) if len(accuracies) > 1 else 0.0,
            "accuracies": accuracies,
            "seconds": statistics.mean(row["seconds"] for row in each),
        }
    )


def verdict(goal: Goal, rows: Sequence[Row]) -> dict[str, Any] | None:
    """Return what was to be reached, in words, and whether it was; None where it was not run."""
    found = {row["method"]: row["accuracy"] for row in rows}
    if goal.contender not in found:
        return None
    mine, conditions = found[goal.contender], []
    if goal.least is not None:
        conditions.append((f"at least {100 * goal.least:g} %", mine >= goal.least))
    if goal.below_dense is not None and "dense" in found:
        words = f"at most {_points(goal.below_dense)} below dense ({_percent(found['dense'])})"
        conditions.append((words, mine >= found["dense"] - goal.below_dense))
    if goal.above_rivals is not None:
        rivals = {name: theirs for name, theirs in found.items() if name.split("-")[0] in RIVALS}
        conditions += [_above(mine, name, theirs, goal.above_rivals) for name, theirs in rivals.items()]
    said = "; ".join(f"{words}: {'yes' if met else 'no'}" for words, met in conditions)
    return {"method": goal.contender, "accuracy": mine, "said": said, "met": all(met for _, met in conditions)}


def _above(mine: float, name: str, theirs: float, margin: float) -> tuple[str, bool]:
    by = f"{_points(margin)} " if margin else ""
    return f"{by}above {name} ({_percent(theirs)})", mine > theirs and mine >= theirs + margin


def _points(share: float) -> str:
    return f"{100 * share:g} point{'' if share == 0.01 else 's'}"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown."""
    return aligned([HEADINGS, *map(_cells, rows)])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row["method"],
        row["structure"] + (f" ({row['note']})" if row["note"] else ""),
        f"{row['bytes']:,} ({format_bytes(row['bytes'])})" if row["bytes"] >= 1024 else f"{row['bytes']}",
        f"{row['layer_factor']:.2f}x",
        f"{row['macs']:,}",
        str(row["max_rank"]),
        f"{_percent(row['accuracy'])} ± {100 * row['accuracy_sd']:.2f}",
        ", ".join(f"{100 * one:.2f}" for one in row["accuracies"]),
        f"{row['seconds']:.0f}",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"


def named(benchmarks: Mapping[str, Benchmark], folder: Path | None) -> str:
    """Return a line for each benchmark, and whether its data are there."""
    lines = []
    for name, one in benchmarks.items():
        try:
            where = str(find_known(one.data, folder))
        except ParameterError:
            where = f"{KNOWN[one.data].file} is not there"
        lines.append(f"{name}: {one.title} ({where})")
    return "\n".join(lines)
