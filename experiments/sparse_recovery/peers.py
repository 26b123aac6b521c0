"""The other libraries' methods, each from a planted problem to its answer; some are told more than a user knows."""

from collections.abc import Iterator

import numpy as np
from measure import Vector
from scipy.optimize import nnls
from sklearn.linear_model import ARDRegression, lars_path

from laconic.datasets import SparseCodes


def scipy_nnls(problem: SparseCodes) -> Vector:
    return nnls(problem.A, problem.y[:, 0], maxiter=30 * problem.A.shape[1])[0]


def oracle_lasso(problem: SparseCodes) -> Vector:
    """The point of the positive Lasso's whole path with the least true error.

    The path is linear between its knots, so the best point of each stretch is known exactly.
    """
    truth = problem.x[:, 0]
    return min(_best_points(_path(problem), truth), key=lambda x: np.sum((x - truth) ** 2))


def _path(problem: SparseCodes) -> Vector:
    """The knots (m, n_knots) of the path by LARS."""
    return lars_path(problem.A, problem.y[:, 0], method="lasso", positive=True, max_iter=2000)[2]


def _best_points(knots: Vector, truth: Vector) -> Iterator[Vector]:
    for start, end in zip(knots.T[:-1], knots.T[1:], strict=True):
        stretch = end - start
        length = float(stretch @ stretch)
        share = np.clip(stretch @ (truth - start) / length, 0, 1) if length else 0.0
        yield start + share * stretch


def ard(problem: SparseCodes) -> Vector:
    """scikit-learn's ARDRegression, which knows neither the sign nor the noise."""
    return ARDRegression(fit_intercept=False).fit(problem.A, problem.y[:, 0]).coef_


def spams_lasso(problem: SparseCodes) -> Vector:
    """The positive Lasso of SPAMS at the penalty that bounds the noise: sigma sqrt(2 ln m)."""
    import spams

    penalty = max(np.sqrt(2 * problem.noise * np.log(problem.A.shape[1])), 1e-6)
    A, y = np.asfortranarray(problem.A), np.asfortranarray(problem.y)
    return spams.lasso(y, A, lambda1=penalty, mode=2, pos=True, numThreads=1).toarray()[:, 0]
