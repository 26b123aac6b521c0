"""Small problems whose posterior on x >= 0 is known: by quadrature in two dimensions, by SciPy's orthants in three."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import multivariate_normal

from laconic.sbl.records import Problem
from laconic.structured.dictionary import as_dictionary


@dataclass(frozen=True)
class Case:
    """One signal y = A x + v with its scales and noise, and the parts of its Gaussian posterior."""

    A: np.ndarray
    y: np.ndarray
    gamma: np.ndarray
    noise: float

    @property
    def problem(self):
        return Problem(np.arange(1), self.y[None], None, as_dictionary("test", self.A))

    def moments(self, e_step, last=None):
        return e_step.moments(self.problem, self.gamma[None], np.array([self.noise]), last)

    @property
    def covariance(self):
        return np.linalg.inv(self.A.T @ self.A / self.noise + np.diag(1 / self.gamma))

    @property
    def mean(self):
        return self.covariance @ self.A.T @ self.y / self.noise

    @property
    def log_evidence(self):
        """ln p(y | gamma, noise), the orthant by SciPy's integration."""
        n, m = self.A.shape
        marginal = self.noise * np.eye(n) + (self.A * self.gamma) @ self.A.T
        orthant = multivariate_normal(-self.mean, self.covariance, maxpts=10**6, abseps=1e-9, releps=1e-9)
        return (
            m * np.log(2) + multivariate_normal(np.zeros(n), marginal).logpdf(self.y) + np.log(orthant.cdf(np.zeros(m)))
        )


def planted(design, n, m, n_active, seed, noise=1e-2, n_signals=1):
    """Signals of `n_active` unit columns with half-normal codes; returns A, Y (n, n_signals) and X."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, m))
    if design == "positive":
        A = np.abs(A)
    if design == "twins":
        A = np.repeat(A[:, : m // 2], 2, axis=1)
    A /= np.linalg.norm(A, axis=0)
    X = np.zeros((m, n_signals))
    for column in X.T:
        column[rng.choice(m, n_active, replace=False)] = np.abs(rng.standard_normal(n_active))
    return A, A @ X + np.sqrt(noise) * rng.standard_normal((n, n_signals)), X


def small(seed, n=4, m=2):
    """A random problem of few coefficients."""
    rng = np.random.default_rng(seed)
    A, y = rng.standard_normal((n, m)), rng.standard_normal(n)
    return Case(A, y, rng.uniform(0.1, 1.1, m), 0.1)


def quadrature(case, n_nodes=400):
    """Mean and second moment of a posterior of two coefficients, by Gauss-Legendre quadrature."""
    reach = np.maximum(case.mean, 0) + 10 * np.sqrt(np.diag(case.covariance))
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    axes = [(nodes + 1) * r / 2 for r in reach]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    residual = case.y - points @ case.A.T
    log_density = -np.sum(residual**2, axis=1) / (2 * case.noise) - np.sum(points**2 / (2 * case.gamma), axis=1)
    mass = np.exp(log_density - log_density.max()) * np.outer(weights, weights).ravel()
    mass /= mass.sum()
    return mass @ points, mass @ points**2
