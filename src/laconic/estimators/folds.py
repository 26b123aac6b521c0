"""Cross-validation over priors and levels of the noise, all levels of a fold solved in one batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils.parallel import Parallel, delayed

from laconic.core.arrays import Array, to_numpy
from laconic.core.checks import ParameterError, check_interval, check_positive_int
from laconic.estimators.preparation import Prepared, Samples, prepare

Numbers = np.ndarray[Any, np.dtype[np.float64]]

Path = Callable[[Prepared, Numbers, Any], Array]
"""From data, levels and a prior to coefficients of shape (n_noises, n_targets, n_features)."""

LARGEST = 0.5
"""Share of the power of y at which a grid of levels begins."""


@dataclass(frozen=True)
class Search:
    """What cross-validation found.

    Attributes
    ----------
    noises : array of shape (n_noises,)
        From the largest down.
    mse_path : array of shape (n_priors, n_noises, n_folds)
        Weighted mean squared error of each fold; NaN for a fold without weight.
    prior, noise
        The best ones; of equally good ones the first prior and the largest noise.
    """

    noises: Numbers
    mse_path: Numbers
    prior: Any
    noise: float


def search(
    path: Path,
    samples: Samples,
    priors: Sequence[Any],
    noises: Numbers,
    cv: Any,
    fit_intercept: bool,
    n_jobs: int | None,
) -> Search:
    """Return the prior and the noise at which samples held out are predicted best.

    Folds count by the weight of what they hold out.
    """
    folds = list(check_cv(cv).split(samples.X, samples.y))
    run = delayed(_errors)
    found = Parallel(n_jobs=n_jobs, prefer="threads")(
        run(path, samples.take(train), samples.take(test), priors, noises, fit_intercept) for train, test in folds
    )
    sums, weights = np.stack([total for total, _ in found], axis=-1), np.array([weight for _, weight in found])
    i, j = divmod(int(np.argmin(sums.sum(axis=-1))), len(noises))
    mse = np.divide(sums, weights, out=np.full_like(sums, np.nan), where=weights > 0)
    return Search(noises, mse, priors[i], float(noises[j]))


def noise_grid(owner: str, noises: Any, eps: float, samples: Samples, fit_intercept: bool) -> Numbers:
    """Return the levels to try, from the largest down.

    Parameters
    ----------
    owner : str
    noises : int or array of shape (n_noises,)
        How many, or the variances themselves.
    eps : float
        The smallest of so many over the largest.
    samples : Samples
        Whose mean square, or variance with an intercept, the largest is half of.
    fit_intercept : bool
    """
    if isinstance(noises, (int, np.integer)):
        number = check_positive_int(owner, "noises", noises)
        shares = np.geomspace(1.0, check_interval(owner, "eps", eps, 0.0, 1.0, closed="neither"), number)
        return LARGEST * _power(prepare(samples, fit_intercept)) * shares
    try:
        levels = np.sort(np.asarray(noises, dtype=np.float64))[::-1]
    except (TypeError, ValueError):
        levels = np.array(np.nan)
    if levels.ndim != 1 or not len(levels) or not np.all(np.isfinite(levels) & (levels >= 0)):
        raise ParameterError(owner, "noises", "a number of levels, or variances of at least 0", noises)
    return levels


def as_candidates(owner: str, prior: Any) -> tuple[list[Any], bool]:
    """Return the priors to try, and whether a list of them was asked for."""
    several = isinstance(prior, (list, tuple))
    priors = list(prior) if several else [prior]
    if not priors:
        raise ParameterError(owner, "prior", "a prior, or a list with one at least", prior)
    return priors, several


def _power(data: Prepared) -> float:
    """Return the mean over targets of the weighted mean square."""
    y = to_numpy(data.y).astype(np.float64)
    return float(np.sum((y / np.sqrt(data.total_weight * max(y.size / len(y), 1))) ** 2))


def _errors(
    path: Path, train: Samples, test: Samples, priors: Sequence[Any], noises: Numbers, fit_intercept: bool
) -> tuple[Numbers, float]:
    """Return the weighted sum of squared errors, shape (n_priors, n_noises), and the weight of what was held out."""
    data = prepare(train, fit_intercept)
    y = to_numpy(test.y - data.y_offset).reshape(test.y.shape[0], -1).astype(np.float64)
    weights = np.ones(len(y)) if test.weights is None else to_numpy(test.weights).astype(np.float64)
    errors = [[_error(test.X, data, x, y, weights) for x in path(data, noises, prior)] for prior in priors]
    return np.array(errors), float(weights.sum())


def _error(X: Any, data: Prepared, x: Array, y: Numbers, weights: Numbers) -> float:
    missed = y - to_numpy(X @ x.T - data.X_offset @ x.T)
    return float(weights @ np.mean(missed**2, axis=1))
