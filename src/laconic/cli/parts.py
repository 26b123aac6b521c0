"""The tour's handwritten digits, taken apart with a sparse prior, without one, and by scikit-learn's NMF."""

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.datasets import load_digits
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

import laconic
from laconic.cli.machine import machine
from laconic.cli.nmf_rows import nmf_row
from laconic.cli.strict_json import without_nan
from laconic.core.files import write_json
from laconic.estimators import SparseNMF
from laconic.report import Image, NMFSummary, Section, nmf_section, read_nmf
from laconic.report.nmf.records import evenly, use_of

Array = NDArray[Any]

PARTS = 36

FEWER, ALPHA = 26, 2.1e-4
"""Parts that plain NMF needs, and l1 penalty that scikit-learn's NMF bears, for about the error of the sparse one."""

_IMAGE = Image(8, 8)
_ITERATIONS = 500


def take_apart(out: Path, console: Console) -> tuple[Section, dict[str, Any]]:
    """Factorise handwritten digits by several methods; leave parts and figures in a folder.

    Returns
    -------
    Section
        For the report.
    dict
        What metrics.json holds.
    """
    X = load_digits().data / 16.0
    with threadpool_limits(1):  # products so small are slower on several threads
        found = {method: _timed(method, fit, X, console) for method, fit in METHODS.items()}
    metrics = _metrics(X, found)
    parts: dict[str, Any] = {method: one.components for method, one in found.items()}
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "parts.npz", **parts)
    write_json(out / "metrics.json", metrics)
    first, *others = found.values()
    return nmf_section(first, metrics, others=others), metrics


def _sparse(X: Array) -> NMFSummary:
    return _fitted("Sparse NMF with the rgdp prior", SparseNMF(PARTS, random_state=0), X, "rsbl")


def _plain(X: Array) -> NMFSummary:
    return _fitted("Plain NMF", SparseNMF(PARTS, prior=None, random_state=0), X, "sparse")


def _fewer(X: Array) -> NMFSummary:
    return _fitted("Plain NMF with fewer parts", SparseNMF(FEWER, prior=None, random_state=0), X, "omp")


def _l1(X: Array) -> NMFSummary:
    """Return what scikit-learn's NMF makes of X with an l1 penalty on codes and parts."""
    model = NMF(PARTS, init="nndsvda", alpha_W=ALPHA, l1_ratio=1.0, max_iter=_ITERATIONS, random_state=0)
    codes = model.fit_transform(X)
    left = np.linalg.norm(X - codes @ model.components_) / np.linalg.norm(X)
    return NMFSummary(
        name="scikit-learn's NMF with l1",
        components=model.components_,
        codes=evenly(codes),
        n_samples=len(X),
        use=use_of(codes, model.components_),
        density=float(np.mean(codes > 0)),
        relative_error=float(left),
        status="converged" if model.n_iter_ < _ITERATIONS else "max_iter",
        n_iter=int(model.n_iter_),
        image=_IMAGE,
        look="nnls",
    )


METHODS: dict[str, Callable[[Array], NMFSummary]] = {"rgdp": _sparse, "none": _plain, "fewer": _fewer, "l1": _l1}
"""What is compared, the one that is shown in full first."""


def _fitted(name: str, model: SparseNMF, X: Array, look: str) -> NMFSummary:
    codes = model.fit_transform(X)
    return read_nmf(name, model, codes, image=_IMAGE, look=look)


def _timed(method: str, fit: Callable[[Array], NMFSummary], X: Array, console: Console) -> NMFSummary:
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the table says so
        found = fit(X)
    seconds = time.perf_counter() - started
    said = f"error {100 * found.relative_error:.1f} %, {found.in_a_sample:.1f} of {found.n_parts} parts in a digit"
    console.print(f"{method}: {seconds:.1f} s, {said}", highlight=False)
    return replace(found, seconds=seconds)


def _metrics(X: Array, found: dict[str, NMFSummary]) -> dict[str, Any]:
    metrics: dict[str, Any] = without_nan(
        {
            "laconic": laconic.__version__,
            "title": "Parts of handwritten digits",
            "data": f"scikit-learn's digits: {len(X):,} images of {_IMAGE.lines} x {_IMAGE.cols} pixels",
            "machine": machine(),
            "seed": 0,
            "caveats": [
                "Fewer parts, and the l1 penalty of scikit-learn's NMF, were chosen so that their error is about that "
                "of the sparse one. That penalty is on codes and parts alike, since one on codes alone would shrink "
                "them and let the parts grow.",
            ],
            "rows": [nmf_row(one, method) for method, one in found.items()],
        }
    )
    return metrics
