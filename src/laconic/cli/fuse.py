"""The command `laconic fuse`."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from laconic.cli.options import as_typed, flag, group, image_of
from laconic.core.checks import ParameterError, check_choice, check_interval, check_positive_int
from laconic.core.units import parse_bytes

COUPLINGS = ("one-to-one", "groups", "tree", "separate")
SCALINGS = ("none", "center", "standardize")
METHODS = ("full", "reference")
OWNER = "laconic fuse"
Value = TypeVar("Value")
_NAME = re.compile(r"\w[\w.-]{0,39}")
_data, _method, _run = group("Data"), group("Method"), group("Run")


def fuse(
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="Arrays in an .npz or .mat file, or one matrix: .npy, .csv, .mtx, .h5ad."),
    ],
    modality: Annotated[
        list[str] | None,
        _data("NAME=ARRAY", "A sensor and its array, or columns FIRST:LAST of the matrix; once for each.", False),
    ] = None,
    labels: Annotated[
        str | None, _data("ARRAY", "Classes to tell: an array, or the number or name of a column.", False)
    ] = None,
    image: Annotated[
        list[str] | None, _data("NAME=HxW", "A sensor's features are an image of H lines, W columns.", False)
    ] = None,
    test_fraction: Annotated[float, _data("SHARE", "Of the samples to test on, with --labels.")] = 0.2,
    atoms: Annotated[
        str | None,
        _method("N,N,..", "Atoms of each sensor, or of all.", "twice the features of the widest, at most 64"),
    ] = None,
    coupling: Annotated[
        str | None,
        _method("NAME", f"Who shares scales: {', '.join(COUPLINGS)}.", "one-to-one, or groups where --atoms differ"),
    ] = None,
    noise: Annotated[
        str, _method("VARIANCE", "For all sensors, or NAME=VARIANCE with commas, or auto: from the data.")
    ] = "auto",
    scaling: Annotated[
        str | None, _method("NAME", f"Of features: {', '.join(SCALINGS)}.", "none; standardize with --labels")
    ] = None,
    method: Annotated[str, _method("NAME", "full, or reference: one cold start, annealed.")] = "full",
    sparsity: Annotated[int | None, _method("N", "Atoms of a sample in the warm start.", "several are tried")] = None,
    cycles: Annotated[int, _method("N", "How often noises are heated up again.")] = 3,
    n_init: Annotated[int, _method("N", "Searches from different starts; the likeliest is kept.")] = 1,
    max_iter: Annotated[int, _method("N", "Most steps over all data after the search.")] = 100,
    tol: Annotated[float, _method("X", "Distance that no atom moves by any more at the end.")] = 1e-3,
    label_noise: Annotated[
        float | None, _method("VARIANCE", "Of labels: the smaller, the more they shape the atoms.", "0.1")
    ] = None,
    seed: Annotated[int, _run("N", "Of starts, hidden features and the split.")] = 0,
    memory: Annotated[str, _run("SIZE", "What to work in, besides codes and atoms.")] = "1GB",
    client: Annotated[str | None, _run("ADDRESS", "Of a Dask scheduler to fit on.", False)] = None,
    checkpoint: Annotated[Path | None, _run("FOLDER", "Keep the fit there; it goes on from it.", False)] = None,
    out: Annotated[Path, _run("FOLDER", "Where atoms, codes, report and metrics.json go.")] = Path("laconic-fuse"),
    overwrite: Annotated[bool, flag("--overwrite", "Replace the results in FOLDER.")] = False,
    as_json: Annotated[bool, flag("--json", "Print metrics.json instead of a few words.")] = False,
    quiet: Annotated[bool, flag("--quiet", "Show no progress.")] = False,
) -> None:
    """Learn a dictionary for each of several sensors, together: a clean one helps a noisy one; write a report.

    Codes are sparse, with standard deviations. With --labels, classes are told from any of the sensors.

    NaN in a whole row means that a sample lacks this sensor; elsewhere it is a missing entry.
    """
    places = _pairs("modality", modality or [], str, "NAME=ARRAY, or NAME=FIRST:LAST for columns of a matrix")
    if not places:
        raise ParameterError(OWNER, "modality", "NAME=ARRAY at least once", None)
    given = _parameters(
        names=tuple(places),
        atoms=atoms,
        coupling=coupling,
        noise=noise,
        scaling=scaling,
        classes=labels is not None,
        fixed={
            "method": _chosen("method", method, METHODS),
            "sparsity": None if sparsity is None else check_positive_int(OWNER, "sparsity", sparsity),
            "cycles": cycles,
            "n_init": check_positive_int(OWNER, "n_init", n_init),
            "max_iter": check_positive_int(OWNER, "max_iter", max_iter),
            "tol": check_interval(OWNER, "tol", tol, 0.0, 2.0),
        },
    )
    _check_labels(labels, label_noise, checkpoint)
    given |= {} if label_noise is None else {"label_noise": label_noise}
    limit = parse_bytes(memory, owner=OWNER, parameter="memory")
    images = _pairs("image", image or [], lambda text: image_of(OWNER, text), "NAME=HxW, such as left=8x4")
    from laconic.cli.fuse_request import Request
    from laconic.cli.fusing import fuse as learn
    from laconic.datasets import load_modalities

    request = Request(
        data=load_modalities(data, places, labels),
        images=images,
        parameters=given,
        test_fraction=test_fraction,
        seed=seed,
        memory=limit,
        client=client,
        checkpoint=checkpoint,
        out=out,
        command=as_typed(),
        overwrite=overwrite,
    )
    show(learn(request, Console(stderr=True, quiet=quiet)), out, as_json)


def show(metrics: dict[str, Any], out: Path, as_json: bool) -> None:
    """Print what was found."""
    from laconic.cli.fuse_rows import fuse_table

    if as_json:
        print(json.dumps(metrics))
        return
    print(fuse_table(metrics), end="")
    print(f"Atoms and codes: {out / 'fuse.npz'}")
    print(f"Report: {out / 'report.html'}")


def _parameters(
    *,
    names: tuple[str, ...],
    atoms: str | None,
    coupling: str | None,
    noise: str,
    scaling: str | None,
    classes: bool,
    fixed: dict[str, Any],
) -> dict[str, Any]:
    """Return the parameters of the estimator."""
    counts = None if atoms is None else _counts(atoms, names)
    alike = counts is None or isinstance(counts, int) or len(set(counts)) == 1
    suits = "one-to-one" if alike else "groups"
    scaled = ("standardize" if classes else "none") if scaling is None else _chosen("scaling", scaling, SCALINGS)
    return {
        "n_atoms": counts,
        "coupling": suits if coupling is None else _chosen("coupling", coupling, COUPLINGS),
        "noise": _noise(noise, names),
        "scaling": None if scaled == "none" else scaled,
        **fixed,
    }


def _chosen(parameter: str, given: str, allowed: tuple[str, ...]) -> str:
    check_choice(OWNER, parameter, given, allowed)
    return given


def _pairs(parameter: str, given: list[str], read: Callable[[str], Value], allowed: str) -> dict[str, Value]:
    """Return what was given as NAME=VALUE."""
    found: dict[str, Value] = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value or not _NAME.fullmatch(name):
            raise ParameterError(OWNER, parameter, allowed, text)
        if name in found:
            raise ParameterError(OWNER, parameter, "given once for each name", text)
        found[name] = read(value)
    return found


def _counts(given: str, names: tuple[str, ...]) -> int | list[int]:
    parts = [part.strip() for part in given.split(",")]
    if not all(re.fullmatch(r"[1-9]\d{0,8}", part) for part in parts) or len(parts) not in (1, len(names)):
        allowed = f"a whole number of at least 1, or {len(names)} of them with commas, one for each sensor"
        raise ParameterError(OWNER, "atoms", allowed, given)
    return int(parts[0]) if len(parts) == 1 else [int(part) for part in parts]


def _noise(given: str, names: tuple[str, ...]) -> Any:
    allowed = f"auto, a variance above 0, or NAME=VARIANCE for each of {', '.join(names)}"
    if given == "auto":
        return given

    def variance(text: str) -> float:
        try:
            return check_interval(OWNER, "noise", float(text), 0.0, float("inf"), closed="neither")
        except ValueError:
            raise ParameterError(OWNER, "noise", allowed, given) from None

    if "=" not in given:
        return variance(given)
    found = _pairs("noise", given.split(","), variance, allowed)
    if found.keys() != set(names):
        raise ParameterError(OWNER, "noise", allowed, given)
    return found


def _check_labels(labels: str | None, label_noise: float | None, checkpoint: Path | None) -> None:
    if labels is None and label_noise is not None:
        raise ParameterError(OWNER, "label_noise", "left out without --labels", label_noise)
    if labels is not None and checkpoint is not None:
        raise ParameterError(OWNER, "checkpoint", "left out with --labels", str(checkpoint))
    if label_noise is not None:
        check_interval(OWNER, "label_noise", label_noise, 0.0, float("inf"), closed="neither")
