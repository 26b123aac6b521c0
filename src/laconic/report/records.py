"""The rows of a metrics.json as frozen records; what is missing becomes None, NaN or empty."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from laconic.report.palette import Look, distinct_looks, look


@dataclass(frozen=True)
class Epoch:
    """One epoch of training; NaN where nothing was measured."""

    epoch: int
    train_loss: float
    valid_accuracy: float


@dataclass(frozen=True)
class MethodRow:
    """What was measured of one method.

    Parameters
    ----------
    method : str
        "dense", "kronecker", "hybrid", "lowrank", "pruned", "small" or another name.
    size, parameters, macs, max_rank : int or None
        Bytes of the model, its parameters, multiply-adds of its weights for one sequence, largest rank its weights
        can have.
    factor, layer_factor : float
        How many times smaller than dense: the model, and its compressed layers alone.
    accuracy : float
        Share of the test samples that are right, in [0, 1]; NaN if not measured.
    seconds : float
        Training time.
    curve : tuple of Epoch
        Training, epoch by epoch.
    confusion : tuple of tuples of int, shape (n_classes, n_classes)
        Test samples by true class (rows) and predicted class (columns); empty if not measured.
    structure, summary, note : str
        How the weights are made, the method in a sentence, and what else is to be said.
    look : Look
        How it is named and drawn.
    """

    method: str
    size: int | None
    parameters: int | None
    macs: int | None
    max_rank: int | None
    factor: float
    layer_factor: float
    accuracy: float
    seconds: float
    curve: tuple[Epoch, ...]
    confusion: tuple[tuple[int, ...], ...]
    structure: str
    summary: str
    note: str
    look: Look

    @classmethod
    def read(cls, record: Mapping[str, Any], style: Look | None = None) -> Self:
        """Take one of the `rows` of a metrics.json."""
        return cls(
            method=str(record["method"]),
            size=_whole(record.get("bytes")),
            parameters=_whole(record.get("parameters")),
            macs=_whole(record.get("macs")),
            max_rank=_whole(record.get("max_rank")),
            factor=_real(record.get("factor")),
            layer_factor=_real(record.get("layer_factor")),
            accuracy=_real(record.get("accuracy")),
            seconds=_real(record.get("seconds")),
            curve=tuple(_epoch(epoch) for epoch in record.get("curve") or ()),
            confusion=_counts(record.get("confusion") or ()),
            structure=str(record.get("structure") or ""),
            summary=str(record.get("summary") or ""),
            note=str(record.get("note") or ""),
            look=style or look(str(record["method"])),
        )

    @property
    def measured(self) -> bool:
        """Whether there is a test accuracy."""
        return math.isfinite(self.accuracy)

    @property
    def dense(self) -> bool:
        """Whether this is the model the others are compared with."""
        return self.method == "dense"


def read_rows(records: Sequence[Mapping[str, Any]]) -> tuple[MethodRow, ...]:
    """Take the `rows` of a metrics.json, each with a look of its own."""
    looks = distinct_looks([str(record["method"]) for record in records])
    return tuple(MethodRow.read(record, looks[str(record["method"])]) for record in records)


def _epoch(record: Mapping[str, Any]) -> Epoch:
    return Epoch(int(record["epoch"]), _real(record.get("train_loss")), _real(record.get("valid_accuracy")))


def _real(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _whole(value: float | None) -> int | None:
    return None if value is None or not math.isfinite(value) else int(value)


def _counts(table: Sequence[Sequence[float]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(count) for count in row) for row in table)
