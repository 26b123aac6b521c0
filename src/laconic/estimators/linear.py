"""What all regressors of this room share: data checked and centred, coefficients kept, predictions."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import (
    _check_sample_weight,  # the only check of weights there is, and what other estimators use
    check_is_fitted,
    validate_data,
)

from laconic.core.arrays import Array, array_namespace, is_array
from laconic.core.checks import ParameterError, check_choice
from laconic.estimators.preparation import Prepared, Samples


class NonNegativeRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator, ABC):
    """A linear model with coefficients of at least zero.

    A subclass has the parameters `fit_intercept` and those that its solver takes under the same names, `_options`.
    """

    _options: tuple[str, ...]

    fit_intercept: bool
    coef_: Array
    intercept_: Any
    result_: Any

    @abstractmethod
    def _solve(self, X: Any, y: Array, prior: Any, **changes: Any) -> Any:
        """Return the solver's result for this dictionary and these signals, with some options changed."""

    def predict(self, X: Any) -> Array:
        """Return the prediction for each sample.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,) or (n_samples, n_targets)
        """
        return self._predicted(self._known(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination R^2 of the prediction, averaged over targets; 1 is perfect.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        y : array of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array of shape (n_samples,) or None, default=None
        """
        return float(super().score(X, y, sample_weight))

    def _known(self, X: Any) -> Any:
        """Check samples to predict."""
        check_is_fitted(self)
        return validate_data(self, X, reset=False, **_form(X))

    def _predicted(self, X: Any) -> Array:
        return X @ by_target(self.coef_) + self.intercept_

    def _samples(self, X: Any, y: Any, sample_weight: Any) -> Samples:
        """Check the data to fit; y becomes of X's type."""
        check_choice(type(self).__name__, "fit_intercept", self.fit_intercept, (False, True))
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, **_form(X))
        y = array_namespace(y).astype(y, X.dtype)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        return Samples(X, y, sample_weight)

    def _path(self, data: Prepared, noises: Any, prior: Any) -> Array:
        """Return the coefficients at each noise, shape (n_noises, n_targets, n_features): all in one batch."""
        y = data.y if data.y.ndim == 2 else data.y[:, None]
        signals = array_namespace(y).concat([y] * len(noises), axis=1)
        x = self._solve(data.X, signals, prior, noise=np.repeat(noises, y.shape[1]), **self._path_options()).x
        return array_namespace(x).reshape(x.T, (len(noises), y.shape[1], -1))

    def _path_options(self) -> dict[str, Any]:
        """Return what the solver may leave out where only the coefficients count."""
        return {}

    def _asked(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Return the solver's options, as they were set or changed."""
        return {name: getattr(self, name) for name in self._options} | changes

    def _keep(self, result: Any, data: Prepared) -> None:
        """Set the attributes that every result gives, and warn where iterations ran out."""
        self.result_ = result
        self.coef_ = by_target(result.x)
        self.intercept_ = data.y_offset - self.coef_ @ data.X_offset if self.fit_intercept else 0.0
        self.n_iter_ = result.n_iter
        self._keep_more(result, data)
        if result.status == "max_iter":
            words = f"{type(self).__name__}: {result.message}; more iterations (max_iter) or a larger tol may help"
            warnings.warn(words, ConvergenceWarning, stacklevel=3)

    def _keep_more(self, result: Any, data: Prepared) -> None:
        """Set what is a subclass's own."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def by_target(values: Array) -> Array:
    """Turn (n_features, n_targets) into (n_targets, n_features) and back; a vector stays."""
    return values.T if values.ndim == 2 else values


def _form(X: Any) -> dict[str, Any]:
    """Return what scikit-learn is to make of X; it leaves arrays to their library only where it was told to."""
    xp = array_namespace(X) if is_array(X) and get_config()["array_api_dispatch"] else np
    return {"accept_sparse": ["csr", "csc"], "dtype": (xp.float64, xp.float32)}


@contextmanager
def named(estimator: BaseEstimator) -> Iterator[None]:
    """Let errors of parameters name the estimator they were given to."""
    try:
        yield
    except ParameterError as error:
        owner = type(estimator).__name__
        raise ParameterError(owner, error.parameter, error.allowed, error.given) from None
