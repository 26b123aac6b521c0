"""Factorise the samples in a file, and leave parts, codes and a report in a folder."""

import time
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.exceptions import ConvergenceWarning

from laconic.cli.counting import CountingProgress
from laconic.cli.factor_request import Request
from laconic.cli.fit_progress import FitProgress
from laconic.cli.nmf_rows import nmf_metrics
from laconic.cli.results import ResultFolder
from laconic.cli.samples import Samples, prepared
from laconic.cli.wording import in_the_words_of
from laconic.cli.written_codes import Written, write_codes
from laconic.estimators import RankChoice, SparseNMF, choose_rank
from laconic.report import NMFSummary, nmf_section, read_nmf, render_report

Array = NDArray[Any]

ARRAYS = "nmf.npz"

SPLITS = 3
"""How often entries are held out."""


def factor(request: Request, console: Console) -> dict[str, Any]:
    """Factorise and write the results; return what metrics.json holds.

    Raises
    ------
    DataError
        If samples, names or image do not fit each other, or a sample has a negative or infinite entry.
    """
    samples = prepared(request.samples, request.names, request.image, request.transpose, request.memory)
    folder = ResultFolder(request.out, overwrite=request.overwrite, arrays=ARRAYS)
    with folder, in_the_words_of(samples.source, "SparseNMF: X ", "choose_rank: X "), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the results say so
        started = time.perf_counter()
        choice = _choice(request, samples, console)
        model = _model(request, choice)
        written = _fitted(model, samples, folder, console)
        seconds = time.perf_counter() - started
        summary = _summary(model, written, samples, choice, seconds)
        metrics = nmf_metrics(request, samples, summary, written)
        report = render_report([nmf_section(summary, metrics)])
        folder.finish(_arrays(model, samples), report, metrics)
    return metrics


def method_name(prior: object) -> str:
    """Return how a heading calls a factorisation under this prior."""
    return "Plain NMF" if prior is None else f"Sparse NMF with the {prior} prior"


def _choice(request: Request, samples: Samples, console: Console) -> RankChoice | None:
    """Return how well each number of parts predicts entries held out, where there are several to choose from."""
    if len(request.ranks) == 1:
        return None
    parameters = {name: value for name, value in request.parameters.items() if name != "n_init"}
    with CountingProgress(console, "fits to choose by", SPLITS * len(request.ranks)) as progress:
        return choose_rank(
            samples.some(),
            request.ranks,
            n_splits=SPLITS,
            random_state=request.seed,
            on_fit=lambda done, _: progress.update(done),
            memory=request.memory,
            **parameters,
        )


def _model(request: Request, choice: RankChoice | None) -> SparseNMF:
    k = request.ranks[0] if choice is None else choice.one_se
    return SparseNMF(k, random_state=request.seed, memory=request.memory, **request.parameters)


def _fitted(model: SparseNMF, samples: Samples, folder: ResultFolder, console: Console) -> Written:
    """Fit, and write the codes."""
    with FitProgress(console, model.n_init, model.tol) as progress:
        model.set_params(on_iteration=progress.update)
        codes = None
        if samples.is_large:
            model.fit(samples.X)
        else:
            codes = model.fit_transform(samples.X)
    return write_codes(model, samples, codes, folder, console)


def _summary(
    model: SparseNMF, written: Written, samples: Samples, choice: RankChoice | None, seconds: float
) -> NMFSummary:
    name, names, image = method_name(model.prior), samples.names, samples.image
    summary = read_nmf(name, model, written.codes, seconds, names=names, image=image, choice=choice)
    return replace(summary, density=written.density, relative_error=written.relative_error)


def _arrays(model: SparseNMF, samples: Samples) -> dict[str, Array]:
    """Return what is kept besides the codes."""
    arrays = {"components": model.components_, "trace": model.trace_, "stages": np.array(model.result_.stages)}
    arrays |= {"names": np.array(samples.names)} if samples.names else {}
    return arrays | ({} if model.stability_ is None else {"stability": model.stability_})
