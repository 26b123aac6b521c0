"""The diagonal approximation: each coefficient a rectified Gaussian on its own."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from laconic.core.arrays import Array
from laconic.sbl.esteps.base import EStep
from laconic.sbl.esteps.gaussian import posterior
from laconic.sbl.moments import log_mass, mean_and_variance
from laconic.sbl.orthant import log_evidence
from laconic.sbl.records import Moments, Problem


@dataclass(frozen=True)
class Diagonal(EStep):
    """The posterior N(mu, Sigma) on x >= 0, taken as a product of N^R(mu_i, Sigma_ii) (arXiv:1601.06207, DA).

    Exact where the dictionary's columns are orthogonal.
    """

    name: ClassVar[str] = "diagonal"
    summary: ClassVar[str] = "each coefficient a rectified Gaussian on its own: the fastest"
    needs: ClassVar[Literal["dense", "products"]] = "products"

    def moments(self, problem: Problem, gamma: Array, noise: Array, last: Moments | None) -> Moments:
        gaussian = posterior(problem, gamma, noise)
        mean, variance = mean_and_variance(gaussian.mean, gaussian.variance)
        mass = log_mass(gaussian.mean, gaussian.variance)
        evidence = log_evidence(gaussian.log_evidence, mass, gamma)
        return Moments(mean, variance, gaussian.mean, gaussian.variance, evidence)
