"""Which columns of the data belong to which modality, and several arrays as one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.sparse

from laconic.core.arrays import as_array
from laconic.core.checks import DataError, ParameterError
from laconic.factorize.multimodal import Layout, Part

Columns = np.ndarray[Any, Any]

ALONE = "x"
"""Name of the modality where there is but one."""


def is_several(X: Any) -> bool:
    """Whether X is a dict or list of arrays, one a modality."""
    if scipy.sparse.issparse(X):  # one kind is a dict, too
        return False
    return isinstance(X, Mapping) or (isinstance(X, (list, tuple)) and bool(X) and all(np.ndim(one) == 2 for one in X))


def layout_of(model: Any, X: Any, width: int) -> Layout:
    """Return where the modalities of X are, as its own form or the parameter `modalities` says.

    `width` is the number of features of all modalities.

    Raises
    ------
    ParameterError, DataError
        If they overlap, leave columns out or are not there.
    """
    owner = type(model).__name__
    if is_several(X):
        if model.modalities is not None:
            allowed = "None where X holds one array for each modality"
            raise ParameterError(owner, "modalities", allowed, model.modalities)
        named = _named(owner, X)
        return _laid_out(owner, list(named), [np.shape(one)[1] for one in named.values()])
    if model.modalities is None:
        return _laid_out(owner, [ALONE], [width])
    if not isinstance(model.modalities, Mapping) or not model.modalities:
        raise ParameterError(owner, "modalities", "a dict from names to columns, or None", model.modalities)
    _check_names(owner, "names of modalities", model.modalities)
    names = getattr(X, "columns", None)
    found = {name: _places(owner, name, given, width, names) for name, given in model.modalities.items()}
    _check_partition(owner, found, width)
    return Layout(tuple(Part(str(name), columns, len(columns)) for name, columns in found.items()))


def _named(owner: str, X: Any) -> dict[str, Any]:
    pairs = X if isinstance(X, Mapping) else dict(enumerate(X))
    if not pairs:
        raise DataError(f"{owner}: X must hold at least one modality")
    _check_names(owner, "names in X", pairs)
    return {str(name): _two_axes(owner, one) for name, one in pairs.items()}


def _check_names(owner: str, what: str, names: Any) -> None:
    """Raise unless names are as many when they are written as text."""
    if len({str(name) for name in names}) < len(names):
        raise ParameterError(owner, what, "different when they are written as text", list(names))


def _two_axes(owner: str, one: Any) -> Any:
    one = one if hasattr(one, "shape") and hasattr(one, "dtype") else np.asarray(one)
    if scipy.sparse.issparse(one):
        raise TypeError("Sparse data was passed for a modality, but dense data is required. Use .toarray()")
    if len(one.shape) != 2:
        raise DataError(f"{owner}: each modality must be of shape (n_samples, n_features), got {tuple(one.shape)}")
    return one


def _laid_out(owner: str, names: list[str], widths: Sequence[int]) -> Layout:
    for name, width in zip(names, widths, strict=True):
        if width < 1:
            raise DataError(f"{owner}: modality {name!r} must have at least one feature")
    ends = np.cumsum([0, *widths])
    spans = zip(names, ends[:-1], ends[1:], strict=True)
    return Layout(tuple(Part(name, np.arange(first, last), int(last - first)) for name, first, last in spans))


def _places(owner: str, name: Any, given: Any, width: int, names: Any) -> Columns:
    """Return the columns of a modality as whole numbers."""
    allowed = "columns by number, slice, mask or name"
    if isinstance(given, slice):
        return np.arange(width)[given]
    values = np.atleast_1d(np.asarray(given))
    if values.dtype.kind == "b" and values.shape == (width,):
        return np.flatnonzero(values)
    if values.dtype.kind in "iu" and values.ndim == 1 and len(values):
        if values.min() < -width or values.max() >= width:
            raise ParameterError(owner, f"modalities[{name!r}]", f"columns of X, which has {width}", given)
        return np.asarray(values % width)
    if names is None:
        raise ParameterError(owner, f"modalities[{name!r}]", f"{allowed} (names need a DataFrame)", given)
    places = {column: i for i, column in enumerate(names)}
    missing = [one for one in values.tolist() if one not in places]
    if missing or not len(values):
        raise ParameterError(owner, f"modalities[{name!r}]", f"{allowed} of X", missing or given)
    return np.array([places[one] for one in values.tolist()])


def _check_partition(owner: str, found: Mapping[Any, Columns], width: int) -> None:
    counts = np.bincount(np.concatenate(list(found.values())), minlength=width)
    for name, columns in found.items():
        if not len(columns):
            raise ParameterError(owner, f"modalities[{name!r}]", "at least one column", columns)
    if counts.max() > 1:
        raise ParameterError(owner, "modalities", "columns that do not overlap", f"column {counts.argmax()} twice")
    if counts.min() < 1:
        allowed = "every column of X (leave out of X what belongs to no modality)"
        raise ParameterError(owner, "modalities", allowed, f"nothing for column {counts.argmin()}")


def joined(owner: str, X: Any, layout: Layout | None = None) -> Any:
    """Return modalities side by side as one array; with a layout, in its order, NaN for those that X does not have.

    Raises
    ------
    DataError
        If modalities are of different numbers of samples, not those of the layout, or of other widths.
    """
    named = _named(owner, X)
    lengths = {name: int(one.shape[0]) for name, one in named.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{owner}: all modalities must have as many samples, got {lengths}")
    arrays = {name: np.asarray(as_array(one)) for name, one in named.items()}
    if layout is None:
        return np.hstack(list(arrays.values()))
    unknown = [name for name in arrays if name not in layout.names]
    if unknown:
        raise DataError(f"{owner}: modalities must be of {list(layout.names)}, got {list(arrays)}")
    return _in_place(owner, arrays, layout, next(iter(lengths.values())))


def _in_place(owner: str, arrays: Mapping[str, Any], layout: Layout, n: int) -> Any:
    """Return one array with each modality in its columns."""
    dtype = np.result_type(*arrays.values(), np.float32)
    whole = np.full((n, sum(part.n_signal for part in layout.parts)), np.nan, dtype)
    for part in layout.parts:
        if part.name in arrays:
            whole[:, part.columns[: part.n_signal]] = _of_its_width(owner, part, arrays)
    return whole


def _of_its_width(owner: str, part: Part, arrays: Mapping[str, Any]) -> Any:
    found = arrays[part.name]
    if found.shape[1] != part.n_signal:
        raise DataError(f"{owner}: modality {part.name!r} must have {part.n_signal} features, got {found.shape[1]}")
    return found
