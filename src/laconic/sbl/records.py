"""The records that the parts of sparse Bayesian learning meet at."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from laconic.core.arrays import Array
from laconic.core.loop import BatchRecord
from laconic.structured.dictionary import Dictionary


@dataclass(frozen=True)
class Problem(BatchRecord):
    """Signals to be explained: y = A x + v, one signal a row.

    Attributes
    ----------
    index : array of int, shape (k,)
        Place of each signal among all that were given; random draws depend on it, not on the batch.
    y : array of shape (k, n)
        Missing entries are 0.
    mask : array of shape (k, n) or None
        1 where an entry is there, 0 where it is missing.
    dictionary : Dictionary of shape (n, m)
        A, shared by all signals.
    """

    index: "np.ndarray[Any, Any]"
    y: Array
    mask: Array | None
    dictionary: Dictionary


@dataclass(frozen=True)
class Moments(BatchRecord):
    """What an E-step found about the posterior of each coefficient.

    Attributes
    ----------
    mean, variance : array of shape (k, m)
        Of each coefficient given the signal.
    location, spread : array of shape (k, m) or None
        The rectified Gaussian N^R(location, spread) whose moments these are, where the marginal is one.
    log_evidence : array of shape (k,) or None
        ln p(y | gamma, noise), or the E-step's approximation of it.
    carry : BatchRecord or None
        What the E-step would like to start from when it is asked again.
    """

    mean: Array
    variance: Array
    location: Array | None = None
    spread: Array | None = None
    log_evidence: Array | None = None
    carry: Any = None

    @property
    def second(self) -> Array:
        """Second moments, shape (k, m)."""
        return self.mean**2 + self.variance
