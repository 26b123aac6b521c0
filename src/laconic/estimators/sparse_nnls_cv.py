"""Sparse non-negative least squares with noise and prior chosen by cross-validation."""

from collections.abc import Sequence
from typing import Any

from laconic.estimators.cross_validated import CrossValidated
from laconic.estimators.sparse_model import SparseModel
from laconic.priors import Prior


class SparseNNLSCV(CrossValidated, SparseModel):
    """`SparseNNLS` with the noise, and the prior if there are several, chosen by cross-validation.

    For each fold, prior and noise the model is fitted to the other folds; the pair with the smallest mean squared
    error on what was held out is fitted to all. All levels of the noise, which is the weight of the penalty, are solved
    in one batch.

    Parameters
    ----------
    prior : str, Prior, None, or list of them, default="student_t"
        The penalty; the best of a list, such as ``[None, "laplacian", "student_t"]``.
    noises : int or array of shape (n_noises,), default=9
        Variances of the noise to try, or how many from half the mean square of y (its variance with an intercept)
        downwards, in equal ratios. All targets share one.
    eps : float in (0, 1), default=1e-5
        The smallest of so many over the largest.
    cv : int, splitter, iterable or None, default=None
        Folds, as everywhere in scikit-learn; None is 5 folds.
    n_jobs : int or None, default=None
        Folds worked on at the same time, in threads.
    solver, anneal, scale, fit_intercept, max_iter, tol
        See `SparseNNLS`.

    Attributes
    ----------
    noise_ : float
        The variance chosen.
    prior_ : str, Prior or None
        The prior chosen.
    noises_ : ndarray of shape (n_noises,)
        Variances tried, from the largest down.
    mse_path_ : ndarray of shape (n_noises, n_folds) or (n_priors, n_noises, n_folds)
        Mean squared error on what each fold held out; with a first axis where `prior` is a list.
    coef_ : array of shape (n_features,) or (n_targets, n_features)
        The solution, at least 0.
    intercept_ : float or array of shape (n_targets,)
        0.0 without `fit_intercept`.
    n_iter_ : int or array of shape (n_targets,)
        Iterations of the solver in the last fit.
    result_ : SparseNNLSResult or NNLSResult
        What the solver returned at last.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where X had names that are all strings.

    See Also
    --------
    SparseNNLS : With the noise given, or found from the residual.

    Examples
    --------
    >>> import numpy as np
    >>> from laconic.estimators import SparseNNLSCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 20))
    >>> y = X[:, 3] + 2 * X[:, 11] + 0.1 * rng.normal(size=60)
    >>> np.flatnonzero(SparseNNLSCV().fit(X, y).coef_ > 0.1)
    array([ 3, 11])
    """

    def __init__(
        self,
        prior: str | Prior | Sequence[str | Prior | None] | None = "student_t",
        *,
        noises: Any = 9,
        eps: float = 1e-5,
        cv: Any = None,
        n_jobs: int | None = None,
        solver: str = "auto",
        anneal: bool = True,
        scale: str | float = "auto",
        fit_intercept: bool = False,
        max_iter: int | None = None,
        tol: float = 1e-6,
    ) -> None:
        self.prior = prior
        self.noises = noises
        self.eps = eps
        self.cv = cv
        self.n_jobs = n_jobs
        self.solver = solver
        self.anneal = anneal
        self.scale = scale
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
