"""The network that a search recommends: trained on all training data several times, and the best learner kept."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from sklearn.metrics import log_loss

from laconic.cli.progress import TrainingProgress
from laconic.cli.source import DataSource
from laconic.cli.training import LOADED_BY_TRAINING
from laconic.cli.workers import Job, WorkerError, run_jobs
from laconic.rnn import RNNClassifier
from laconic.rnn.planner import Plan
from laconic.rnn.training.records import DivergenceError

Row = dict[str, Any]
TRAININGS = 3
"""Of the winner. All sequences are trained on, so none is left to judge by: the loss on them says which learned best,
and what went wrong once is not what the user gets."""

MODEL = "models/best.safetensors"
_CHECKPOINTS, _TRAINED = "checkpoints", "model.safetensors"


def train_winner(found: Plan, source: DataSource, out: Path, jobs: int, console: Console) -> list[Row]:
    """Train the winner of a search with several seeds, keep the one of least training loss as `MODEL`.

    Goes on from checkpoints. The test data choose nothing.

    Returns
    -------
    list of dict
        seed, train_loss, test_accuracy and seconds of each training that did not diverge; what was kept comes first.

    Raises
    ------
    WorkerError
        If all diverged, or a process ended.
    """
    work = [_job(found, found.wish.another_seed(i), source, out) for i in range(TRAININGS)]
    rows = _run(work, jobs, found.wish.n_final_epochs, console)
    if not rows:
        raise WorkerError(f"all {TRAININGS} trainings of the winner on all training data diverged")
    rows.sort(key=lambda row: (row["train_loss"], row["seed"]))
    (out / MODEL).parent.mkdir(exist_ok=True)
    RNNClassifier.load(_place(found, rows[0]["seed"], out) / _TRAINED).save(out / MODEL)
    return rows


def _run(work: list[Job], jobs: int, n_epochs: int, console: Console) -> list[Row]:
    rows, events = list[Row](), run_jobs(work, jobs, LOADED_BY_TRAINING)
    with TrainingProgress(console, [job.name for job in work], n_epochs) as progress, closing(events):
        for done in progress.follow(events):
            rows += [done.value] if done.value else []
            progress.finish(done.name, done.value and done.value["test_accuracy"])
    return rows


def _job(found: Plan, seed: int, source: DataSource, out: Path) -> Job:
    place = _place(found, seed, out)
    classifier = found.classifier(random_state=seed, checkpoint_dir=place, resume=True)
    return Job(f"seed {seed}", train_once, (classifier, source, place))


def _place(found: Plan, seed: int, out: Path) -> Path:
    return out / _CHECKPOINTS / f"{found.best.number}-{seed}"


def train_once(
    classifier: RNNClassifier, source: DataSource, place: Path, on_epoch: Callable[[Any], None]
) -> dict[str, Any] | None:
    """Train the network in this process, save it in `place`, and say how well it learned; None if it diverges."""
    data = source.load()
    place.mkdir(parents=True, exist_ok=True)
    try:
        classifier.set_params(on_epoch=on_epoch).fit(data.x_train, data.y_train)
    except DivergenceError:
        return None
    classifier.save(place / _TRAINED)
    learned = classifier.predict_proba(data.x_train)
    return {
        "seed": classifier.random_state,
        "train_loss": float(log_loss(data.y_train, learned, labels=classifier.classes_)),
        "test_accuracy": float(np.mean(classifier.predict(data.x_test) == data.y_test)),
        "seconds": sum(record.seconds for record in classifier.history_),
    }
