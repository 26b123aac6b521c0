"""Train a dense network and its compressed rivals, and leave a table, a report and the models in a folder."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

import laconic
from laconic.cli.folder import StudyFolder
from laconic.cli.machine import machine
from laconic.cli.progress import TrainingProgress
from laconic.cli.source import DataSource
from laconic.cli.table import markdown_table
from laconic.cli.workers import Job, run_jobs
from laconic.datasets import SequenceData
from laconic.report import render_compression
from laconic.rnn.study import Candidate, Study, candidates, train_candidate


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

    Returns
    -------
    dict
        What metrics.json holds.
    """
    data = request.source.load()
    found, skipped = candidates(request.study, data.n_features, len(data.classes))
    settings = request.study.to_dict() | {"data": request.source.fingerprint()}
    folder = StudyFolder(request.out, settings, resume=request.resume, overwrite=request.overwrite)
    rows = _train(request, folder, found, console)
    metrics = _metrics(request, data, [rows[candidate.method] for candidate in found], skipped)
    folder.write("table.md", markdown_table(metrics))
    folder.write("report.html", render_compression(metrics))
    folder.write("metrics.json", json.dumps(metrics, indent=1) + "\n")
    return metrics


def _train(request: Request, folder: StudyFolder, found: list[Candidate], console: Console) -> dict[str, Any]:
    rows = {c.method: row for c in found if (row := folder.row(c.method)) is not None}
    jobs = [_job(request, candidate, found[0]) for candidate in found if candidate.method not in rows]
    with TrainingProgress(console, [job.name for job in jobs], request.study.epochs) as progress:
        for name, row in run_jobs(jobs, request.jobs or os.cpu_count() or 1, progress.update):
            folder.keep_row(name, row)
            rows[name] = row
            progress.finish(name, f"done, accuracy {row['accuracy']:.4f}")
    return rows


def _job(request: Request, candidate: Candidate, dense: Candidate) -> Job:
    arguments = (request.study, candidate, dense, request.source, request.out)
    return Job(candidate.method, train_one, arguments)


def train_one(
    study: Study,
    candidate: Candidate,
    dense: Candidate,
    source: DataSource,
    out: Path,
    on_epoch: Callable[[Any], None],
) -> dict[str, Any]:
    """Train one network in this process; what a worker calls."""
    data = source.load()
    arrays = (data.x_train, data.y_train, data.x_test, data.y_test)
    return train_candidate(study, candidate, dense, arrays, out, on_epoch)


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
        "budget_bytes": study.budget,
        "machine": machine(),
        "data": data.describe(),
        "rows": rows,
        "skipped": [{"method": method, "reason": reason} for method, reason in skipped.items()],
    }
