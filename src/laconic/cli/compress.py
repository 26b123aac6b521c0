"""The command `laconic compress`."""

import json
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from laconic.cli.source import DataSource
from laconic.cli.table import rich_table
from laconic.core.checks import ParameterError
from laconic.core.units import parse_bytes

ALL = ("kronecker", "hybrid", "lowrank", "pruned", "small")


class Cell(StrEnum):
    """Recurrent cells."""

    lstm = "lstm"
    gru = "gru"
    rnn = "rnn"
    fastrnn = "fastrnn"
    fastgrnn = "fastgrnn"


def compress(
    data: Annotated[Path, typer.Argument(help="NPZ file with x_train, y_train and optionally x_test, y_test.")],
    out: Annotated[Path, typer.Option(help="Folder for table, report, models and metrics.json.")],
    cell: Annotated[Cell, typer.Option(help="Recurrent cell.")] = Cell.lstm,
    hidden: Annotated[int, typer.Option(min=1, help="Units of the recurrent layer.")] = 40,
    layers: Annotated[int, typer.Option(min=1, help="Recurrent layers on top of each other.")] = 1,
    bidirectional: Annotated[bool, typer.Option("--bidirectional", help="Read backwards as well.")] = False,
    budget: Annotated[
        str | None, typer.Option(help="Bytes of each compressed model, such as 4.06KB (1 KB = 1024 B).")
    ] = None,
    methods: Annotated[str, typer.Option(help=f"'all' or some of {', '.join(ALL)}, with commas.")] = "all",
    shapes: Annotated[str, typer.Option(help="Kronecker factor shapes: auto or paper.")] = "auto",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training data.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Decides weights, order of samples and split.")] = 0,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Sequences a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Largest learning rate of the schedule.")] = None,
    test_fraction: Annotated[float, typer.Option(help="Share to test on where there is no x_test.")] = 0.2,
    jobs: Annotated[int | None, typer.Option(min=1, help="Trainings at once [default: one a core].")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the study in OUT.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin the study in OUT anew.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print metrics.json instead of the table.")] = False,
) -> None:
    """Train a dense recurrent network and every way to compress it at the same bytes; write table and report.

    Interrupted by Ctrl-C or worse, the same command with --resume goes on and ends with the same numbers.
    """
    from laconic.cli.comparison import Request, compare
    from laconic.rnn.study import Study

    study = Study(
        cell=cell.value,
        hidden=hidden,
        n_layers=layers,
        bidirectional=bidirectional,
        budget=None if budget is None else parse_bytes(budget, owner="laconic compress", parameter="--budget"),
        methods=_methods(methods),
        epochs=epochs,
        seed=seed,
        shapes=shapes,
        batch_size=batch_size,
        learning_rate=learning_rate,
    )
    request = Request(
        study=study,
        source=DataSource(str(data), test_fraction, seed),
        out=out,
        command=shlex.join(["laconic", *sys.argv[1:]]),
        jobs=jobs,
        resume=resume,
        overwrite=overwrite,
    )
    metrics = compare(request, Console(stderr=True))
    show(metrics, out, as_json)


def show(metrics: dict[str, Any], out: Path, as_json: bool) -> None:
    """Print what a study found."""
    if as_json:
        print(json.dumps(metrics))
        return
    console = Console()
    console.print(rich_table(metrics))
    for skipped in metrics["skipped"]:
        console.print(f"{skipped['method']} left out: {skipped['reason']}", highlight=False, markup=False)
    console.print(f"Report: {out / 'report.html'}", highlight=False, markup=False, soft_wrap=True)


def _methods(given: str) -> tuple[str, ...]:
    if given.strip() == "all":
        return ALL
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    if not names or not set(names) <= {"dense", *ALL}:
        raise ParameterError("laconic compress", "--methods", f"'all' or some of {', '.join(ALL)}", given)
    return names
