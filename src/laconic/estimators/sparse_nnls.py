"""Sparse non-negative least squares as a scikit-learn regressor."""

from typing import Any, Self

from laconic.core.units import parse_bytes
from laconic.estimators.preparation import prepare, with_repeats
from laconic.estimators.sparse_model import SparseModel, is_plain
from laconic.priors import Prior

LIMIT = parse_bytes("1GB", owner="SparseNNLS", parameter="memory")
"""Bytes that rows counted as often as they weigh may take where the noise is sought."""


class SparseNNLS(SparseModel):
    """Sparse non-negative linear regression: least squares with a penalty that favours few coefficients.

    Minimises ``|y - X w|^2 - 2 noise sum_i ln p(w_i)`` over w >= 0, for a prior p whose own scales are integrated out
    (arXiv:1604.02181). It is faster than `RectifiedSBL`, and gives no error bars.

    Parameters
    ----------
    prior : {"student_t", "gdp", "laplacian", "power_exponential", "flat"}, Prior or None, default="student_t"
        The penalty: reweighted l2, reweighted l1, l1, lp, or none; None is "flat", plain non-negative least squares.
    noise : "auto", float or array of shape (n_targets,), default="auto"
        Variance of the noise, which weighs the penalty. "auto" finds it from the residual of plain non-negative least
        squares. Not used by the prior "flat".
    snr : float or None, default=None
        Signal-to-noise ratio in decibels, instead of `noise`.
    solver : {"auto", "active_set", "coordinate", "multiplicative"}, default="auto"
        See `laconic.nnls.sparse_nnls`; not used by the prior "flat".
    anneal : bool, default=True
        Whether a prior with several minima starts out flat and sharpens.
    scale : "auto" or float, default="auto"
        Unit in which the prior measures coefficients. With "auto" the answer follows when X or y are rescaled.
    fit_intercept : bool, default=False
        Whether to fit a constant, which may be negative, by centring X and y. A sparse X becomes dense for it.
    max_iter : int or None, default=None
        Convex problems, sweeps or updates of the solver; None is what suits it.
    tol : float, default=1e-6
        Largest step, over the length of the signal, at which a target counts as converged.

    Attributes
    ----------
    coef_ : array of shape (n_features,) or (n_targets, n_features)
        The solution, at least 0.
    intercept_ : float or array of shape (n_targets,)
        0.0 without `fit_intercept`.
    noise_ : float, array of shape (n_targets,) or None
        Variance that was used; None where the prior is flat.
    n_iter_ : int or array of shape (n_targets,)
        Iterations of the solver.
    result_ : SparseNNLSResult or NNLSResult
        What the solver returned for the centred and weighted data.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where X had names that are all strings.

    See Also
    --------
    SparseNNLSCV : Chooses noise and prior by cross-validation.
    RectifiedSBL : With error bars.
    laconic.nnls.sparse_nnls : The function underneath; also for missing entries and matrices known by products only.

    Notes
    -----
    A sample of weight w counts as w samples, as everywhere in scikit-learn: its squared error is multiplied by w, and
    noise="auto" counts the sum of the weights as the number of samples. For weights that are inverse variances, set
    noise=1.0.

    Examples
    --------
    >>> import numpy as np
    >>> from laconic.estimators import SparseNNLS
    >>> X = np.random.default_rng(0).normal(size=(40, 20))
    >>> y = X[:, 3] + 2 * X[:, 11]
    >>> np.flatnonzero(SparseNNLS(noise=1e-4).fit(X, y).coef_ > 0.01)
    array([ 3, 11])
    """

    def __init__(
        self,
        prior: str | Prior | None = "student_t",
        *,
        noise: Any = "auto",
        snr: float | None = None,
        solver: str = "auto",
        anneal: bool = True,
        scale: str | float = "auto",
        fit_intercept: bool = False,
        max_iter: int | None = None,
        tol: float = 1e-6,
    ) -> None:
        self.prior = prior
        self.noise = noise
        self.snr = snr
        self.solver = solver
        self.anneal = anneal
        self.scale = scale
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the coefficients.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
            float32 is kept, other numbers become float64.
        y : array of shape (n_samples,) or (n_samples, n_targets)
            Without missing entries.
        sample_weight : array of shape (n_samples,), float or None, default=None
            At least 0; a sample of weight 0 is left out.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If a parameter is outside its limits.
        ValueError
            If the data cannot be used: not numbers, not finite, or of shapes that do not fit.

        Warns
        -----
        ConvergenceWarning
            If a target had not converged within `max_iter` iterations.
        """
        data = prepare(self._samples(X, y, sample_weight), self.fit_intercept)
        noise = None if isinstance(self.noise, str) and self.noise == "auto" else self.noise
        sought = noise is None and not is_plain(self.prior)
        dictionary, signals = with_repeats(data, LIMIT, type(self).__name__) if sought else (data.X, data.y)
        result = self._solve(dictionary, signals, self.prior, noise=noise, snr=self.snr)
        self._keep(result, data)
        self.noise_ = getattr(result, "noise", None)
        return self
