"""The tour's stop on C: a small network, dense and compressed, written and run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from laconic.cli.comparison import Request as Comparison
from laconic.cli.comparison import compare
from laconic.cli.deploying import Request, write_model
from laconic.cli.source import DataSource
from laconic.datasets import SequenceData
from laconic.deploy import TARGETS, ToolMissingError, check_tools
from laconic.rnn.study import Study


def write_digits(out: Path, console: Console) -> dict[str, Any]:
    """Train a small network on digits, dense and as Kronecker products, and write it as C, in whole numbers.

    Returns what deploy.json holds. It is run on an emulated Cortex-M4, else here, else not at all: as the tools allow.
    """
    study = Study(hidden=32, epochs=12, batch_size=32, learning_rate=0.03, weight_decay=0.1, methods=("kronecker",))
    data, models = DataSource().load(), out / "study"
    compare(Comparison(study, DataSource(), models, "laconic tour", overwrite=True), console)
    request = Request(
        model=models,
        out=out / "firmware",
        target="cortex-m4",
        method="kronecker",
        name="digits",
        int8=True,
        bias_bits=16,
        run=True,
        data=_written(data, out / "digits.npz"),
        n_sequences=len(data.x_test),
        n_steps=data.n_steps,
        command="laconic tour",
        overwrite=True,
    )
    return write_model(replace(request, **_possible()), console)


def _written(data: SequenceData, path: Path) -> Path:
    np.savez(path, x_train=data.x_train, y_train=data.y_train, x_test=data.x_test, y_test=data.y_test)
    return path


def _possible() -> dict[str, Any]:
    for target in ("cortex-m4", "host"):
        try:
            check_tools(TARGETS[target])
        except ToolMissingError:
            continue
        return {"target": target}
    return {"run": False}
