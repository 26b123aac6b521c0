"""What the solvers of this room return."""

from dataclasses import dataclass
from typing import Any

from laconic.core.result import Result


@dataclass(frozen=True)
class NNLSResult(Result):
    """Answer of non-negative least squares.

    Attributes
    ----------
    objective : float or array of shape (k,)
        |A x - y|^2 + sum ridge x^2, over the entries of y that are there.
    """

    objective: Any = None


@dataclass(frozen=True)
class SparseNNLSResult(Result):
    """Answer of sparse non-negative least squares.

    Attributes
    ----------
    objective : float or array of shape (k,)
        |A x - y|^2 - 2 noise sum ln p, over the entries of y that are there; constants of the prior left out.
    noise : float or array of shape (k,)
        Variance of the noise that was used, given or found, and raised to the least that counts.
    unit : float or array of shape (k,)
        What coefficients were measured in where the prior was applied.
    prior : Prior
        In that unit, as it was at the end.
    support : array of bool, shape (m,) or (m, k)
        Which coefficients are above `tol` of the largest (columns counted as of length 1) and, for a prior that is
        smooth at zero, out of its peak there: for Student-t, x > sqrt(tau) times the prior's scale and `unit`.
    """

    objective: Any = None
    noise: Any = None
    unit: Any = None
    prior: Any = None
    support: Any = None
