"""What is kept of each epoch."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from laconic.core.checks import DataError
from laconic.rnn.training.border import Callback, NeuralNetClassifier
from laconic.rnn.training.clipping import NORM


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of training.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    train_loss : float
        Mean over the epoch of what training minimises (weighted and smoothed cross-entropy, in nats).
    valid_loss, valid_accuracy : float or None
        Mean cross-entropy (nats, neither weighted nor smoothed) and share of right answers on the validation
        data, with the weights one would predict with; None without validation data.
    learning_rate : float
        Learning rate of the epoch's last batch.
    seconds : float
        Wall time.
    gradient_norm, largest_gradient_norm : float or None
        Euclidean norm of the gradient of all weights before it is clipped: mean and largest over the epoch's batches;
        None in records of earlier versions.
    """

    epoch: int
    train_loss: float
    valid_loss: float | None
    valid_accuracy: float | None
    learning_rate: float
    seconds: float
    gradient_norm: float | None = None
    largest_gradient_norm: float | None = None


class Recorder(Callback):
    """Write an epoch's record into its row of the loop's history, and drop the row's batches.

    Raises
    ------
    DataError
        If the training loss of an epoch is not finite.
    """

    def on_epoch_begin(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Start the watch."""
        self.started_ = time.perf_counter()
        self.n_right_ = 0

    def on_batch_end(
        self,
        net: NeuralNetClassifier,
        training: bool = False,
        batch: tuple[Tensor, Tensor] | None = None,
        y_pred: Tensor | None = None,
        **kwargs: Any,
    ) -> None:
        """Count right answers on the validation data."""
        if not training and batch is not None and y_pred is not None:
            self.n_right_ += int(torch.count_nonzero(y_pred.argmax(1) == batch[1]))

    def on_epoch_end(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Sum the batches up."""
        row = net.history.to_list()[-1]
        batches = row.pop("batches")
        train_loss, _ = _mean_loss(batches, "train")
        if train_loss is None or not math.isfinite(train_loss):
            raise diverged(f"the loss of epoch {row['epoch']} is {train_loss}")
        valid_loss, n_valid = _mean_loss(batches, "valid")
        norms = [float(batch[NORM]) for batch in batches if NORM in batch]
        record = EpochRecord(
            epoch=row["epoch"],
            train_loss=train_loss,
            valid_loss=valid_loss,
            valid_accuracy=self.n_right_ / n_valid if n_valid else None,
            learning_rate=net.optimizer_.param_groups[0]["lr"],
            seconds=time.perf_counter() - self.started_,
            gradient_norm=statistics.fmean(norms),
            largest_gradient_norm=max(norms),
        )
        row.clear()
        row.update(vars(record), batches=[])


class Report(Callback):
    """Hand each epoch's record to a function, once everything else about the epoch is done.

    Parameters
    ----------
    on_epoch : callable
        Called with an `EpochRecord`.
    """

    def __init__(self, on_epoch: Callable[[EpochRecord], object]) -> None:
        self.on_epoch = on_epoch

    def on_epoch_end(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Call the function."""
        self.on_epoch(read_record(net.history.to_list()[-1]))


class DivergenceError(DataError):
    """Training left the finite numbers."""


def diverged(how: str) -> DivergenceError:
    """Return the error that says that training diverged, and what to do."""
    return DivergenceError(
        f"training diverged: {how}; scale the data (standardize=True), lower learning_rate or set gradient_clip"
    )


def read_record(row: Mapping[str, Any]) -> EpochRecord:
    """Make a record of a row of the loop's history."""
    return EpochRecord(**{name: row[name] for name in EpochRecord.__dataclass_fields__ if name in row})


def _mean_loss(batches: list[dict[str, float]], kind: str) -> tuple[float | None, int]:
    """Mean loss over the batches of a kind ("train" or "valid"), weighted by their sizes, and the sizes' sum."""
    sizes = [int(batch.get(f"{kind}_batch_size", 0)) for batch in batches]
    total = sum(batch.get(f"{kind}_loss", 0.0) * size for batch, size in zip(batches, sizes, strict=True))
    return (total / sum(sizes), sum(sizes)) if sum(sizes) else (None, 0)
