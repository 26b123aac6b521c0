"""Train a dense network and its compressed rivals, and leave a table, a report and the models in a folder."""

import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

import laconic
from laconic.cli.folder import StudyFolder
from laconic.cli.machine import machine, n_cores
from laconic.cli.progress import TrainingProgress
from laconic.cli.source import DataSource
from laconic.cli.strict_json import without_nan
from laconic.cli.table import markdown_table
from laconic.cli.training import LOADED_BY_TRAINING, train_one
from laconic.cli.workers import Event, Job, run_jobs
from laconic.core.units import format_bytes
from laconic.datasets import SequenceData
from laconic.report import render_compression
from laconic.rnn.study import Candidate, Study, candidates, twin_row, with_budget


@dataclass(frozen=True)
class Request:
    """What to compare, on which data, and where the results go.

    Attributes
    ----------
    study : Study
    source : DataSource
    out : Path
    command : str
        As the user typed it, for the report.
    jobs : int or None
        Processes at once; None for one a core.
    resume, overwrite : bool
        As in `StudyFolder`.
    """

    study: Study
    source: DataSource
    out: Path
    command: str
    jobs: int | None = None
    resume: bool = False
    overwrite: bool = False


def compare(request: Request, console: Console) -> dict[str, Any]:
    """Train every network of a study that is not trained yet and write the results.

    Everything that can be wrong with the request is found before the folder is made.

    Returns
    -------
    dict
        What metrics.json holds.
    """
    data = request.source.load()
    settings = study_settings(request.study, request.source)
    request = replace(request, study=with_budget(request.study, data.n_features, len(data.classes)))
    found, skipped = candidates(request.study, data.n_features, len(data.classes))
    folder = StudyFolder(request.out)
    with folder.open(settings, resume=request.resume, overwrite=request.overwrite):
        _say_what_comes(console, data, request.study, found, skipped)
        rows = _train(request, folder, found, console)
        metrics = _metrics(request, data, [rows[candidate.name] for candidate in found], skipped)
        folder.write("table.md", markdown_table(metrics))
        folder.write("report.html", render_compression(metrics))
        folder.write("metrics.json", json.dumps(metrics, indent=1, allow_nan=False) + "\n")
    return metrics


def study_settings(study: Study, source: DataSource) -> dict[str, Any]:
    """Return what must stay the same when a study goes on: all but its methods, each of which stands alone."""
    settings = study.to_dict() | source.settings()
    del settings["methods"]
    return settings


def _say_what_comes(
    console: Console, data: SequenceData, study: Study, found: list[Candidate], skipped: dict[str, str]
) -> None:
    dense, budget = found[0].account.bytes_after, study.budget
    lines = [
        f"{data.name}: {len(data.y_train)} sequences to train on, {len(data.y_test)} to test on ({data.split}), "
        f"{data.n_steps} steps of {data.n_features}, {len(data.classes)} classes",
        f"{study.cell} of {study.hidden} units: {format_bytes(dense)}"
        + (f", to be compressed to {format_bytes(budget)}" if budget and len(found) > 1 else ""),
    ]
    if budget is not None and budget >= dense:
        lines.append(f"The budget of {budget} bytes is no smaller than the dense network of {dense}")
    lines += [f"{method} is left out: {reason}" for method, reason in skipped.items()]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def _train(request: Request, folder: StudyFolder, found: list[Candidate], console: Console) -> dict[str, Any]:
    """Return the row of every network by its method; those of earlier runs are read."""
    own = [candidate for candidate in found if not candidate.same_as]
    rows = {c.name: row for c in own if (row := folder.row(c.name)) is not None}
    jobs = [_job(request, candidate, found[0]) for candidate in own if candidate.name not in rows]
    events = _events(jobs, request)
    with TrainingProgress(console, [job.name for job in jobs], request.study.epochs) as progress, closing(events):
        for done in progress.follow(events):
            rows[done.name] = without_nan(done.value)
            folder.keep_row(done.name, rows[done.name])
            progress.finish(done.name, done.value["accuracy"])
    return rows | {c.name: twin_row(c, rows[c.same_as], request.out) for c in found if c.same_as}


def _events(jobs: list[Job], request: Request) -> Generator[Event]:
    """Run the jobs, the dense network's before the others where they need it."""
    first = [job for job in jobs if job.name == "dense"] if request.study.needs_dense else []
    for some in (first, [job for job in jobs if job not in first]):
        yield from run_jobs(some, request.jobs or n_cores(), LOADED_BY_TRAINING)


def _job(request: Request, candidate: Candidate, dense: Candidate) -> Job:
    arguments = (request.study, candidate, dense, request.source, request.out)
    return Job(candidate.name, train_one, arguments)


def _metrics(
    request: Request, data: SequenceData, rows: list[dict[str, Any]], skipped: dict[str, str]
) -> dict[str, Any]:
    study = request.study
    return {
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": request.command,
        "seed": study.seed,
        "epochs": study.epochs,
        "cell": study.cell,
        "hidden": study.hidden,
        "layers": study.n_layers,
        "bidirectional": study.bidirectional,
        "budget_bytes": study.budget,
        "machine": machine(),
        "data": data.describe(),
        "rows": rows,
        "skipped": [{"method": method, "reason": reason} for method, reason in skipped.items()],
    }
