"""Learn dictionaries of the sensors in a file, and leave dictionaries, codes and a report in a folder."""

import time
import warnings
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.exceptions import ConvergenceWarning

from laconic.cli.fuse_request import Request
from laconic.cli.fuse_rows import fuse_metrics
from laconic.cli.fused_codes import write_sensor_codes
from laconic.cli.fusion_progress import FusionProgress
from laconic.cli.held_out import HeldOut, accuracies, split
from laconic.cli.results import ResultFolder
from laconic.cli.sensor_samples import SensorSamples, prepared
from laconic.cli.wording import in_the_words_of
from laconic.estimators import MultimodalDictionary, MultimodalDictionaryClassifier
from laconic.report import SensorsSummary, render_report, sensors_section
from laconic.report.sensors import Tally, summed_up

Array = NDArray[Any]

ARRAYS = "fuse.npz"

_OWNERS = tuple(f"{kind.__name__}: {what}" for kind in (MultimodalDictionaryClassifier, MultimodalDictionary)
                for what in ("X ", ""))  # fmt: skip
"""What errors about the data begin with."""


def fuse(request: Request, console: Console) -> dict[str, Any]:
    """Learn and write the results; return what metrics.json holds.

    Raises
    ------
    DataError
        If modalities, labels or images do not fit each other, or a sample has an infinite entry.
    """
    samples = prepared(request.data, request.images, request.memory)
    held = None if samples.labels is None else split(samples, request.test_fraction, request.seed)
    folder = ResultFolder(request.out, overwrite=request.overwrite, arrays=ARRAYS)
    with folder, in_the_words_of(samples.source, *_OWNERS), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the results say so
        started = time.perf_counter()
        model = _fitted(request, samples, held, console)
        seconds = time.perf_counter() - started
        tally = write_sensor_codes(model, samples, folder, console)
        summary = _summary(model, samples, tally, held, seconds)
        metrics = fuse_metrics(request, samples, summary)
        report = render_report([sensors_section(summary, metrics)])
        folder.finish(_arrays(model, samples, held), report, metrics)
    return metrics


def _fitted(request: Request, samples: SensorSamples, held: HeldOut | None, console: Console) -> MultimodalDictionary:
    """Return the fitted model: of all samples or, with labels, a classifier of those that are not held out."""
    model = _model(request, samples)
    with ExitStack() as stack:
        progress = stack.enter_context(FusionProgress(console, model.n_init, model.tol))
        model.set_params(on_iteration=progress.update)
        if held is None:
            model.fit(samples.learned_from)
        else:
            model.fit(samples.rows(held.train), held.labels[held.train])
    return model


def _model(request: Request, samples: SensorSamples) -> MultimodalDictionary:
    given = {
        **request.parameters,
        "random_state": request.seed,
        "memory": request.memory,
        "client": request.client,
    }
    if samples.labels is not None:
        return MultimodalDictionaryClassifier(**given)
    return MultimodalDictionary(modalities=samples.columns, checkpoint=request.checkpoint, **given)


def _summary(
    model: MultimodalDictionary, samples: SensorSamples, tally: Tally, held: HeldOut | None, seconds: float
) -> SensorsSummary:
    return summed_up(
        "MultimodalDictionary" if held is None else "MultimodalDictionaryClassifier",
        tally,
        lambda number: samples.rows(slice(number, number + 1)),
        images=dict(samples.images),
        names=samples.names,
        seconds=seconds,
        accuracies=() if held is None else accuracies(model, samples, held),
    )


def _arrays(model: Any, samples: SensorSamples, held: HeldOut | None) -> dict[str, Array]:
    """Return what is kept besides codes and their deviations."""
    arrays: dict[str, Array] = {"modalities": np.array(list(model.n_atoms_)), "trace": np.asarray(model.trace_)}
    arrays["noise"] = np.array(list(model.noise_.values()))
    for kind in ("components", "links", "usage", "energy"):
        found = getattr(model, f"{kind}_")
        arrays |= {f"{kind}_{name}": np.asarray(one) for name, one in found.items()}
    arrays |= {f"names_{name}": np.array(names) for name, names in samples.names.items() if names}
    return arrays | ({} if held is None else _told(model, samples, held))


def _told(model: Any, samples: SensorSamples, held: HeldOut) -> dict[str, Array]:
    """Return the classes, the samples held out and how likely the model takes each class to be for them."""
    probabilities = np.asarray(model.predict_proba(samples.rows(held.test)))
    return {"classes": np.asarray(model.classes_), "test": held.test, "probabilities": probabilities}
