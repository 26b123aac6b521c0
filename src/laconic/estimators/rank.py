"""How many parts: the number that says best what was held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.utils.validation import check_array

from laconic.core.checks import DataError, ParameterError, check_interval, check_positive_int
from laconic.core.seeds import RandomState, as_generator
from laconic.estimators.sparse_nmf import SparseNMF


@dataclass(frozen=True)
class RankChoice:
    """What was measured of each number of parts.

    Attributes
    ----------
    ranks : tuple of int
        Numbers of parts, ascending.
    errors : array of shape (n_ranks, n_splits)
        Root mean square error of entries held out over their root mean square: 1 is what predicting zero gives.
    """

    ranks: tuple[int, ...]
    errors: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean error of each rank, shape (n_ranks,)."""
        return np.asarray(self.errors.mean(axis=1))

    @property
    def deviation(self) -> NDArray[np.float64]:
        """Standard error of that mean, shape (n_ranks,); 0 with one split."""
        n = self.errors.shape[1]
        return np.asarray(self.errors.std(axis=1, ddof=1) / np.sqrt(n)) if n > 1 else np.zeros(len(self.ranks))

    @property
    def best(self) -> int:
        """The rank of the smallest mean error."""
        return self.ranks[int(np.argmin(self.mean))]

    @property
    def one_se(self) -> int:
        """The smallest rank whose mean error is within a standard error of the smallest."""
        lowest = int(np.argmin(self.mean))
        return self.ranks[int(np.flatnonzero(self.mean <= self.mean[lowest] + self.deviation[lowest])[0])]


def choose_rank(
    X: Any,
    ranks: Sequence[int],
    *,
    n_splits: int = 3,
    held_out: float = 0.05,
    random_state: RandomState = 0,
    on_fit: Callable[[int, int], None] | None = None,
    **parameters: Any,
) -> RankChoice:
    """Fit each number of parts to X without some of its entries, and measure how well these are predicted.

    Too few parts leave structure, too many begin to model the noise, and what is held out is predicted worse by both
    (Owen and Perry, Annals of Applied Statistics 3, 2009, hold out blocks; here entries are drawn one by one).

    Parameters
    ----------
    X : array or sparse matrix of shape (n_samples, n_features)
        At least 0; NaN is missing and not held out. Of a sparse matrix zeros are held out, too.
    ranks : sequence of int
    n_splits : int, default 3
        How often entries are drawn; every rank sees the same.
    held_out : float in (0, 0.5], default 0.05
        Share of the entries.
    random_state : int, Generator, RandomState or None, default 0
    on_fit : callable, optional
        Called with how many fits are done, and how many there will be.
    **parameters
        Of `SparseNMF`.

    Returns
    -------
    RankChoice

    Examples
    --------
    >>> from laconic.datasets import make_factors
    >>> planted = make_factors(200, 30, 4, 2, random_state=0)
    >>> choose_rank(planted.X, [2, 4, 8], n_splits=1, prior=None).best
    4
    """
    owner = "choose_rank"
    found = tuple(sorted({check_positive_int(owner, "ranks", rank) for rank in ranks}))
    if not found:
        raise ParameterError(owner, "ranks", "at least one number of parts", ranks)
    splits = check_positive_int(owner, "n_splits", n_splits)
    share = check_interval(owner, "held_out", held_out, 0.0, 0.5, closed="right")
    X = check_array(X, accept_sparse="csr", dtype=(np.float64, np.float32), ensure_all_finite="allow-nan")
    generator, errors = as_generator(owner, random_state), np.zeros((len(found), splits))
    for split in range(splits):
        hold, seed = _held(X, share, generator), int(generator.integers(2**31))
        for place, rank in enumerate(found):
            model = SparseNMF(rank, random_state=seed, **parameters)
            errors[place, split] = hold.error(model)
            if on_fit is not None:
                on_fit(split * len(found) + place + 1, splits * len(found))
    return RankChoice(found, errors)


@dataclass(frozen=True)
class _Held:
    """Data, and the places of the entries that a model does not get to see."""

    X: Any
    rows: NDArray[Any]
    columns: NDArray[Any]

    def error(self, model: SparseNMF) -> float:
        """Return the relative error of a model, fitted to the rest, on what was held out."""
        marks = np.ones(len(self.rows), dtype=bool)
        mask = scipy.sparse.csr_array((marks, (self.rows, self.columns)), shape=self.X.shape)
        codes = model.fit_transform(self.X, mask=mask if scipy.sparse.issparse(self.X) else mask.toarray())
        predicted = np.einsum("ij,ji->i", codes[self.rows], model.components_[:, self.columns])
        truth = _entries(self.X, self.rows, self.columns)
        size = float(np.sqrt(np.mean(truth**2)))
        return float(np.sqrt(np.mean((predicted - truth) ** 2))) / size if size > 0 else 0.0


def _held(X: Any, share: float, generator: np.random.Generator) -> _Held:
    """Draw entries that are there."""
    n, p = X.shape
    places = np.unique(generator.integers(n * p, size=max(1, round(share * n * p))))
    rows, columns = np.divmod(places, p)
    there = np.isfinite(_entries(X, rows, columns))
    if not there.any():
        raise DataError("choose_rank: X must have more entries that are not missing: none of those drawn was there")
    return _Held(X, rows[there], columns[there])


def _entries(X: Any, rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[np.float64]:
    found = X[rows, columns]
    return np.asarray(found.toarray() if scipy.sparse.issparse(found) else found, dtype=np.float64).ravel()
