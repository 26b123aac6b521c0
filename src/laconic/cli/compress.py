"""The command `laconic compress`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from laconic.cli.options import NOT_OF_THE_RUN, as_typed, flag, group
from laconic.cli.source import DataSource
from laconic.cli.table import print_table
from laconic.core.checks import ParameterError, check_choice, check_positive_int
from laconic.core.units import parse_bytes

CELLS = ("lstm", "gru", "rnn", "fastrnn", "fastgrnn")
OWNER = "laconic compress"
_network, _compression = group("Network"), group("Compression")
_training, _run = group("Training"), group("Run")


def compress(
    data: Annotated[
        Path, typer.Argument(metavar="DATA.npz", help="File with x_train, y_train and, if you like, x_test, y_test.")
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where report, table, models and metrics.json go.")],
    cell: Annotated[str, _network("CELL", f"{', '.join(CELLS[:-1])} or {CELLS[-1]}.")] = "lstm",
    hidden: Annotated[int, _network("N", "Units of a recurrent layer.")] = 40,
    layers: Annotated[int, _network("N", "Recurrent layers, one above the other.")] = 1,
    bidirectional: Annotated[bool, flag("--bidirectional", "Read sequences backwards too.", "Network")] = False,
    budget: Annotated[
        str | None,
        _compression("SIZE", "Most bytes of a compressed model, such as 4.06KB.", "what the papers' rule gives"),
    ] = None,
    methods: Annotated[str, _compression("NAMES", "all, or some with commas, such as kronecker,kronecker-32.")] = "all",
    shapes: Annotated[str, _compression("RULE", "Kronecker factors of the largest rank (auto), or paper.")] = "auto",
    epochs: Annotated[int, _training("N", "Passes over the training data.")] = 60,
    batch_size: Annotated[int | None, _training("N", "Sequences a step.", "64")] = None,
    learning_rate: Annotated[
        float | None, _training("RATE", "Largest one of the one-cycle schedule.", "what suits the method")
    ] = None,
    optimizer: Annotated[str, _training("NAME", "adamw, or full-adam for at most 2048 parameters.")] = "adamw",
    weight_decay: Annotated[float, _training("X", "Of all weights but biases.")] = 0.0,
    label_smoothing: Annotated[float, _training("SHARE", "Of each target, given to all classes alike.")] = 0.0,
    augment: Annotated[
        str | None, _training("NAME", "Change sequences at random: shift, affine or mask.", "nothing")
    ] = None,
    distillation: Annotated[float, _training("SHARE", "Of what is learned from the dense network's answers.")] = 0.0,
    quantization: Annotated[
        float, _training("SHARE", "Of the training, from its end, with weights and biases rounded to 8 bits.")
    ] = 0.0,
    start: Annotated[
        str, _training("FROM", "random structures, or those nearest to the trained dense ones.")
    ] = "random",
    seed: Annotated[int, _training("N", "Decides weights, order of the data, and split.")] = 0,
    test_fraction: Annotated[float, _training("SHARE", "Of x_train to test on, without x_test.")] = 0.2,
    jobs: Annotated[int | None, _run("N", "Trainings at once.", "one a core")] = None,
    resume: Annotated[bool, flag("--resume", "Go on with the study in FOLDER, if there is one.")] = False,
    overwrite: Annotated[bool, flag("--overwrite", "Replace the study in FOLDER.")] = False,
    as_json: Annotated[bool, flag("--json", "Print metrics.json instead of the table.")] = False,
    quiet: Annotated[bool, flag("--quiet", "Show no progress.")] = False,
) -> None:
    """Train a recurrent network and every way to compress it to the same bytes; write a report.

    Every method gets the same data, in the same order, and as many epochs. 1 KB is 1024 bytes.

    After Ctrl-C, or worse, the same command with --resume goes on and ends with the same numbers.
    """
    from laconic.cli.comparison import Request, compare
    from laconic.rnn.contender import SHAPES
    from laconic.rnn.study import Study

    check_choice(OWNER, "shapes", shapes, SHAPES)
    study = Study(
        cell=cell,
        hidden=hidden,
        n_layers=layers,
        bidirectional=bidirectional,
        budget=None if budget is None else parse_bytes(budget, owner=OWNER, parameter="budget"),
        methods=contenders(methods),
        epochs=epochs,
        seed=seed,
        shapes=shapes,
        batch_size=batch_size,
        learning_rate=learning_rate,
        optimizer=optimizer,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        augment=augment,
        distillation=distillation,
        quantization=quantization,
        start=start,
    )
    request = Request(
        study=study,
        source=DataSource(str(data), test_fraction, seed),
        out=out,
        command=as_typed((*NOT_OF_THE_RUN, "--resume")),
        jobs=None if jobs is None else check_positive_int(OWNER, "jobs", jobs),
        resume=resume,
        overwrite=overwrite,
    )
    show(compare(request, Console(stderr=True, quiet=quiet)), out, as_json)


def show(metrics: dict[str, Any], out: Path, as_json: bool) -> None:
    """Print what a study found."""
    if as_json:
        print(json.dumps(metrics))
        return
    print_table(metrics)
    print(f"Report: {out / 'report.html'}")


def contenders(given: str) -> tuple[str, ...]:
    """Return the names of contenders in words with commas."""
    from laconic.rnn.contender import Contender
    from laconic.rnn.methods import METHODS

    others = tuple(name for name in METHODS if name != "dense")
    if given.strip() == "all":
        return others
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    try:
        found = tuple(Contender.parse(OWNER, name).name for name in names)
    except ParameterError:
        found = ()
    if not found:
        allowed = f"all, or some of {','.join(others)}, perhaps with units or shapes, as in kronecker-paper-32"
        raise ParameterError(OWNER, "methods", allowed, given)
    return found
