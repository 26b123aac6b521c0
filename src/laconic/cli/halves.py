"""The tour's handwritten digits in two halves, one of them sometimes missing: linked atoms, and classes from either."""

import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

import laconic
from laconic.cli.fuse_rows import accuracy_row, fit_figures, sensor_row
from laconic.cli.machine import machine
from laconic.cli.strict_json import without_nan
from laconic.core.files import write_json
from laconic.datasets import DigitHalves, load_digit_halves
from laconic.datasets.split import stratified_split
from laconic.estimators import MultimodalDictionaryClassifier
from laconic.report import Accuracy, Image, Section, SensorsSummary, read_sensors, sensors_section
from laconic.report.sensors import sample_of

Array = NDArray[Any]
Halves = dict[str, Array]

MISSING, HELD_OUT = 0.3, 0.25
"""Share of the digits that lack a half, and of those that classes are told of."""

SETTINGS: dict[str, Any] = {
    "n_atoms": 48,
    "noise": 0.005,
    "sparsity": 4,
    "scaling": None,
    "cycles": 0,
    "tol": 1e-2,
    "max_iter": 40,
    "C": 0.1,
}
"""Given, where the default would find them, so that it takes seconds."""

OURS, THEIRS = "MultimodalDictionaryClassifier", "Logistic regression"
_FAIR = (
    f"Both classifiers learned from the same {100 * (1 - HELD_OUT):.0f} % of the digits, some without a half, and "
    "tell the others, of which both halves are known, from these or from one. Logistic regression gets the mean of a "
    "pixel where it is missing. Settings are such that the tour is quick."
)
_IMAGE = Image(8, 4)
_SHOWN = 3  # digits that are shown without their left half, and without their right one


def fuse_halves(out: Path, console: Console) -> tuple[Section, dict[str, Any]]:
    """Learn digits from their halves; leave atoms and figures in a folder.

    Returns
    -------
    Section
        For the report.
    dict
        What metrics.json holds.
    """
    digits, whole = load_digit_halves(MISSING), load_digit_halves()
    train, test = stratified_split(digits.y, HELD_OUT, 0, owner="laconic tour", source="digits")
    model, seconds = _fitted(digits, train, console)
    with threadpool_limits(1):  # products so small are slower on several threads
        rival = _rival(digits, train, console)
        accuracies = (*_told(model, whole, test, OURS), *_told(_OnPixels(rival), whole, test, THEIRS))
    more: Any = {"images": dict.fromkeys(digits.X, _IMAGE), "seconds": seconds, "accuracies": accuracies}
    summary = read_sensors("A dictionary for each half", model, digits.X, **more)
    summary = replace(summary, samples=tuple(_examples(model, whole, test)))
    metrics = _metrics(digits, summary)
    out.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {f"components_{name}": one for name, one in model.components_.items()}
    np.savez(out / "halves.npz", **arrays)
    write_json(out / "metrics.json", metrics)
    return sensors_section(summary, metrics), metrics


def _fitted(digits: DigitHalves, train: Array, console: Console) -> tuple[MultimodalDictionaryClassifier, float]:
    """Return dictionaries and classes learned from digits of which some lack a half, and how long it took."""
    started = time.perf_counter()
    model = MultimodalDictionaryClassifier(random_state=0, **SETTINGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the report says so
        model.fit(_some(digits.X, train), digits.y[train])
    seconds = time.perf_counter() - started
    console.print(f"dictionaries and classes: {seconds:.1f} s", highlight=False)
    return model, seconds


def _rival(digits: DigitHalves, train: Array, console: Console) -> Any:
    """Return logistic regression on pixels, the mean of each in the place of those that are missing."""
    started = time.perf_counter()
    rival = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=1000))
    rival.fit(_beside(_some(digits.X, train)), digits.y[train])
    console.print(f"logistic regression: {time.perf_counter() - started:.1f} s", highlight=False)
    return rival


class _OnPixels:
    """A classifier of pixels that takes halves; one that is not given is missing."""

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline

    def score(self, X: Mapping[str, Array], y: Array) -> float:
        n = len(y)
        halves = {name: X.get(name, np.full((n, _IMAGE.lines * _IMAGE.cols), np.nan)) for name in ("left", "right")}
        return float(self.pipeline.score(_beside(halves), y))


def _told(model: Any, whole: DigitHalves, test: Array, method: str) -> tuple[Accuracy, ...]:
    """Return how well digits are told from both halves and from either alone, of digits that have both."""
    X, y = _some(whole.X, test), whole.y[test]
    sets = {"both halves": X, **{f"the {name} one alone": {name: half} for name, half in X.items()}}
    return tuple(Accuracy(words, float(model.score(given, y)), len(y), method) for words, given in sets.items())


def _examples(model: Any, whole: DigitHalves, test: Array) -> list[Any]:
    """Return some digits that were held out, of different classes, each without one of its halves."""
    places = [int(test[whole.y[test] == digit][0]) for digit in range(2 * _SHOWN)]
    found = []
    for i, place in enumerate(places):
        gone = "left" if i < _SHOWN else "right"
        truth = {name: half[place] for name, half in whole.X.items()}
        given = {name: np.full((1, len(half)), np.nan) if name == gone else half[None] for name, half in truth.items()}
        found.append(sample_of(model, given, place, f"without {gone}", truth))
    return found


def _some(X: Halves, rows: Array) -> Halves:
    return {name: half[rows] for name, half in X.items()}


def _beside(X: Halves) -> Array:
    return np.hstack(list(X.values()))


def _metrics(digits: DigitHalves, summary: SensorsSummary) -> dict[str, Any]:
    n = len(digits.y)
    metrics: dict[str, Any] = without_nan(
        {
            "laconic": laconic.__version__,
            "title": "Digits in two halves, one of them sometimes missing",
            "data": f"scikit-learn's digits: {n:,} images of 8 x 8 pixels, cut in a left and a right half; of "
            f"{100 * MISSING:.0f} % one half is missing",
            "machine": machine(),
            "seed": 0,
            "settings": SETTINGS,
            "caveats": [_FAIR],
            "fit": fit_figures(summary),
            "accuracies": [accuracy_row(one) for one in summary.accuracies],
            "rows": [sensor_row(one) for one in summary.sensors],
        }
    )
    return metrics
