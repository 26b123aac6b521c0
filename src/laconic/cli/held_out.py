"""How well classes are told of samples that were held out: from all modalities, and with each one missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.cli.sensor_samples import OWNER, SensorSamples
from laconic.core.checks import DataError
from laconic.datasets.split import stratified_split
from laconic.report.sensors import Accuracy

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """A split of the samples.

    Attributes
    ----------
    train, test : array of int
        Numbers of samples.
    labels : array of shape (n,)
    """

    train: Array
    test: Array
    labels: Array


def split(samples: SensorSamples, test_fraction: float, seed: int) -> HeldOut:
    """Return a stratified split.

    Raises
    ------
    DataError
        If there is one class only, or one too rare to be on both sides.
    """
    assert samples.labels is not None
    values, codes = np.unique(samples.labels, return_inverse=True)
    if len(values) < 2:
        raise DataError(f"{samples.source}: labels must be of two classes at least, got only {values[0]!s}")
    hint = "give more samples of it"
    train, test = stratified_split(codes, test_fraction, seed, owner=OWNER, source=samples.source, hint=hint)
    return HeldOut(np.sort(train), np.sort(test), samples.labels)


def accuracies(model: Any, samples: SensorSamples, held: HeldOut) -> tuple[Accuracy, ...]:
    """Return how well a fitted classifier tells samples held out, from all modalities and with each one missing."""
    X, y = samples.rows(held.test), held.labels[held.test]
    found = [accuracy_of(model, X, y, _all(len(X)))]
    for gone in X if len(X) > 1 else ():
        kept = {name: one for name, one in X.items() if name != gone}
        found.append(accuracy_of(model, kept, y, f"{next(iter(kept))} alone" if len(kept) == 1 else f"all but {gone}"))
    return tuple(one for one in found if one.n)


def accuracy_of(model: Any, X: Mapping[str, Array], y: Array, sensors: str, method: str = "") -> Accuracy:
    """Return how many samples a model is right about, of those that have any of these modalities."""
    there = np.any([~np.isnan(one).all(axis=1) for one in X.values()], axis=0)
    n = int(there.sum())
    share = float(model.score({name: one[there] for name, one in X.items()}, y[there])) if n else float("nan")
    return Accuracy(sensors, share, n, method)


def _all(n: int) -> str:
    return {1: "the sensor", 2: "both sensors"}.get(n, f"all {n} sensors")
