"""The command `laconic plan`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from laconic.cli.options import NOT_OF_THE_RUN, as_typed, flag, group
from laconic.cli.source import DataSource
from laconic.core.checks import ParameterError, check_positive_int
from laconic.core.units import parse_bytes

OWNER = "laconic plan"
_what, _search = group("Network"), group("Search")
_training, _run = group("Training"), group("Run")


def plan(
    data: Annotated[
        Path, typer.Argument(metavar="DATA.npz", help="File with x_train, y_train and, if you like, x_test, y_test.")
    ],
    budget: Annotated[str, typer.Option(metavar="SIZE", help="Most bytes of the network, such as 2KB.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where report, table, model and metrics.json go.")],
    max_macs: Annotated[int | None, _what("N", "Most multiply-adds for a sequence.", "any number")] = None,
    cells: Annotated[str, _what("NAMES", "Recurrent layers to choose among.")] = "lstm,gru,fastrnn,fastgrnn",
    methods: Annotated[
        str, _what("NAMES", "Ways to compress them; dense is a narrow layer.")
    ] = "kronecker,hybrid,sum,hmd,lowrank,dense",
    bits: Annotated[str, _what("NUMBERS", "Bits of a number to choose among: 32, 8, or 32,8.")] = "32",
    layers: Annotated[int, _what("N", "Recurrent layers, one above the other.")] = 1,
    bidirectional: Annotated[bool, flag("--bidirectional", "Read sequences backwards too.", "Network")] = False,
    trials: Annotated[int, _search("N", "Networks that are tried; most are given up early.")] = 100,
    minutes: Annotated[float | None, _search("X", "No trial is begun after so long.", "no limit")] = None,
    finalists: Annotated[int, _search("N", "The best: trained for longer, with three seeds, before one wins.")] = 4,
    storage: Annotated[
        str | None, _search("URL", "SQL database that workers on other machines reach.", "SQLite, in FOLDER")
    ] = None,
    epochs: Annotated[int, _training("N", "Passes over the training data.")] = 40,
    final_epochs: Annotated[int | None, _training("N", "Of finalists and the winner.", "twice as many")] = None,
    batch_size: Annotated[int, _training("N", "Sequences a step.")] = 64,
    optimizer: Annotated[str, _training("NAME", "adamw, or full-adam for at most 2048 parameters.")] = "full-adam",
    weight_decay: Annotated[float, _training("X", "Of all weights but biases.")] = 0.0,
    augment: Annotated[
        str | None, _training("NAME", "Change sequences at random: shift, affine or mask.", "nothing")
    ] = None,
    seed: Annotated[int, _training("N", "Decides what is tried, weights, order of the data, and splits.")] = 0,
    test_fraction: Annotated[float, _training("SHARE", "Of x_train to test on, without x_test.")] = 0.2,
    jobs: Annotated[int | None, _run("N", "Trainings at once.", "one a core")] = None,
    resume: Annotated[bool, flag("--resume", "Go on with the search in FOLDER, perhaps for longer.")] = False,
    overwrite: Annotated[bool, flag("--overwrite", "Replace the search in FOLDER.")] = False,
    as_json: Annotated[bool, flag("--json", "Print metrics.json instead of the table.")] = False,
    quiet: Annotated[bool, flag("--quiet", "Show no progress.")] = False,
) -> None:
    """Search for the most accurate recurrent network within so many bytes, and write it and a report.

    Many are trained, those that fall behind given up early. The test data choose nothing. After Ctrl-C, or worse, the
    same command with --resume goes on.
    """
    import json

    from laconic.cli.machine import n_cores
    from laconic.cli.planning import Planning, run, table
    from laconic.rnn.planner import Wish

    wish = Wish(
        budget=parse_bytes(budget, owner=OWNER, parameter="budget"),
        max_macs=max_macs,
        cells=_names(cells),
        methods=_names(methods),
        bits=_bits(bits),
        n_layers=layers,
        bidirectional=bidirectional,
        epochs=epochs,
        final_epochs=final_epochs,
        n_trials=check_positive_int(OWNER, "trials", trials),
        minutes=minutes,
        n_finalists=check_positive_int(OWNER, "finalists", finalists),
        batch_size=batch_size,
        weight_decay=weight_decay,
        optimizer=optimizer,
        augment=augment,
        seed=seed,
    )
    planning = Planning(
        wish=wish,
        source=DataSource(str(data), test_fraction, seed),
        out=out,
        command=as_typed((*NOT_OF_THE_RUN, "--resume")),
        storage=storage,
        jobs=n_cores() if jobs is None else check_positive_int(OWNER, "jobs", jobs),
        resume=resume,
        overwrite=overwrite,
    )
    metrics = run(planning, Console(stderr=True, quiet=quiet))
    if as_json:
        print(json.dumps(metrics))
        return
    print(table(metrics["front"]), end="")
    best = metrics["best"]
    others = ", ".join(f"{100 * one['test_accuracy']:.2f}" for one in best["trainings"][1:])
    said = f"{100 * best['test_accuracy']:.2f} % of the test data (other trainings: {others})"
    print(f"Best: {best['name']}, {said}, {out / best['model']}")
    print(f"Report: {out / 'report.html'}")


def _bits(given: str) -> tuple[int, ...]:
    try:
        return tuple(int(name) for name in _names(given))
    except ValueError:
        raise ParameterError(OWNER, "bits", "whole numbers with commas, such as 32,8", given) from None


def _names(given: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
