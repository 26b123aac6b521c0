"""Power exponentials whose inverse scale is Gamma distributed: the heavy tails of Student-t and Pareto kinds."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from laconic.core.arrays import Array, array_namespace
from laconic.core.checks import check_interval
from laconic.priors.base import Prior


@dataclass(frozen=True)
class GammaMixture(Prior):
    """The rectified power exponential exp(-(x/g)^z) with g^-z ~ Gamma(tau/z, rate tau), in units of `scale`.

    Integrating g out gives p(x) proportional to (tau + (x/scale)^z)^(-(tau+1)/z), so the penalty is
    (tau+1)/z ln(tau + (x/scale)^z) and the weight (tau+1) / (z (tau + (x/scale)^z)) / scale^z (arXiv:1604.02181).
    z = 1 is the generalised double Pareto, z = 2 the Student-t density.

    Parameters
    ----------
    tau : float
        Degrees of freedom: the smaller, the heavier the tail and the sharper the peak at zero.
    scale : float, default 1
        Size of a typical coefficient, in the units of x.
    """

    tau: float
    scale: float = 1.0

    concave: ClassVar[bool] = True
    flattest: ClassVar[float] = 1.0
    """Degrees of freedom that annealing starts from."""

    def __post_init__(self) -> None:
        for parameter in ("tau", "scale"):
            value = getattr(self, parameter)
            check_interval(type(self).__name__, parameter, value, 0.0, float("inf"), closed="neither")

    def penalty(self, x: Array) -> Array:
        xp = array_namespace(x)
        return (self.tau + 1) / self.z * xp.log1p((x / self.scale) ** self.z / self.tau)

    def weight(self, x: Array) -> Array:
        power = self.scale**self.z
        return (self.tau + 1) / (self.z * (self.tau * power + x**self.z))

    def annealed(self, progress: float) -> Self:
        check_interval(type(self).__name__, "progress", progress, 0.0, 1.0)
        start = max(self.flattest, self.tau)
        return replace(self, tau=start ** (1 - progress) * self.tau**progress)

    def rescaled(self, factor: float) -> Self:
        return replace(self, scale=self.scale * factor)
