"""A search for a network in a folder, the network it recommends trained on all data, and a report."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

import laconic
from laconic.cli.folder import StudyFolder
from laconic.cli.live_line import LiveLine
from laconic.cli.machine import machine
from laconic.cli.source import DataSource
from laconic.cli.table import aligned
from laconic.cli.winner import MODEL, train_winner
from laconic.cli.workers import WorkerError
from laconic.core.units import format_bytes
from laconic.datasets import SequenceData
from laconic.report import network_name, planning_section, write_report
from laconic.rnn.planner import Finding, Plan, Progress, SearchFailedError, Wish, forget, plan

Row = dict[str, Any]
HEADINGS = ("network", "structure", "bytes", "MACs", "rank", "held out %", "each seed", "seconds")
SEARCH = "search"


@dataclass(frozen=True)
class Planning:
    """What is asked for, of which data, and where the results go.

    Attributes
    ----------
    wish : Wish
    source : DataSource
    out : Path
    command : str
        As the user typed it, for the report.
    storage : str or None
        URL of the database that workers share.
    jobs : int
    resume, overwrite : bool
        As in `StudyFolder`.
    """

    wish: Wish
    source: DataSource
    out: Path
    command: str
    storage: str | None = None
    jobs: int = 1
    resume: bool = False
    overwrite: bool = False


def run(planning: Planning, console: Console) -> dict[str, Any]:
    """Search, train the winner on all training data, and write the results.

    Returns
    -------
    dict
        What metrics.json holds.
    """
    data, folder = planning.source.load(), StudyFolder(planning.out)
    settings = planning.wish.identity() | planning.source.settings()
    with folder.open(settings, resume=planning.resume, overwrite=planning.overwrite):
        if planning.overwrite:
            forget(planning.out / SEARCH)
        found = _searched(planning, data, console)
        metrics = _metrics(planning, data, found) | {"best": _trained(planning, found, console)}
        folder.write("table.md", table(metrics["front"]))
        write_report(planning.out / "report.html", [planning_section(metrics)], title=metrics["title"])
        folder.write("metrics.json", json.dumps(metrics, indent=1, allow_nan=False) + "\n")
    return metrics


def _searched(planning: Planning, data: SequenceData, console: Console) -> Plan:
    wish, shown = planning.wish.to_dict(), _Shown(console, planning.wish)
    with shown.line, _failing_as_workers():
        return plan(
            data.x_train,
            data.y_train,
            wish.pop("budget"),
            folder=planning.out / SEARCH,
            storage=planning.storage,
            jobs=planning.jobs,
            on_progress=shown.update,
            **wish,
        )


@contextmanager
def _failing_as_workers() -> Iterator[None]:
    try:
        yield
    except SearchFailedError as error:
        raise WorkerError(str(error)) from None


class _Shown:
    """Shows how far a search has come."""

    def __init__(self, console: Console, wish: Wish) -> None:
        self.line, self.wish, self.before = LiveLine(console), wish, -1

    def update(self, progress: Progress) -> None:
        stage = "finalists" if progress.finals else "search"
        said = f"{progress.n_done} tried, {progress.n_pruned} given up early"
        if progress.best:
            said += f"; best {network_name(progress.best.to_dict())}, {100 * progress.best.accuracy:.2f} %"
        self.line.show(stage, progress.n_done, max(self.wish.n_trials, progress.n_done), said)
        if progress.n_done != self.before and progress.n_done and self.line.is_due(progress.n_done, stage):
            self.line.line(f"{stage}: {said}")
        self.before = progress.n_done


def _trained(planning: Planning, found: Plan, console: Console) -> Row:
    """Train the winner on all training data and say what it does on the test data."""
    trainings = train_winner(found, planning.source, planning.out, planning.jobs, console)
    kept = {"model": MODEL, "test_accuracy": trainings[0]["test_accuracy"]}
    return row_of(found.best) | kept | {"trainings": trainings}


def _metrics(planning: Planning, data: SequenceData, found: Plan) -> dict[str, Any]:
    return {
        "title": f"The best network within {format_bytes(planning.wish.budget)}",
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": planning.command,
        "machine": machine(),
        "data": data.describe(),
        "wish": planning.wish.to_dict(),
        "n_trials": found.n_trials,
        "n_pruned": found.n_pruned,
        "front": [row_of(one) for one in found.front],
        "findings": [row_of(one) for one in found.findings],
    }


def row_of(finding: Finding) -> Row:
    """Return a finding as JSON values, with a name to be read."""
    values = finding.to_dict()
    return {"name": network_name(values)} | values


def table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown."""
    return aligned([HEADINGS, *map(_cells, rows)])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row["name"],
        row["structure"],
        f"{row['bytes']:,}",
        f"{row['macs']:,}",
        str(row["max_rank"]),
        f"{100 * row['accuracy']:.2f}",
        ", ".join(f"{100 * one:.2f}" for one in row["accuracies"]),
        f"{row['seconds']:.0f}",
    )
