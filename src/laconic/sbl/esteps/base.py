"""The protocol of every E-step: from scales to the moments of the codes."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from laconic.core.arrays import Array
from laconic.sbl.records import Moments, Problem


@dataclass(frozen=True)
class EStep(ABC):
    """A way to the posterior moments of codes with prior N^R(0, gamma), given the signals.

    A value: its options and nothing else. It does not know which prior, coupling or noise rule it serves.
    """

    name: ClassVar[str]
    """How it is called where an E-step is chosen by name."""

    summary: ClassVar[str]
    """One sentence for tables and reports."""

    exact: ClassVar[bool] = False
    """Whether its moments are the posterior's own, so that EM raises the evidence at every step."""

    support: ClassVar[Literal["non-negative", "real"]] = "non-negative"
    """Where its codes live."""

    needs: ClassVar[Literal["dense", "products"]] = "dense"
    """Whether it needs the dictionary as an array, or products with it alone."""

    relaxation: ClassVar[float] = 1.8
    """How much further than plain EM a step may go in the logarithm of the scales; 1 where moments are noisy."""

    iterations: ClassVar[int] = 500
    """How many steps of EM to allow where the user does not say."""

    @abstractmethod
    def moments(self, problem: Problem, gamma: Array, noise: Array, last: Moments | None) -> Moments:
        """Return the posterior moments of the codes of each signal.

        Parameters
        ----------
        problem : Problem
            k signals with a dictionary of unit columns (or zero ones).
        gamma : array of shape (k, m) or (1, m)
            Scales; a coefficient whose scale is 0 is 0.
        noise : array of shape (k,) or (1,)
            Variances, above 0.
        last : Moments or None
            What it returned at the iteration before, for the same signals.
        """

    def seeded(self, seed: int) -> Self:
        """Return the same E-step with this seed, if it draws at random."""
        return self

    def bytes_per_signal(self, n: int, m: int, itemsize: int) -> int:
        """Bytes of memory that one signal more in a batch takes."""
        return itemsize * (8 * n * n + 24 * m)
