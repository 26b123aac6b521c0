"""The rectified generalised double Pareto prior."""

from dataclasses import dataclass
from typing import ClassVar

from laconic.core.arrays import Array, array_namespace
from laconic.priors.laplacian import exponential_m_step
from laconic.priors.mixture import GammaMixture


@dataclass(frozen=True)
class GeneralisedDoublePareto(GammaMixture):
    """The generalised double Pareto density on x >= 0: a reweighted l1 penalty.

    It is an exponential whose rate is Gamma(tau, rate tau scale).

    For type II learning the exponential is a Gaussian scale mixture in its turn: gamma ~ exponential(u^2/2) with
    u ~ Gamma(tau, rate tau scale). The M-step maximises over u given gamma, then over gamma given u; each raises the
    posterior.

    Parameters
    ----------
    tau : float, default 1e-2
        Degrees of freedom.
    scale : float, default 1
        Size of a typical coefficient, in the units of x.
    """

    tau: float = 1e-2

    name: ClassVar[str] = "gdp"
    summary: ClassVar[str] = "generalised double Pareto codes: reweighted l1"

    @property
    def z(self) -> float:
        return 1.0

    def m_step(self, second: Array, gamma: Array) -> Array:
        return exponential_m_step(second, self._best_rate(gamma) ** 2 / 2)

    def log_hyperprior(self, gamma: Array) -> Array:
        xp, rate = array_namespace(gamma), self._best_rate(gamma)
        return (self.tau + 1) * xp.log(rate) - rate**2 * gamma / 2 - self.tau * self.scale * rate

    def _best_rate(self, gamma: Array) -> Array:
        """Return the u that maximises (tau+1) ln u - gamma u^2/2 - tau scale u."""
        xp, slope = array_namespace(gamma), self.tau * self.scale
        return 2 * (self.tau + 1) / (slope + xp.sqrt(slope**2 + 4 * (self.tau + 1) * gamma))
