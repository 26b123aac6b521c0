"""The rectified power exponential prior of a fixed scale."""

from dataclasses import dataclass
from typing import ClassVar

from laconic.core.arrays import Array, array_namespace
from laconic.core.checks import check_interval
from laconic.priors.base import Family, Prior


@dataclass(frozen=True)
class PowerExponential(Prior):
    """The density proportional to exp(-(x/scale)^exponent) on x >= 0: an lp penalty (arXiv:1604.02181).

    Below an exponent of 1 it is peaked at zero, 1 is the Laplacian and 2 the half-normal density.

    Parameters
    ----------
    exponent : float in (0, 2], default 0.5
        The paper's z.
    scale : float, default 1
        In the units of x.
    """

    exponent: float = 0.5
    scale: float = 1.0

    name: ClassVar[str] = "power_exponential"
    summary: ClassVar[str] = "power exponential codes: an lp penalty"
    families: ClassVar[tuple[Family, ...]] = ("type I",)

    def __post_init__(self) -> None:
        check_interval("PowerExponential", "exponent", self.exponent, 0.0, 2.0, closed="right")
        check_interval("PowerExponential", "scale", self.scale, 0.0, float("inf"), closed="neither")

    @property
    def concave(self) -> bool:  # type: ignore[override]  # of the others the class knows; here the exponent decides
        """Whether the penalty has several minima in x."""
        return self.exponent < 1

    @property
    def z(self) -> float:
        return self.exponent

    def penalty(self, x: Array) -> Array:
        return (x / self.scale) ** self.exponent

    def weight(self, x: Array) -> Array:
        return array_namespace(x).full_like(x, self.scale**-self.exponent)

    def annealed(self, progress: float) -> "PowerExponential":
        check_interval("PowerExponential", "progress", progress, 0.0, 1.0)
        start = max(1.0, self.exponent)
        return PowerExponential(start + progress * (self.exponent - start), self.scale)

    def rescaled(self, factor: float) -> "PowerExponential":
        return PowerExponential(self.exponent, self.scale * factor)
