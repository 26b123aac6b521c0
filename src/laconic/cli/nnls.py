"""The command `laconic nnls`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from laconic.cli.code_rows import code_table
from laconic.cli.options import as_typed, flag, group, image_of
from laconic.core.checks import ParameterError, check_choice, check_positive_int
from laconic.core.units import parse_bytes

METHODS = {
    "rsbl": "sparse, with error bars",
    "sparse": "sparse",
    "nnls": "plain least squares",
    "omp": "at most so many columns",
}
E_STEPS = ("diagonal", "lmmse", "gamp", "mcmc", "ep")
PRIORS = ("flat", "laplacian", "student_t", "gdp")
OWNER = "laconic nnls"
_data, _method, _run = group("Data"), group("Method"), group("Run")


def nnls(
    dictionary: Annotated[Path, _data("FILE", "Its columns are what signals are made of: .npz, .npy, .mat or .csv.")],
    signals: Annotated[Path, _data("FILE", "Signals, one a column; NaN where an entry is missing.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where codes, report and metrics.json go.")],
    dictionary_name: Annotated[
        str | None, _data("NAME", "The array in an .npz or .mat file; FILE:NAME will do, too.", "the only one")
    ] = None,
    signals_name: Annotated[str | None, _data("NAME", "The same for the signals.", "the only one")] = None,
    transpose: Annotated[bool, flag("--transpose", "Signals are rows of their file.", "Data")] = False,
    names: Annotated[
        Path | None, _data("FILE", "Names of the columns, one a line, or an array of them.", "numbers")
    ] = None,
    image: Annotated[
        str | None, _data("LxC", "The signals are an image of L lines, C columns: draw maps.", False)
    ] = None,
    order: Annotated[str, _data("C|F", "Pixels go along the lines (C) or down the columns (F).")] = "C",
    method: Annotated[
        str, _method("NAME", f"{'; '.join(f'{name}: {what}' for name, what in METHODS.items())}.")
    ] = "rsbl",
    e_step: Annotated[str | None, _method("NAME", f"{', '.join(E_STEPS)}. For rsbl.", "diagonal")] = None,
    prior: Annotated[str | None, _method("NAME", f"{', '.join(PRIORS)}. For rsbl, sparse.", "flat; student_t")] = None,
    noise: Annotated[str | None, _method("VARIANCE", "Or auto or, for rsbl, cv. For rsbl, sparse.", "auto")] = None,
    snr: Annotated[float | None, _method("DECIBEL", "Signal-to-noise ratio, instead of --noise.", False)] = None,
    estimate: Annotated[str | None, _method("NAME", "mode, sparse, or mean. For rsbl.", "mode")] = None,
    n_nonzero: Annotated[int | None, _method("N", "Most columns a signal. For omp.", False)] = None,
    memory: Annotated[str, _run("SIZE", "What to work in, besides the dictionary.")] = "1GB",
    seed: Annotated[int | None, _run("N", "Of what draws at random.", "0")] = None,
    overwrite: Annotated[bool, flag("--overwrite", "Replace the results in FOLDER.")] = False,
    as_json: Annotated[bool, flag("--json", "Print metrics.json instead of a few words.")] = False,
    quiet: Annotated[bool, flag("--quiet", "Show no progress.")] = False,
) -> None:
    """Find non-negative codes x >= 0 with signal = dictionary x + noise, sparse and with error bars; write a report.

    Files of any size: an .npy file of signals is read, and its codes are written, piece by piece.
    """
    check_choice(OWNER, "method", method, METHODS)
    check_choice(OWNER, "order", order, ("C", "F"))
    limit = parse_bytes(memory, owner=OWNER, parameter="memory")
    shape = None if image is None else image_of(OWNER, image, order, such_as="95x95")
    given = {
        "e_step": e_step,
        "prior": prior,
        "noise": None if noise is None else _noise(noise),
        "snr": snr,
        "estimate": estimate,
        "n_nonzero": None if n_nonzero is None else check_positive_int(OWNER, "n_nonzero", n_nonzero),
        "seed": seed,
    }
    from laconic.cli.coders import chosen_options
    from laconic.cli.coding import Request, find_codes
    from laconic.datasets import load_matrix, load_names

    options = chosen_options(OWNER, method, given)
    atoms = load_matrix(dictionary, dictionary_name)
    count = atoms.values.shape[1] if atoms.values.ndim == 2 else 1
    request = Request(
        dictionary=atoms,
        signals=load_matrix(signals, signals_name),
        names=load_names(names) if names else atoms.header or tuple(f"column {i}" for i in range(count)),
        method=method,
        options=options,
        memory=limit,
        out=out,
        command=as_typed(),
        image=shape,
        transpose=transpose,
        overwrite=overwrite,
    )
    show(find_codes(request, Console(stderr=True, quiet=quiet)), out, as_json)


def show(metrics: dict[str, Any], out: Path, as_json: bool) -> None:
    """Print what was found."""
    if as_json:
        print(json.dumps(metrics))
        return
    print(code_table(metrics), end="")
    print(f"Codes: {out / 'codes.npz'}")
    print(f"Report: {out / 'report.html'}")


def _noise(given: str) -> float | str:
    try:
        return float(given)
    except ValueError:
        if given not in ("auto", "cv"):
            raise ParameterError(OWNER, "noise", "a variance, auto or cv", given) from None
        return given
