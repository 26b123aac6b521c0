"""From a fitted model and its samples, block by block, to what a report shows."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any

import numpy as np

from laconic.core.arrays import to_numpy
from laconic.report.codes.records import Image
from laconic.report.nmf.records import evenly
from laconic.report.sensors.records import Accuracy, Array, Sample, Sensor, SensorsSummary

ByName = dict[str, Array]
MOST_LACKING = 2
"""Modalities of which a sample that lacks them is shown."""


class Tally:
    """Sums over blocks, a few numbers for each sample, and the codes of some.

    Parameters
    ----------
    model : MultimodalDictionary
        Fitted.
    n_samples : int
        Samples there will be.
    """

    def __init__(self, model: Any, n_samples: int) -> None:
        self.model, self.names = model, tuple(model.n_atoms_)
        shape = n_samples, len(self.names)
        self.present, self.active = np.zeros(shape, bool), np.zeros(shape, np.int64)
        self.left, self.whole = np.zeros(shape), np.zeros(shape)
        self.missing = np.zeros(len(self.names), np.int64)
        self._shown = evenly(np.arange(n_samples)[:, None]).ravel()
        self._codes: dict[str, list[Array]] = {name: [] for name in self.names}

    def add(self, first: int, X: Mapping[str, Any], codes: Mapping[str, Any]) -> None:
        """Take in samples `first` and following with their codes, dicts of arrays of shape (n, p_j) and (n, M_j)."""
        values = {name: to_numpy(X[name]).astype(np.float64) for name in self.names}
        found = {name: to_numpy(codes[name]) for name in self.names}
        fit = self._restored(found)
        rows = slice(first, first + len(values[self.names[0]]))
        for j, name in enumerate(self.names):
            away = np.isnan(values[name])
            there = ~away.all(axis=1)
            self.present[rows, j], self.active[rows, j] = there, np.count_nonzero(found[name], axis=1) * there
            self.left[rows, j] = np.nansum(((values[name] - fit[name]) / self._spread(j)) ** 2, axis=1)
            self.whole[rows, j] = np.nansum(((values[name] - self._offset(j)) / self._spread(j)) ** 2, axis=1)
            self.missing[j] += int(away[there].sum())
            self._keep(name, rows, found[name], there)

    def sensors(self, images: Mapping[str, Image | None], names: Mapping[str, Sequence[str]]) -> tuple[Sensor, ...]:
        """Return what is to be said of each modality."""
        return tuple(self._sensor(j, name, images, names) for j, name in enumerate(self.names))

    def patterns(self) -> tuple[tuple[tuple[bool, ...], int], ...]:
        """Return which modalities samples have, and how many have just these, the most frequent first."""
        found, counts = np.unique(self.present, axis=0, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return tuple((tuple(bool(one) for one in found[i]), int(counts[i])) for i in order)

    def chosen(self) -> dict[int, str]:
        """Return the samples worth a picture, by number: a typical one, the worst, and some that lack a modality."""
        whole = self.whole.sum(axis=1)
        errors = np.where(whole > 0, self.left.sum(axis=1) / np.where(whole > 0, whole, 1), nan)
        complete = self.present.all(axis=1) if self.present.all(axis=1).any() else self.present.any(axis=1)
        lacking = {f"without {name}": ~self.present[:, j] for j, name in enumerate(self.names)}
        found: dict[int, str] = {}
        for role, rows, order in (
            ("typical", complete, 0.5),
            ("fitted worst", complete, 1.0),
            *((role, rows, 0.5) for role, rows in lacking.items()),
        ):
            place = _at_quantile(np.where(rows, errors, nan), order)
            if place is not None and len(found) < 2 + MOST_LACKING:
                found.setdefault(place, role)
        return found

    def _keep(self, name: str, rows: slice, codes: Array, there: Array) -> None:
        """Keep the codes of the samples among these whose codes are shown."""
        among = self._shown[(self._shown >= rows.start) & (self._shown < rows.stop)] - rows.start
        self._codes[name].append(np.where(there[among, None], codes[among], nan))

    def _restored(self, codes: ByName) -> ByName:
        """Return the samples that codes stand for."""
        whole = to_numpy(self.model.inverse_transform(np.hstack(list(codes.values()))))
        return {name: whole[:, columns] for name, columns in self.model.modalities_.items()}

    def _part(self, j: int) -> Any:
        return self.model.result_.model.layout.parts[j]

    def _offset(self, j: int) -> Any:
        part = self._part(j)
        return 0.0 if part.offset is None else part.offset[: part.n_signal]

    def _spread(self, j: int) -> Any:
        part = self._part(j)
        return 1.0 if part.spread is None else part.spread[: part.n_signal]

    def _sensor(
        self, j: int, name: str, images: Mapping[str, Image | None], names: Mapping[str, Sequence[str]]
    ) -> Sensor:
        model, there = self.model, self.present[:, j]
        whole, left = float(self.whole[:, j].sum()), float(self.left[:, j].sum())
        return Sensor(
            name=name,
            components=to_numpy(model.components_[name]),
            links=to_numpy(model.links_[name]),
            usage=to_numpy(model.usage_[name]),
            energy=to_numpy(model.energy_[name]),
            codes=np.concatenate(self._codes[name]),
            noise=float(model.noise_[name]),
            unit=float(model.unit_[name]),
            present=float(there.mean()),
            active=float(self.active[there, j].mean()) if there.any() else nan,
            relative_error=float(np.sqrt(left / whole)) if whole > 0 else 0.0,
            missing_entries=int(self.missing[j]),
            image=images.get(name),
            names=tuple(names.get(name) or ()),
        )


def _at_quantile(values: Array, share: float) -> int | None:
    """Return the place of the value that so many are below, or None if there is none."""
    places = np.flatnonzero(np.isfinite(values))
    if not len(places):
        return None
    order = places[np.argsort(values[places], kind="stable")]
    return int(order[min(len(order) - 1, int(share * len(order)))])


def sample_of(model: Any, X: Mapping[str, Array], number: int, role: str, truth: Any = None) -> Sample:
    """Return a sample and what the model makes of it.

    Parameters
    ----------
    model : MultimodalDictionary
    X : dict of arrays of shape (1, p_j)
        NaN where something is missing.
    number : int
    role : str
    truth : dict of arrays of shape (p_j,), optional
        What was there before something was taken out.
    """
    columns = model.modalities_
    row = np.empty((1, sum(map(len, columns.values()))))
    for name, places in columns.items():
        row[:, places] = to_numpy(X[name])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names")  # columns are where they were
        fit, std = (to_numpy(one)[0] for one in model.reconstruct(row, return_std=True))
    return Sample(
        number=number,
        role=role,
        given=tuple(row[0, places] for places in columns.values()),
        fit=tuple(fit[places] for places in columns.values()),
        std=tuple(std[places] for places in columns.values()),
        truth=None if truth is None else tuple(to_numpy(truth[name]) for name in columns),
    )


def summed_up(
    name: str,
    tally: Tally,
    rows: Callable[[int], Mapping[str, Array]],
    *,
    images: Mapping[str, Image | None] | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
    seconds: float = nan,
    accuracies: Sequence[Accuracy] = (),
) -> SensorsSummary:
    """Return what a report shows once all samples are in.

    Parameters
    ----------
    name : str
        Of the method.
    tally : Tally
    rows : callable
        Returns a sample by its number, a dict of arrays of shape (1, p_j).
    images, names : dict, optional
        How features of a modality lie in an image, and what they are called.
    seconds : float
    accuracies : sequence of Accuracy
    """
    model = tally.model
    result = model.result_
    samples = [sample_of(model, rows(number), number, role) for number, role in tally.chosen().items()]
    return SensorsSummary(
        name=name,
        sensors=tally.sensors(images or {}, names or {}),
        n_samples=len(tally.present),
        patterns=tally.patterns(),
        samples=tuple(samples),
        coupling=str(model.coupling),
        scaling=model.scaling,
        log_likelihood=float(model.log_likelihood_),
        trace=to_numpy(model.trace_),
        status=result.status,
        message=result.message,
        gap=float(result.gap),
        n_iter=int(model.n_iter_),
        sparsity=model.sparsity_,
        seconds=seconds,
        accuracies=tuple(accuracies),
    )


def read_sensors(
    name: str,
    model: Any,
    X: Any,
    *,
    images: Mapping[str, Image | None] | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
    seconds: float = nan,
    accuracies: Sequence[Accuracy] = (),
) -> SensorsSummary:
    """Return what a report shows of a fitted `laconic.MultimodalDictionary`.

    Parameters
    ----------
    name : str
        Of the method, as a heading has it.
    model : MultimodalDictionary or MultimodalDictionaryClassifier
    X : array of shape (n_samples, n_features), or dict of arrays of shape (n_samples, n_features_j)
        The samples, NaN where something is missing.
    images : dict of Image, optional
        How the features of a modality lie in an image.
    names : dict of sequence of str, optional
        Names of the features of a modality.
    seconds : float
        What the fit took.
    accuracies : sequence of Accuracy
        How well classes are told.
    """
    values = {str(key): np.asarray(one) for key, one in X.items()} if isinstance(X, Mapping) else _parted(model, X)
    tally = Tally(model, len(next(iter(values.values()))))
    tally.add(0, values, model.codes(values if isinstance(X, Mapping) else X))
    more: Any = {"images": images, "names": names, "seconds": seconds, "accuracies": accuracies}
    return summed_up(name, tally, lambda i: {key: one[i : i + 1] for key, one in values.items()}, **more)


def _parted(model: Any, X: Any) -> ByName:
    """Return the columns of each modality."""
    return {name: np.asarray(X)[:, columns] for name, columns in model.modalities_.items()}
