"""A prior to copy: exponential in its tail and smooth at zero. CONTRIBUTING.md says what to do with it."""

from dataclasses import dataclass
from typing import ClassVar, Self

from laconic.core.arrays import Array, array_namespace
from laconic.core.checks import check_interval
from laconic.priors.base import Family, Prior


@dataclass(frozen=True)
class SmoothLaplacian(Prior):
    """The density proportional to (1 + rate x) exp(-rate x) on x >= 0: quadratic near zero, l1 far from it.

    It is the Gaussian scale mixture with p(gamma) = r^2 gamma exp(-r gamma), r = rate^2 / 2.

    Parameters
    ----------
    rate : float, default 1
        Slope of the penalty far from zero.
    """

    rate: float = 1.0

    name: ClassVar[str] = "smooth_laplacian"  # what prior="..." calls it
    summary: ClassVar[str] = "exponential codes without a peak at zero"  # for tables and reports
    families: ClassVar[tuple[Family, ...]] = ("type I", "type II")  # what it promises; leave out what is not derived

    def __post_init__(self) -> None:
        check_interval("SmoothLaplacian", "rate", self.rate, 0.0, float("inf"), closed="neither")

    # Type I: the codes are estimated. Elementwise, by the array API alone.

    @property
    def z(self) -> float:
        return 2.0  # the scale of a Gaussian, exp(-(x/g)^2), is what is mixed

    def penalty(self, x: Array) -> Array:
        return self.rate * x - array_namespace(x).log1p(self.rate * x)

    def weight(self, x: Array) -> Array:
        return self.rate**2 / (2 * (1 + self.rate * x))  # penalty'(x) / (z x^(z-1)), finite at zero

    # Type II: the scales are estimated.

    def m_step(self, second: Array, gamma: Array) -> Array:
        """Return the root above zero of r g^2 - g/2 - second/2: the maximum of -ln(g)/2 - second/(2 g) + ln p(g)."""
        return (1 + array_namespace(second).sqrt(1 + 4 * self.rate**2 * second)) / (2 * self.rate**2)

    def log_hyperprior(self, gamma: Array) -> Array:
        return array_namespace(gamma).log(gamma) - self.rate**2 / 2 * gamma

    # What x is measured in. A penalty with several minima also overrides `concave` and `annealed`.

    def rescaled(self, factor: float) -> Self:
        return type(self)(self.rate / factor)
