"""What a worker does: train one network of a study."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from laconic.cli.source import DataSource
from laconic.rnn.study import Candidate, Study, train_candidate

LOADED_BY_TRAINING = ("torch._dynamo",)
"""Modules that torch's optimizers load as they are made, which takes seconds in every process."""


def train_one(
    study: Study,
    candidate: Candidate,
    dense: Candidate,
    source: DataSource,
    out: Path,
    on_epoch: Callable[[Any], None],
) -> dict[str, Any]:
    """Train one network in this process and return its row."""
    data = source.load()
    arrays = (data.x_train, data.y_train, data.x_test, data.y_test)
    return train_candidate(study, candidate, dense, arrays, out, on_epoch)
