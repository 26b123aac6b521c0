"""The linear minimum mean squared error E-step."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from laconic.core.arrays import Array, array_namespace
from laconic.sbl.esteps.base import EStep
from laconic.sbl.esteps.gaussian import posterior
from laconic.sbl.records import Moments, Problem

MEAN = math.sqrt(2 / math.pi)
"""Mean of N^R(0, 1); its variance is 1 - 2/pi."""


@dataclass(frozen=True)
class Lmmse(EStep):
    """The best linear estimate of codes whose prior has the mean and variance of N^R(0, gamma) (arXiv:1601.06207)."""

    name: ClassVar[str] = "lmmse"
    summary: ClassVar[str] = "the best linear estimate given the prior's mean and variance"
    needs: ClassVar[Literal["dense", "products"]] = "products"

    def moments(self, problem: Problem, gamma: Array, noise: Array, last: Moments | None) -> Moments:
        xp = array_namespace(gamma)
        prior_mean = MEAN * xp.sqrt(gamma)
        explained = problem.dictionary.matmul(prior_mean.T).T
        rest = problem.y - (explained if problem.mask is None else explained * problem.mask)
        gaussian = posterior(replace(problem, y=rest), (1 - MEAN**2) * gamma, noise)
        return Moments(prior_mean + gaussian.mean, gaussian.variance)
