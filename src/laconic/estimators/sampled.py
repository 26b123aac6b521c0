"""What users hand to a factorisation, as blocks."""

from typing import Any

import numpy as np
import scipy.sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import (
    _check_feature_names,  # scikit-learn's own estimators check lazily read data by these two, too
    _check_n_features,
    _check_sample_weight,
    validate_data,
)

from laconic.core.arrays import array_namespace, device, is_array, to_numpy
from laconic.core.blocks import Source, as_source
from laconic.core.checks import DataError
from laconic.core.units import parse_bytes

PARTS = 16
"""A block takes this part of the memory at most, since it is copied, converted and multiplied."""

LARGEST = 2**26
"""Bytes of a block at most: more bring no speed."""


def sampled(
    estimator: BaseEstimator,
    X: Any,
    *,
    reset: bool,
    weight: Any = None,
    mask: Any = None,
    memory: str | int = "1GB",
    block_size: int | None = None,
) -> Source:
    """Return samples as blocks; arrays in memory are checked as scikit-learn does, all others when they are read.

    Raises
    ------
    DataError, ValueError
        If X, weight or mask cannot be used.
    """
    owner = type(estimator).__name__
    limit = parse_bytes(memory, owner=owner, parameter="memory")
    if is_lazy(X):
        source = as_source(owner, X, mask=mask, block_size=block_size, block_bytes=min(LARGEST, limit // PARTS))
        check_width(estimator, source.n_samples, source.n_features, X, reset=reset)
    else:
        X = validate_data(
            estimator,
            X,
            reset=reset,
            accept_sparse="csr" if estimator.__sklearn_tags__().input_tags.sparse else False,
            dtype=(np.float64, np.float32),
            ensure_all_finite="allow-nan",
        )
        _check_finite(owner, X)
        source = as_source(owner, X, mask=mask, block_size=block_size, block_bytes=min(LARGEST, limit // PARTS))
    source.weight = _weight(source, weight)
    return source


def is_lazy(X: Any) -> bool:
    """Whether X is left as it is: on disk, of another library than NumPy, or coming in pieces."""
    if isinstance(X, np.memmap):
        return X.filename is not None and X.ndim == 2 and X.dtype.kind in "biuf"
    foreign = is_array(X) and not isinstance(X, np.ndarray)
    sliced = hasattr(X, "shape") and hasattr(X, "dtype") and hasattr(X, "__getitem__") and not hasattr(X, "__array__")
    hdf = type(X).__module__.partition(".")[0] in ("h5py", "zarr")
    return hasattr(X, "__next__") or foreign or hdf or (sliced and not scipy.sparse.issparse(X))


def check_width(estimator: BaseEstimator, n: int, p: int, X: Any, *, reset: bool) -> None:
    """Remember names and number of the features of X, or check that they are those of the fit."""
    _check_feature_names(estimator, X, reset=reset)
    _check_n_features(estimator, _Width(n, p), reset=reset)


class _Width:
    """The shape of samples, for scikit-learn's check of their number of features."""

    def __init__(self, n: int, p: int) -> None:
        self.shape = n, p


def _check_finite(owner: str, X: Any) -> None:
    values = X.data if scipy.sparse.issparse(X) else X
    if np.isinf(values).any():
        raise DataError(f"{owner}: X must be finite (NaN marks a missing entry), got infinity")


def _weight(source: Source, weight: Any) -> Any:
    """Return weights in the library and type of the samples, or None."""
    if weight is None:
        return None
    like = source.block(0).like
    checked = weights_of(weight, source.n_samples, to_numpy(like[:0]).dtype)
    if isinstance(like, np.ndarray):
        return checked
    return array_namespace(like).asarray(checked, dtype=like.dtype, device=device(like))


def weights_of(weight: Any, n: int, dtype: Any) -> Any:
    """Return the weights of n samples, checked, as a NumPy array."""
    return _check_sample_weight(weight, np.empty((n, 1), dtype=dtype), dtype=dtype, ensure_non_negative=True)
