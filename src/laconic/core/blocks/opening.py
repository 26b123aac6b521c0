"""From what a user has to a source of blocks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse

from laconic.core.arrays import Array, array_namespace, as_array, is_array, is_floating
from laconic.core.blocks.source import (
    BLOCK_BYTES,
    ArraySource,
    FileSource,
    SlicedSource,
    Source,
    SparseSource,
    is_working,
)
from laconic.core.blocks.spool import spooled
from laconic.core.checks import DataError


def as_source(
    owner: str,
    X: Any,
    *,
    weight: Any = None,
    mask: Any = None,
    block_size: int | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Source:
    """Return the samples X of shape (n, p) as a source of blocks.

    Parameters
    ----------
    owner : str
        Named in errors.
    X : array, memory map, scipy.sparse matrix, sliceable such as arrays of zarr and h5py, or iterator of arrays
        float32 and float64 are kept, other real numbers become float64 (float16: float32). The pieces of an iterator
        are kept in a temporary file.
    weight : array of shape (n,), optional
    mask : array or sparse matrix of bool, shape (n, p), optional
        True where an entry is missing, as NaN is in any case.
    block_size : int, optional
        Samples in a block.
    block_bytes : int
        What a block takes at most where `block_size` is not given.

    Raises
    ------
    DataError
        If X has no samples or no features, is not of real numbers, or weight or mask does not fit it.
    """
    if hasattr(X, "__next__"):
        X = spooled(owner, X)
    X = X if hasattr(X, "shape") and hasattr(X, "__getitem__") else as_array(X)
    _check(owner, X)
    mask = scipy.sparse.csr_array(mask) if scipy.sparse.issparse(mask) else None if mask is None else as_array(mask)
    weight = None if weight is None else as_array(weight)
    _check_fits(owner, "mask", mask, tuple(X.shape))
    _check_fits(owner, "weight", weight, (X.shape[0],))
    open_, each = next((make, size) for holds, make, size in KINDS if holds(X))
    size = block_size or max(1, int(block_bytes // max(1.0, each(X))))
    n = X.shape[0]
    return open_(X, np.append(np.arange(0, n, size), n), weight, mask)


def _check(owner: str, X: Any) -> None:
    if len(X.shape) != 2:
        raise DataError(f"{owner}: X must be of shape (n_samples, n_features), got {tuple(X.shape)}")
    for axis, what in enumerate(("sample", "feature")):
        if X.shape[axis] < 1:
            raise DataError(f"{owner}: X must have at least one {what}, got shape {tuple(X.shape)}")
    foreign = is_array(X) and not isinstance(X, np.ndarray)
    real = _is_real(X) if foreign else np.dtype(X.dtype).kind in "biuf"
    if not real:
        raise DataError(f"{owner}: X must hold real numbers, got {X.dtype}")


def _is_real(X: Array) -> bool:
    return bool(array_namespace(X).isdtype(X.dtype, ("bool", "integral", "real floating")))


def _check_fits(owner: str, what: str, given: Any, shape: tuple[int, ...]) -> None:
    if given is not None and tuple(given.shape) != shape:
        raise DataError(f"{owner}: {what} must be of shape {shape}, as X says, got {tuple(given.shape)}")


def _array(X: Array, edges: Any, weight: Any, mask: Any) -> Source:
    xp = array_namespace(X)
    if not is_working(X):
        X = xp.astype(X, xp.float32 if is_floating(X) and getattr(X.dtype, "itemsize", 8) <= 4 else xp.float64)
    return ArraySource(X, edges, weight, mask)


def _sparse(X: Any, edges: Any, weight: Any, mask: Any) -> Source:
    rows = scipy.sparse.csr_array(X)
    if not is_working(rows.data):
        rows = rows.astype(np.float64)
    if not rows.has_canonical_format:
        rows = rows.copy()  # the arrays are the caller's
        rows.sum_duplicates()
    return SparseSource(rows, edges, weight, mask)


def _is_file(X: Any) -> bool:
    # Mode "c" is copy on write: what was changed is not in the file.
    return isinstance(X, np.memmap) and X.flags.c_contiguous and X.filename is not None and X.mode != "c"


def _row_bytes(X: Any) -> float:
    size = getattr(X.dtype, "itemsize", 8)
    return float(X.shape[1] * max(size, 4))


def _sparse_row_bytes(X: Any) -> float:
    return 12.0 * float(X.nnz) / float(X.shape[0]) + 8.0


Opener = Callable[[Any, Any, Any, Any], Source]

KINDS: tuple[tuple[Callable[[Any], bool], Opener, Callable[[Any], float]], ...] = (
    (scipy.sparse.issparse, _sparse, _sparse_row_bytes),
    (_is_file, FileSource, _row_bytes),
    (is_array, _array, _row_bytes),
    (lambda _: True, SlicedSource, _row_bytes),
)
"""How to tell a kind of data, how to open it, and the bytes that a sample takes; the first that fits is taken."""
