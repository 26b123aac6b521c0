"""What rectified sparse Bayesian learning returns."""

from dataclasses import dataclass
from typing import Any

from laconic.core.arrays import Array, array_namespace
from laconic.core.result import Result
from laconic.sbl.quantiles import Kind, rectified_interval


@dataclass(frozen=True)
class SBLResult(Result):
    """Codes, how sure they are, and how they were found.

    For one signal the arrays have shape (m,) and the numbers are plain; for k signals (m, k) and (k,).

    Attributes
    ----------
    x : array
        The estimate that was asked for: `mode` or `mean`.
    std : array
        Posterior standard deviation of each coefficient, given the learned scales and noise.
    mean : array
        Posterior mean; dense.
    mode : array
        Posterior mode; sparse.
    scales : array
        The learned scale gamma of each coefficient, a variance; 0 where it was pruned.
    noise : float or array
        The noise variance, given or found.
    evidence : float or array
        ln p(y | scales, noise) as expectation propagation or the E-step approximates it; NaN where it cannot.
    effective_support : int or array
        Number of coefficients of the mode that are not zero.
    gap : float or array
        The largest change of a standard deviation sqrt(gamma) at the last iteration, relative to the largest.
    trace : array of shape (iterations,) or (iterations, k), or None
        The E-step's log evidence after each iteration, where it has one. It rises at every step only if the E-step is
        exact.
    """

    std: Any = None
    mean: Any = None
    mode: Any = None
    scales: Any = None
    noise: Any = None
    evidence: Any = None
    effective_support: Any = None
    location: Any = None
    spread: Any = None

    def interval(self, level: float = 0.9, kind: Kind = "highest_density") -> tuple[Array, Array]:
        """Return the ends of an interval that holds each coefficient with probability `level`, given the scales.

        The marginal posterior of a coefficient is taken as the rectified Gaussian N^R(location, spread).

        Parameters
        ----------
        level : float in (0, 1), default 0.9
        kind : {"highest_density", "equal_tailed"}
            The shortest interval, which reaches down to zero where zero is the likeliest value; or the one that
            leaves as much probability below as above.
        """
        return rectified_interval(self.location, self.spread, level, kind)


def count_support(mode: Array) -> Array:
    """Return how many coefficients of each row are above zero."""
    xp = array_namespace(mode)
    return xp.sum(xp.astype(mode > 0, xp.int64), axis=1)
