"""What a fitted model of rectified sparse Bayesian learning can tell, however its noise was chosen."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.units import parse_bytes
from laconic.estimators.covariance import covariances
from laconic.estimators.linear import NonNegativeRegressor, by_target, named
from laconic.estimators.preparation import Prepared
from laconic.sbl import SBLResult, rectified_sbl
from laconic.sbl.quantiles import Kind


class RectifiedModel(NonNegativeRegressor):
    """A non-negative linear model with learned scales and error bars."""

    _options = (
        "e_step",
        "estimate",
        "marginals",
        "shared_support",
        "prune",
        "max_iter",
        "tol",
        "memory",
        "random_state",
    )

    memory: str | int
    noise_: Any
    result_: SBLResult

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the prediction for each sample and, if asked, its standard deviation.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
        return_std : bool, default=False

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_targets)
            Made from `coef_`, the posterior's mode or mean.
        std : array of the same shape
            Standard deviation of a new sample of weight one, only if `return_std`: the noise, and how sure
            the coefficients and the intercept are.
        """
        X = self._known(X)
        y = self._predicted(X)
        return (y, self._deviation(X, y)) if return_std else y

    def coef_interval(self, level: float = 0.9, kind: Kind = "highest_density") -> tuple[Array, Array]:
        """Return the ends of an interval that holds each coefficient with probability `level`, given the scales.

        Parameters
        ----------
        level : float in (0, 1), default=0.9
        kind : {"highest_density", "equal_tailed"}
            The shortest interval, or the one with as much probability below as above; see
            `laconic.sbl.SBLResult.interval`.

        Returns
        -------
        lower, upper : array, shape of `coef_`
        """
        check_is_fitted(self)
        lower, upper = self.result_.interval(level, kind)
        return by_target(lower), by_target(upper)

    def _solve(self, X: Any, y: Array, prior: Any, **changes: Any) -> SBLResult:
        with named(self):
            return rectified_sbl(X, y, prior=prior, **self._asked(changes))

    def _limit(self) -> int:
        """Return the bytes to work in."""
        return parse_bytes(self.memory, owner=type(self).__name__, parameter="memory")

    def _keep_more(self, result: Any, data: Prepared) -> None:
        self.coef_std_, self.scales_, self.noise_ = by_target(result.std), by_target(result.scales), result.noise
        std, scales = np.atleast_2d(to_numpy(self.coef_std_)), np.atleast_2d(to_numpy(self.scales_))
        noise = np.broadcast_to(np.asarray(self.noise_, dtype=np.float64), len(std))
        X = data.X if hasattr(data.X, "tocsc") else to_numpy(data.X)
        self._covariances = covariances(X, std, scales.astype(np.float64), noise, self._limit() / 4)
        self._offset, self._total_weight = to_numpy(data.X_offset), data.total_weight

    def _deviation(self, X: Any, y: Array) -> Array:
        """Return the standard deviation of each prediction."""
        rows = X if hasattr(X, "tocsc") else to_numpy(X)
        explained = np.stack([one.spread(rows, self._offset) for one in self._covariances], axis=-1)
        noise = np.sqrt(np.asarray(self.noise_, dtype=np.float64))
        own = noise * np.sqrt(1 + 1 / self._total_weight) if self.fit_intercept else noise
        std = np.hypot(explained, own).reshape(tuple(y.shape))
        return array_namespace(y).asarray(std, dtype=y.dtype, device=device(y))
