"""The rectified Laplacian, or exponential, prior."""

from dataclasses import dataclass
from typing import ClassVar

from laconic.core.arrays import Array, array_namespace
from laconic.core.checks import check_interval
from laconic.priors.base import Prior


@dataclass(frozen=True)
class Laplacian(Prior):
    """The exponential density p(x) = rate exp(-rate x) on x >= 0: an l1 penalty.

    As a Gaussian scale mixture its variance is exponential with rate r = rate^2 / 2, and the M-step is
    gamma = (-1 + sqrt(1 + 8 r <x^2>)) / (4 r) (arXiv:1601.06207).

    Parameters
    ----------
    rate : float, default 1
        Inverse of the mean of x.
    """

    rate: float = 1.0

    name: ClassVar[str] = "laplacian"
    summary: ClassVar[str] = "exponential codes: an l1 penalty"

    def __post_init__(self) -> None:
        check_interval("Laplacian", "rate", self.rate, 0.0, float("inf"), closed="neither")

    @property
    def z(self) -> float:
        return 1.0

    def penalty(self, x: Array) -> Array:
        return self.rate * x

    def weight(self, x: Array) -> Array:
        return array_namespace(x).full_like(x, self.rate)

    def m_step(self, second: Array, gamma: Array) -> Array:
        return exponential_m_step(second, self.rate**2 / 2)

    def log_hyperprior(self, gamma: Array) -> Array:
        return -(self.rate**2) / 2 * gamma

    def rescaled(self, factor: float) -> "Laplacian":
        return Laplacian(self.rate / factor)


def exponential_m_step(second: Array, rate: Array) -> Array:
    """Return the maximiser of -ln(g)/2 - second/(2 g) - rate g over g >= 0, without cancellation for small rates."""
    xp = array_namespace(second)
    return 2 * second / (1 + xp.sqrt(1 + 8 * rate * second))
