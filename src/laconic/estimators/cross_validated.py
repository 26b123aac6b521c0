"""Regressors whose noise and prior are chosen by cross-validation."""

from typing import Any, Self

from laconic.estimators.folds import as_candidates, noise_grid, search
from laconic.estimators.linear import NonNegativeRegressor
from laconic.estimators.preparation import prepare


class CrossValidated(NonNegativeRegressor):
    """A non-negative linear model that tries levels of the noise, and priors, on samples held out."""

    prior: Any
    noises: Any
    eps: float
    cv: Any
    n_jobs: int | None

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Choose noise and prior, then fit to all samples.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features)
            float32 is kept, other numbers become float64.
        y : array of shape (n_samples,) or (n_samples, n_targets)
            Without missing entries.
        sample_weight : array of shape (n_samples,), float or None, default=None
            At least 0, for fits and errors; a sample of weight 0 counts for nothing.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If a parameter is outside its limits.
        ValueError
            If the data cannot be used: not numbers, not finite, of shapes that do not fit, or fewer samples than
            folds.

        Warns
        -----
        ConvergenceWarning
            If in the last fit a target had not converged within `max_iter` iterations.
        """
        owner = type(self).__name__
        samples = self._samples(X, y, sample_weight)
        priors, several = as_candidates(owner, self.prior)
        noises = noise_grid(owner, self.noises, self.eps, samples, self.fit_intercept)
        found = search(self._path, samples, priors, noises, self.cv, self.fit_intercept, self.n_jobs)
        data = prepare(samples, self.fit_intercept)
        self._keep(self._solve(data.X, data.y, found.prior, noise=found.noise), data)
        self.noises_, self.noise_, self.prior_ = found.noises, found.noise, found.prior
        self.mse_path_ = found.mse_path if several else found.mse_path[0]
        return self
