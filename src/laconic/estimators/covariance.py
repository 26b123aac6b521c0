"""How the coefficients' errors hang together, which says how sure a prediction is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Covariance:
    """Posterior covariance of the coefficients of one target that were not pruned, before it is cut off at zero.

    It is (A'A / noise + 1 / gamma)^-1 on their columns, exact for the Gaussian whose rectification is the posterior.
    Cutting off at zero would narrow it further for a coefficient at the wall; not knowing the scales gamma would widen
    it. On planted codes it comes closer to the errors of predictions than independent marginals do.

    Attributes
    ----------
    active : array of int, shape (a,)
        Columns.
    root : array or sparse matrix of shape (a, a)
        R with R R' the covariance.
    """

    active: "np.ndarray[Any, np.dtype[np.intp]]"
    root: Any

    @classmethod
    def of(cls, X: Any, scales: Numbers, noise: float) -> "Covariance":
        """Return that of one target.

        Parameters
        ----------
        X : array or sparse matrix of shape (n, m)
            The dictionary, as it was fitted.
        scales : array of shape (m,)
            Learned scales gamma.
        noise : float
            Variance.
        """
        active = np.flatnonzero(scales)
        deviations = np.sqrt(scales[active])
        explained = _columns(X, active) * (deviations / np.sqrt(noise))
        lower = np.linalg.cholesky(np.eye(len(active)) + explained.T @ explained)
        inverse = scipy.linalg.solve_triangular(lower, np.eye(len(active)), lower=True)
        return cls(active, deviations[:, None] * inverse.T)

    @classmethod
    def independent(cls, std: Numbers) -> "Covariance":
        """Return that of coefficients with these deviations, shape (m,), and no correlation."""
        active = np.flatnonzero(std)
        return cls(active, scipy.sparse.diags_array(std[active]))

    def spread(self, X: Any, offset: Numbers) -> Numbers:
        """Return the standard deviation of (x - offset) times the coefficients, for each row x of X."""
        rows = _columns(X, self.active) - offset[self.active]
        spread: Numbers = np.linalg.norm(rows @ self.root, axis=1)
        return spread


def covariances(X: Any, std: Numbers, scales: Numbers, noise: Numbers, limit: float) -> list[Covariance]:
    """Return that of each target; independent coefficients where all together would take more than `limit` bytes.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, m)
    std, scales : array of shape (k, m)
    noise : array of shape (k,)
    limit : float
    """
    usable = np.isfinite(scales).all() and bool(np.all(noise > 0))
    if not usable or 8 * np.sum(np.sum(scales > 0, axis=1, dtype=np.float64) ** 2) > limit:
        return [Covariance.independent(one) for one in std]
    return [Covariance.of(X, one, float(level)) for one, level in zip(scales, noise, strict=True)]


def _columns(X: Any, active: Any) -> Numbers:
    columns = X.tocsc()[:, active].toarray() if scipy.sparse.issparse(X) else X[:, active]
    return np.asarray(columns, dtype=np.float64)
