"""From samples, targets and weights to the dictionary and signals that the solvers take."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.checks import DataError

ROUNDING = 16
"""A centred column whose entries are at most so many roundings of what was taken off was constant."""


@dataclass(frozen=True)
class Samples:
    """Checked data.

    Attributes
    ----------
    X : array or sparse matrix of shape (n_samples, n_features)
    y : array of shape (n_samples,) or (n_samples, n_targets)
    weights : array of shape (n_samples,) or None
    """

    X: Any
    y: Array
    weights: Array | None

    def take(self, rows: Any) -> "Samples":
        """Return these samples, by their places."""
        xp = array_namespace(self.y)
        places = xp.asarray(rows, device=device(self.y))
        X = self.X.tocsr()[rows] if scipy.sparse.issparse(self.X) else xp.take(self.X, places, axis=0)
        weights = None if self.weights is None else xp.take(self.weights, places, axis=0)
        return Samples(X, xp.take(self.y, places, axis=0), weights)

    def weighing(self) -> "Samples":
        """Return the samples whose weight is not zero.

        Raises
        ------
        DataError
            If there is none.
        """
        if self.weights is None:
            return self
        there = np.flatnonzero(to_numpy(self.weights) > 0)
        if not len(there):
            raise DataError("sample_weight must be above zero for one sample at least of those to fit, got zeros only")
        return self if len(there) == len(self.weights) else self.take(there)


@dataclass(frozen=True)
class Prepared:
    """Data of a linear model, centred and weighted.

    Attributes
    ----------
    X : array or sparse matrix of shape (n, n_features)
        The dictionary.
    y : array of shape (n,) or (n, n_targets)
        The signals.
    X_offset, y_offset : array of shape (n_features,) and () or (n_targets,)
        Means that were taken off; zeros without an intercept.
    total_weight : float
        Number of samples, each counted as often as it weighs.
    """

    X: Any
    y: Array
    X_offset: Array
    y_offset: Array
    total_weight: float


def prepare(samples: Samples, fit_intercept: bool) -> Prepared:
    """Return the least-squares problem whose rows are samples times the square root of their weight.

    Samples of weight zero are left out. A sparse X with an intercept becomes dense.
    """
    samples = samples.weighing()
    X, y, weights = samples.X, samples.y, samples.weights
    X_offset, y_offset = _zeros(y, X.shape[1]), _zeros(y, *y.shape[1:])
    if fit_intercept:
        X = X.toarray() if scipy.sparse.issparse(X) else X
        X_offset, y_offset = _mean(X, weights), _mean(y, weights)
        X, y = _centred(X, X_offset), _centred(y, y_offset)
    if weights is None:
        return Prepared(X, y, X_offset, y_offset, float(X.shape[0]))
    xp = array_namespace(y)
    root = xp.sqrt(weights)
    return Prepared(_rows_times(X, root), _rows_times(y, root), X_offset, y_offset, float(xp.sum(weights)))


def with_repeats(data: Prepared, limit: float, owner: str) -> tuple[Any, Array]:
    """Return the dictionary and signals with rows of zeros, so that there are as many rows as the samples weigh.

    A sample that is there w times is, after a rotation, one row times sqrt(w) and w - 1 rows of zeros. What looks for
    the noise counts them.

    Raises
    ------
    DataError
        If that takes more than `limit` bytes.
    """
    n, m = data.X.shape
    extra = round(data.total_weight) - n
    if extra <= 0:
        return data.X, data.y
    if extra * m * 8 > limit:
        raise DataError(
            f"{owner}: {n} samples weigh {data.total_weight:g}, and are counted as so many where the noise is found "
            "from them; give noise, or weights of mean one"
        )
    return _with_zeros(data.X, extra), _with_zeros(data.y, extra)


def _mean(values: Array, weights: Array | None) -> Array:
    xp = array_namespace(values)
    if weights is None:
        return xp.mean(values, axis=0)
    return _rows_times(values, weights / xp.sum(weights)).sum(axis=0)


def _centred(values: Array, mean: Array) -> Array:
    """Return values less their mean; exactly zero where only rounding is left."""
    xp = array_namespace(values)
    centred = values - mean
    rounding = ROUNDING * float(xp.finfo(values.dtype).eps) * xp.abs(mean)
    constant = xp.max(xp.abs(centred), axis=0) <= rounding
    return xp.where(constant, xp.zeros_like(centred), centred)


def _rows_times(values: Any, factors: Array) -> Any:
    if scipy.sparse.issparse(values):
        return scipy.sparse.diags_array(factors).tocsr() @ values
    return values * (factors if values.ndim == 1 else factors[:, None])


def _with_zeros(values: Any, extra: int) -> Any:
    if scipy.sparse.issparse(values):
        return scipy.sparse.vstack([values, scipy.sparse.csr_array((extra, values.shape[1]), dtype=values.dtype)])
    return array_namespace(values).concat([values, _zeros(values, extra, *values.shape[1:])], axis=0)


def _zeros(like: Array, *shape: int) -> Array:
    return array_namespace(like).zeros(shape, dtype=like.dtype, device=device(like))
