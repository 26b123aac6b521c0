"""The command `laconic reproduce`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from laconic.cli.benchmarks import BENCHMARKS, Benchmark
from laconic.cli.compress import contenders
from laconic.cli.options import NOT_OF_THE_RUN, as_typed, flag, group
from laconic.core.checks import ParameterError, check_choice, check_positive_int

if TYPE_CHECKING:
    from laconic.cli.source import DataSource

OWNER = "laconic reproduce"
SMOKE = 60
"""Sequences of a smoke run."""
_what, _run = group("What"), group("Run")


def reproduce(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the benchmark; 'list' names them all.")],
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where report, table and metrics.json go.")] = None,
    data: Annotated[Path | None, _what("FOLDER", "Where the data are.", "the one that LACONIC_DATA names")] = None,
    download: Annotated[
        bool, flag("--download", "Fetch the data, MNIST or USPS, into the folder, or a cache.", "What")
    ] = False,
    split: Annotated[str, _what("NAME", "official, or for spoken digits 'without SPEAKER'.")] = "official",
    seeds: Annotated[str, _what("NUMBERS", "With commas: every network is trained once for each.")] = "0,1,2",
    methods: Annotated[str | None, _what("NAMES", "Other contenders than the benchmark's, as in compress.")] = None,
    epochs: Annotated[int | None, _what("N", "Other than the benchmark's.")] = None,
    smoke: Annotated[bool, flag("--smoke", "Made-up data of the same kind, one epoch, one seed: seconds.")] = False,
    jobs: Annotated[int | None, _run("N", "Trainings at once.", "one a core")] = None,
    resume: Annotated[bool, flag("--resume", "Go on with what is in FOLDER.")] = False,
    overwrite: Annotated[bool, flag("--overwrite", "Replace what is in FOLDER.")] = False,
    as_json: Annotated[bool, flag("--json", "Print metrics.json instead of the table.")] = False,
    quiet: Annotated[bool, flag("--quiet", "Show no progress.")] = False,
) -> None:
    """Run a benchmark of Kronecker networks and their rivals at the same bytes, over several seeds; write a report.

    The data do not come with laconic. After Ctrl-C, or worse, the same command with --resume goes on.
    """
    import json

    from laconic.cli.comparison import Request
    from laconic.cli.reproduction import Reproduction, named, reproduce, table
    from laconic.rnn.study import Study

    check_choice(OWNER, "name", name, ("list", *BENCHMARKS))
    if name == "list":
        print(named(BENCHMARKS, data))
        return
    if out is None:
        raise ParameterError(OWNER, "out", "a folder", None)
    benchmark, numbers = BENCHMARKS[name], (0,) if smoke else _numbers(seeds)
    if smoke:  # whose accuracies say nothing
        benchmark = replace(benchmark, title=f"{benchmark.title}: a trial on made-up data", goals=())
    study = Study(**benchmark.study)
    if methods is not None:
        study = replace(study, methods=contenders(methods))
    if smoke or epochs is not None:
        study = replace(study, epochs=check_positive_int(OWNER, "epochs", 1 if smoke else epochs))
    request = Request(
        study=study,
        source=_made_up(benchmark, out) if smoke else _source(benchmark, data, split, download),
        out=out,
        command=as_typed((*NOT_OF_THE_RUN, "--resume")),
        jobs=None if jobs is None else check_positive_int(OWNER, "jobs", jobs),
        resume=resume,
        overwrite=overwrite,
    )
    metrics = reproduce(Reproduction(benchmark, request, numbers), Console(stderr=True, quiet=quiet))
    if as_json:
        print(json.dumps(metrics))
        return
    print(table(metrics["rows"]), end="")
    for goal in metrics["goals"]:
        print(f"{goal['method']}: {goal['said']}")
    print(f"Report: {out / 'report.html'}")


def _numbers(given: str) -> tuple[int, ...]:
    words = [word.strip() for word in given.split(",") if word.strip()]
    if not words or not all(word.isdecimal() and int(word) < 2**32 for word in words):
        raise ParameterError(OWNER, "seeds", "whole numbers with commas, such as 0,1,2", given)
    return tuple(dict.fromkeys(map(int, words)))


def _source(benchmark: Benchmark, folder: Path | None, split: str, download: bool) -> "DataSource":
    from laconic.cli.source import DataSource
    from laconic.datasets.known import download_known, find_known

    path = (download_known if download else find_known)(benchmark.data, folder)
    return DataSource(str(path), known=benchmark.data, split=split)


def _made_up(benchmark: Benchmark, out: Path) -> "DataSource":
    """Write sequences in which a class raises one feature, of the benchmark's sizes, and return where they are."""
    import numpy as np

    from laconic.cli.folder import check_writable
    from laconic.cli.source import DataSource

    n_steps, n_features, n_classes = benchmark.sizes
    y = np.arange(2 * SMOKE) % n_classes
    x = np.random.default_rng(0).standard_normal((2 * SMOKE, n_steps, n_features)).astype(np.float32)
    x[np.arange(2 * SMOKE), :, y % n_features] += 1
    check_writable(out)
    path = out / "made-up.npz"
    np.savez(path, x_train=x[:SMOKE], y_train=y[:SMOKE], x_test=x[SMOKE:], y_test=y[SMOKE:])
    return DataSource(str(path))
