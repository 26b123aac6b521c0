"""What users hand to the solvers of this room, checked and in the order the kernels want."""

from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, is_array, to_numpy
from laconic.core.checks import DataError, check_finite
from laconic.nnls.factor import Floats
from laconic.structured.dictionary import Dictionary, real_array


def as_rows(owner: str, name: str, value: Any, dictionary: Dictionary, k: int) -> Floats:
    """Return what came as a number, (m,) or (m, k) as float64 rows of shape (1, m) or (k, m).

    Raises
    ------
    DataError
        If it has another shape, or holds NaN or a negative number.
    """
    m = dictionary.shape[1]
    array = to_numpy(real_array(owner, name, value)).astype(np.float64)
    rows = np.full((1, m), array) if array.ndim == 0 else np.atleast_2d(array.T)
    if rows.shape not in ((1, m), (k, m)):
        raise DataError(f"{owner}: {name} must be of shape ({m},) or ({m}, {k}), got {array.shape}")
    if not np.all(rows >= 0):
        raise DataError(f"{owner}: {name} must be at least 0 everywhere, got {_worst(rows):g}")
    return rows


def _worst(rows: Floats) -> float:
    return float("nan") if np.isnan(rows).any() else float(rows.min())


def as_ridge(owner: str, ridge: Any, dictionary: Dictionary, k: int) -> Floats:
    """Return the ridge as rows (1, m) or (k, m); none is 0."""
    return np.zeros((1, dictionary.shape[1])) if ridge is None else as_rows(owner, "ridge", ridge, dictionary, k)


def as_start(owner: str, x0: Any, dictionary: Dictionary, k: int) -> Floats | None:
    """Return a start as rows (k, m), or None."""
    if x0 is None:
        return None
    check_finite(owner, "x0", to_numpy(real_array(owner, "x0", x0)))
    rows = as_rows(owner, "x0", x0, dictionary, k)
    return np.broadcast_to(rows, (k, rows.shape[1])) if len(rows) == 1 else rows


def like(dictionary: Dictionary, values: Floats) -> Array:
    """Return a NumPy array in the library, type and device of the dictionary."""
    xp = array_namespace(dictionary.like)
    return xp.asarray(values, dtype=dictionary.dtype, device=device(dictionary.like))


def moved(dictionary: Dictionary) -> str:
    """Return what to say about where loops in order ran, if that is not where the data is."""
    if is_array(dictionary.like) and not isinstance(dictionary.like, np.ndarray):
        return "; computed on the CPU by NumPy"
    return ""
