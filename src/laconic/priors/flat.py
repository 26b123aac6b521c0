"""No preference among scales: plain sparse Bayesian learning, and plain non-negative least squares."""

from dataclasses import dataclass
from typing import ClassVar, Self

from laconic.core.arrays import Array, array_namespace
from laconic.priors.base import Prior


@dataclass(frozen=True)
class Flat(Prior):
    """The flat prior on the scale.

    Type II: p(gamma) constant, so that gamma = <x^2> (arXiv:1601.06207). Type I: no penalty, and the solution is that
    of non-negative least squares.
    """

    name: ClassVar[str] = "flat"
    summary: ClassVar[str] = "no preference: plain sparse Bayesian learning, or plain non-negative least squares"

    @property
    def z(self) -> float:
        return 2.0

    def penalty(self, x: Array) -> Array:
        return array_namespace(x).zeros_like(x)

    def weight(self, x: Array) -> Array:
        return array_namespace(x).zeros_like(x)

    def m_step(self, second: Array, gamma: Array) -> Array:
        return second

    def log_hyperprior(self, gamma: Array) -> Array:
        return array_namespace(gamma).zeros_like(gamma)

    def rescaled(self, factor: float) -> Self:
        return self
