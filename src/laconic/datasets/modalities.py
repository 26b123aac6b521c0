"""Samples that several sensors have read, from a user's own file; nothing in a file is ever unpickled."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from laconic.core.checks import DataError, ParameterError
from laconic.datasets.arrays import load_array, split_name
from laconic.datasets.labels import Labels, check_labels
from laconic.datasets.samples import LoadedSamples, load_samples

_WITH_ARRAYS = (".npz", ".mat")
_OWNER = "load_modalities"


@dataclass(frozen=True, eq=False)
class LoadedModalities:
    """Samples, one a row of every modality, and where they come from.

    Attributes
    ----------
    values : dict of ndarray, shape (n_samples, n_features_j)
        As in the file, dense; NaN where a sensor or an entry is missing. Columns of an .npy file are memory-mapped.
    source : str
        The file, for messages.
    names : dict of tuple of str
        Names of the features of each modality, empty where the file has none.
    images : dict
        Shape of one sample of each modality, such as (height, width), where samples had more than one axis before they
        were flattened, else None.
    labels : ndarray of int or str, shape (n_samples,), or None
    matrix : ndarray of shape (n_samples, n_columns), or None
        The whole array, where modalities are columns of one.
    columns : dict of slice
        Where they are in it.
    """

    values: dict[str, NDArray[Any]]
    source: str
    names: dict[str, tuple[str, ...]]
    images: dict[str, tuple[int, ...] | None]
    labels: Labels | None = None
    matrix: NDArray[Any] | None = None
    columns: dict[str, slice] | None = None


def load_modalities(
    path: str | Path, modalities: Mapping[str, str], labels: str | int | None = None
) -> LoadedModalities:
    """Return what several sensors have read of the same samples.

    Parameters
    ----------
    path : str or Path
        A file with an array for each modality, .npz or .mat (up to version 7), or one with a single matrix whose
        columns belong to them, as `load_samples` reads it. Sparse matrices become dense.
    modalities : dict of str
        For each modality the name of its array or, in a single matrix, its columns: "0:20" for the first 20, ":20",
        "20:" or "7".
    labels : str or int, optional
        Name of the array of labels or, in a single matrix, the number or the name of their column.

    Returns
    -------
    LoadedModalities

    Raises
    ------
    DataError
        If the file cannot be read, or its arrays do not fit each other; one sentence says which and why.
    ParameterError
        If columns are not as described.

    Examples
    --------
    >>> load_modalities("birds.npz", {"image": "x_img", "text": "x_txt"}, "y")  # doctest: +SKIP
    """
    file, _ = split_name(str(path))
    if file.suffix.lower() in _WITH_ARRAYS:
        return _arrays(Path(path), modalities, labels)
    return _columns(Path(path), modalities, labels)


def _arrays(path: Path, modalities: Mapping[str, str], labels: str | int | None) -> LoadedModalities:
    found = {name: _dense(load_samples(path, array)) for name, array in modalities.items()}
    lengths = {name: len(one.values) for name, one in found.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{n} of {modalities[name]}" for name, n in lengths.items())
        raise DataError(f"{path.name}: all modalities must have as many samples, got {said}")
    return LoadedModalities(
        values={name: one.values for name, one in found.items()},
        source=path.name,
        names={name: one.names for name, one in found.items()},
        images={name: one.image for name, one in found.items()},
        labels=None if labels is None else _array_of_labels(path, str(labels), next(iter(lengths.values()))),
    )


def _dense(loaded: LoadedSamples) -> LoadedSamples:
    if not issparse(loaded.values):
        return loaded
    values: Any = loaded.values
    return LoadedSamples(values.toarray(), loaded.source, loaded.names, loaded.image)


def _array_of_labels(path: Path, name: str, n: int) -> Labels:
    values = load_array(path, name).values
    if path.suffix.lower() == ".mat" and 1 in values.shape:
        values = values.ravel()  # MATLAB has no arrays of one axis
    y = check_labels(path.name, name, values)
    if len(y) != n:
        raise DataError(f"{path.name}: {name} must have a label for each of the {n} samples, got {len(y)}")
    return y


def _columns(path: Path, modalities: Mapping[str, str], labels: str | int | None) -> LoadedModalities:
    loaded = _dense(load_samples(path))
    width = loaded.values.shape[1]
    places = {name: _place(given, width) for name, given in modalities.items()}
    label = None if labels is None else _label_column(loaded, labels)
    _check_apart(places, label)
    return LoadedModalities(
        values={name: loaded.values[:, place] for name, place in places.items()},
        source=loaded.source,
        names={name: loaded.names[place] for name, place in places.items()},
        images=dict.fromkeys(places),
        labels=None
        if label is None
        else check_labels(path.name, f"column {labels}", np.asarray(loaded.values[:, label])),
        matrix=loaded.values,
        columns=places,
    )


def _place(given: str, width: int) -> slice:
    """Return columns such as 0:20, counted from 0, without the last one; at least one of them, all in the matrix."""
    found = re.fullmatch(r"(\d{0,9})(:?)(\d{0,9})", given.strip())
    first = int(found[1] or 0) if found else 0
    last = (int(found[3]) if found[3] else width if found[2] else first + 1) if found else 0
    if not found or not given.strip(" :") or not 0 <= first < last <= width:
        allowed = f"NAME=FIRST:LAST, columns of a matrix that has {width} of them, such as 0:{width}"
        raise ParameterError(_OWNER, "modality", allowed, given)
    return slice(first, last)


def _label_column(loaded: LoadedSamples, labels: str | int) -> int:
    """Return the number of the column of this number or name."""
    width, given = loaded.values.shape[1], str(labels)
    place = loaded.names.index(given) if given in loaded.names else int(given) if given.isdecimal() else width
    if place >= width:
        allowed = f"the number of a column of {loaded.source}, which has {width}, or its name in the first line"
        raise ParameterError(_OWNER, "labels", allowed, labels)
    return place


def _check_apart(places: Mapping[str, slice], label: int | None) -> None:
    """Raise `ParameterError` if two modalities share a column, or one has that of the labels."""
    owner: dict[int, str] = {} if label is None else {label: "the labels"}
    for name, place in places.items():
        for column in range(place.start, place.stop):
            if column in owner:
                allowed = "columns that nothing else has"
                given = f"column {column}, of {owner[column]} and of {name}"
                raise ParameterError(_OWNER, "modality", allowed, given)
            owner[column] = name
