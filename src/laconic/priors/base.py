"""The protocol of every prior: a rectified scale mixture, for both ways of learning with it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from laconic.core.arrays import Array
from laconic.core.checks import check_interval

Family = str
"""How a prior is used: "type I", the codes are estimated and their scales integrated out (`laconic.nnls`); or
"type II", the scales are estimated and the codes integrated out (`laconic.sbl`)."""


@dataclass(frozen=True)
class Prior(ABC):
    """A prior on a coefficient x >= 0 that draws a scale first, then x given its scale.

    A value: hyperparameters and nothing else. Every method is elementwise, for arrays of any library.

    Type I learning (arXiv:1604.02181) needs `penalty` and `weight`, type II learning (arXiv:1601.06207) `m_step` and
    `log_hyperprior`. A prior says in `families` which of the two it serves.
    """

    name: ClassVar[str]
    """How it is called where a prior is chosen by name."""

    summary: ClassVar[str]
    """One sentence for tables and reports."""

    families: ClassVar[tuple[Family, ...]] = ("type I", "type II")
    """The ways of learning it is made for."""

    concave: ClassVar[bool] = False
    """Whether the penalty has several minima in x, so that annealing from a flatter one is worth it."""

    @property
    @abstractmethod
    def z(self) -> float:
        """Exponent of the power exponential whose scale is mixed: 1 for Laplacian kinds, 2 for Gaussian ones."""

    @abstractmethod
    def penalty(self, x: Array) -> Array:
        """Return -ln p(x) up to a constant that does not depend on x, for x >= 0."""

    @abstractmethod
    def weight(self, x: Array) -> Array:
        """Return the expected weight E[g^-z | x] = -(ln p)'(x) / (z x^(z-1)) at x >= 0.

        It is what EM, majorisation and the multiplicative update need to know of the prior (arXiv:1604.02181).
        """

    def m_step(self, second: Array, gamma: Array) -> Array:
        """Return the variances that maximise the expected log posterior of the scales.

        Parameters
        ----------
        second : array
            Second moments of the codes, averaged over signals where these share their support.
        gamma : array
            Variances before the step; what iterates inside the step starts from them.
        """
        raise NotImplementedError(f"{self.name} is not made for type II learning")

    def log_hyperprior(self, gamma: Array) -> Array:
        """Return ln p(gamma) up to a constant: what type II learning adds to the evidence."""
        raise NotImplementedError(f"{self.name} is not made for type II learning")

    def annealed(self, progress: float) -> Self:
        """Return the prior to use at this progress in [0, 1] towards this one; at 1 it is this one."""
        check_interval(type(self).__name__, "progress", progress, 0.0, 1.0)
        return self

    def rescaled(self, factor: float) -> Self:
        """Return the prior of factor times x."""
        raise NotImplementedError
