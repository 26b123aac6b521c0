"""The Gaussian posterior, by whichever way the dictionary allows."""

from laconic.core.arrays import Array, array_namespace
from laconic.sbl.conjugate import conjugate_posterior
from laconic.sbl.posterior import Gaussian, gaussian_posterior
from laconic.sbl.records import Problem


def posterior(problem: Problem, gamma: Array, noise: Array) -> Gaussian:
    """Return the Gaussian posterior: directly for a plain array, else by conjugate gradients on products alone.

    By products the variances are estimates and there is no evidence (NaN).
    """
    if problem.dictionary.is_dense:
        return gaussian_posterior(problem, gamma, noise)
    mean, variance = conjugate_posterior(problem, gamma, noise)
    return Gaussian(mean, variance, array_namespace(mean).full_like(mean[:, 0], float("nan")))
