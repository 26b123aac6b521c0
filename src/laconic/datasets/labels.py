"""Labels of any honest kind, turned into indices and class names."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError

Labels = NDArray[Any]


def check_labels(source: str, name: str, y: Labels) -> Labels:
    """Return labels of shape (n,) as integers or strings, or raise `DataError` if they are not classes.

    Whole numbers stored as floats are taken as integers, booleans and byte strings as strings.
    """
    if y.ndim != 1:
        raise DataError(f"{source}: {name} must have one label a sample, shape (n,), got shape {y.shape}")
    if y.dtype.kind in "iuU":
        return y
    if y.dtype.kind == "b":
        return y.astype(str)
    if y.dtype.kind == "S":
        return np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind == "f" and _is_whole(y):
        return y.astype(np.int64)
    raise DataError(f"{source}: {name} must hold classes, as integers or strings, got {y.dtype}{_first_fraction(y)}")


def encode(source: str, y_train: Labels, y_test: Labels | None) -> tuple[Labels, Labels | None, Labels]:
    """Return the labels as indices into the distinct training labels, and those labels in ascending order.

    Raises `DataError` if the two parts are of different kinds, if there is only one class, or if the test
    part holds a class that training never sees.
    """
    values, train = np.unique(y_train, return_inverse=True)
    if len(values) < 2:
        raise DataError(f"{source}: y_train must hold at least two classes, got only {values[0]!s}")
    return train.astype(np.int64), None if y_test is None else _look_up(source, values, y_test), values


def class_names(source: str, values: Labels, given: Any) -> tuple[str, ...]:
    """Return a name for each distinct label: the label itself, or for numbers its entry in `given`."""
    if given is None or values.dtype.kind == "U":
        return tuple(str(value) for value in values)
    names = given if isinstance(given, np.ndarray) else np.asarray(None)
    if names.dtype.kind not in "US" or names.shape != values.shape:
        raise DataError(
            f"{source}: classes must hold {len(values)} names, one for each label in y_train in ascending "
            f"order, got {names.dtype} of shape {names.shape}"
        )
    return tuple(str(name) for name in check_labels(source, "classes", names))


def _look_up(source: str, values: Labels, y_test: Labels) -> Labels:
    if (values.dtype.kind == "U") != (y_test.dtype.kind == "U"):
        raise DataError(
            f"{source}: y_test must hold labels of the same kind as y_train ({values.dtype}), got {y_test.dtype}"
        )
    unseen = np.setdiff1d(y_test, values)
    if len(unseen):
        shown = ", ".join(str(label) for label in unseen[:5]) + (", ..." if len(unseen) > 5 else "")
        raise DataError(f"{source}: y_test must hold only classes that y_train has, got also {shown}")
    return np.searchsorted(values, y_test).astype(np.int64)


def _is_whole(y: Labels) -> bool:
    return bool(np.all(np.isfinite(y)) and np.all(np.abs(y) < 2**53) and np.all(y == np.floor(y)))


def _first_fraction(y: Labels) -> str:
    """Name the first label that is no whole number, where the labels are floats."""
    if y.dtype.kind != "f":
        return ""
    bad = y[~(np.isfinite(y) & (y == np.floor(y)))]
    return f" with the value {bad[0]:g}" if len(bad) else " with values of 2**53 and more"
