"""The rectified Student-t prior."""

from dataclasses import dataclass
from typing import ClassVar

from laconic.core.arrays import Array, array_namespace
from laconic.priors.mixture import GammaMixture


@dataclass(frozen=True)
class StudentT(GammaMixture):
    """The Student-t density on x >= 0 with `tau` degrees of freedom: reweighted l2.

    As a Gaussian scale mixture its variance is inverse-gamma(a, b) with a = tau/2 and b = tau scale^2 / 2, and the
    M-step is gamma = (<x^2> + 2 b) / (3 + 2 a) (arXiv:1601.06207).

    Parameters
    ----------
    tau : float, default 1e-4
        Degrees of freedom.
    scale : float, default 1
        Size of a typical coefficient, in the units of x.
    """

    tau: float = 1e-4

    name: ClassVar[str] = "student_t"
    summary: ClassVar[str] = "Student-t codes: reweighted l2, a sharp peak at zero and a heavy tail"

    @property
    def z(self) -> float:
        return 2.0

    def m_step(self, second: Array, gamma: Array) -> Array:
        return (second + self.tau * self.scale**2) / (3 + self.tau)

    def log_hyperprior(self, gamma: Array) -> Array:
        xp = array_namespace(gamma)
        b = self.tau * self.scale**2 / 2
        return -(self.tau / 2 + 1) * xp.log(gamma) - b / gamma
