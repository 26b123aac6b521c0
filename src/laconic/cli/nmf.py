"""The command `laconic nmf`."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from laconic.cli.options import as_typed, flag, group, image_of
from laconic.core.checks import ParameterError, check_choice, check_positive_int
from laconic.core.units import parse_bytes

PRIORS = ("rgdp", "gdp", "student_t", "laplacian", "power_exponential", "none")
SOLVERS = ("hals", "multiplicative")
STARTS = ("nndsvd", "random")
OWNER = "laconic nmf"
_data, _method, _run = group("Data"), group("Method"), group("Run")


def nmf(
    data: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Samples, one a row: .npz, .npy, .csv, .mat, .mtx or .h5ad; FILE:NAME."),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where parts, codes, report and metrics.json go.")],
    components: Annotated[int | None, _method("N", "Number of parts.", "chosen among --ranks")] = None,
    ranks: Annotated[str | None, _method("N,N,..", "Choose among these numbers, by entries held out.", False)] = None,
    prior: Annotated[str, _method("NAME", f"Of the codes: {', '.join(PRIORS)}.")] = "rgdp",
    dictionary_prior: Annotated[str, _method("NAME", "Of the entries of the parts; the same names.")] = "none",
    noise: Annotated[
        str | None, _method("VARIANCE", "Or auto; the larger, the sparser the codes.", "auto, from the data")
    ] = None,
    snr: Annotated[float | None, _method("DECIBEL", "Signal-to-noise ratio, instead of --noise.", False)] = None,
    solver: Annotated[str, _method("NAME", f"{' or '.join(SOLVERS)}.")] = "hals",
    init: Annotated[str, _method("NAME", f"Where to begin: {' or '.join(STARTS)}.")] = "nndsvd",
    restarts: Annotated[int, _method("N", "Fits in all, the others from random starts; the best is kept.")] = 1,
    max_iter: Annotated[int, _method("N", "Most iterations of a fit.")] = 1000,
    tol: Annotated[float, _method("X", "Relative size of the steps that are left at which a fit ends.")] = 1e-4,
    transpose: Annotated[bool, flag("--transpose", "Samples are columns of their file.", "Data")] = False,
    names: Annotated[
        Path | None, _data("FILE", "Names of the features, one a line, or an array of them.", "those in the data")
    ] = None,
    image: Annotated[
        str | None, _data("HxW", "A sample is an image of H lines, W columns: draw parts so.", False)
    ] = None,
    order: Annotated[str, _data("C|F", "Its pixels go along the lines (C) or down the columns (F).")] = "C",
    memory: Annotated[str, _run("SIZE", "What to work in, besides codes and parts.")] = "1GB",
    seed: Annotated[int, _run("N", "Of random starts.")] = 0,
    overwrite: Annotated[bool, flag("--overwrite", "Replace the results in FOLDER.")] = False,
    as_json: Annotated[bool, flag("--json", "Print metrics.json instead of a few words.")] = False,
    quiet: Annotated[bool, flag("--quiet", "Show no progress.")] = False,
) -> None:
    """Find a few parts that samples are made of, and few of them in each sample: X ~ codes x parts; write a report.

    All is at least zero. NaN is a missing entry. Files may be larger than memory (.npy) or sparse.
    """
    given = {
        "prior": _prior("prior", prior),
        "dictionary_prior": _prior("dictionary_prior", dictionary_prior),
        "noise": "auto" if noise is None else _noise(noise),
        "snr": snr,
        "solver": solver,
        "init": init,
        "n_init": check_positive_int(OWNER, "restarts", restarts),
        "max_iter": max_iter,
        "tol": tol,
    }
    check_choice(OWNER, "solver", solver, SOLVERS)
    check_choice(OWNER, "init", init, STARTS)
    check_choice(OWNER, "order", order, ("C", "F"))
    _check_penalty(prior, noise, snr)
    limit = parse_bytes(memory, owner=OWNER, parameter="memory")
    tried = _ranks(components, ranks)
    shape = None if image is None else image_of(OWNER, image, order)
    from laconic.cli.factor_request import Request
    from laconic.cli.factoring import factor
    from laconic.datasets import load_names, load_samples

    request = Request(
        samples=load_samples(data),
        names=load_names(names) if names else None,
        ranks=tried,
        parameters=given,
        seed=seed,
        memory=limit,
        out=out,
        command=as_typed(),
        image=shape,
        transpose=transpose,
        overwrite=overwrite,
    )
    show(factor(request, Console(stderr=True, quiet=quiet)), out, as_json)


def show(metrics: dict[str, Any], out: Path, as_json: bool) -> None:
    """Print what was found."""
    from laconic.cli.nmf_rows import nmf_table

    if as_json:
        print(json.dumps(metrics))
        return
    print(nmf_table(metrics), end="")
    print(f"Parts and codes: {out / 'nmf.npz'}")
    print(f"Report: {out / 'report.html'}")


def _prior(parameter: str, given: str) -> str | None:
    check_choice(OWNER, parameter, given, PRIORS)
    return None if given == "none" else given


def _noise(given: str) -> float | str:
    try:
        return float(given)
    except ValueError:
        if given != "auto":
            raise ParameterError(OWNER, "noise", "a variance or auto", given) from None
        return given


def _check_penalty(prior: str, noise: str | None, snr: float | None) -> None:
    for name, value in (("noise", noise), ("snr", snr)):
        if prior == "none" and value is not None:
            raise ParameterError(OWNER, name, "left out with --prior none, which has no use for it", value)


def _ranks(components: int | None, ranks: str | None) -> tuple[int, ...]:
    """Return the numbers of parts to choose from."""
    if components is not None and ranks is not None:
        raise ParameterError(OWNER, "ranks", "left out where --components is given", ranks)
    if ranks is None:
        return (check_positive_int(OWNER, "components", components),)
    found = [re.fullmatch(r"\s*(\d{1,9})\s*", part) for part in ranks.split(",")]
    numbers = {int(one[1]) for one in found if one}
    if not all(found) or 0 in numbers:
        raise ParameterError(OWNER, "ranks", "whole numbers of at least 1 with commas, such as 5,10,20", ranks)
    return tuple(sorted(numbers))
