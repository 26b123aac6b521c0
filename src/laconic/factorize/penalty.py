"""What a prior costs: the second half of the objective."""

import math
from dataclasses import dataclass

from laconic.core.arrays import Array, array_namespace
from laconic.nnls.objective import slope
from laconic.priors import Flat, Prior


@dataclass(frozen=True)
class Penalty:
    """strength times the sum of -ln p over codes.

    Attributes
    ----------
    prior : Prior
        In the units of the codes.
    strength : float
        lambda = 2 sigma^2, for sigma^2 the variance of the noise in the units of the data.
    """

    prior: Prior
    strength: float

    @property
    def is_flat(self) -> bool:
        """Whether it is nothing."""
        return isinstance(self.prior, Flat) or self.strength == 0

    def rows(self, codes: Array) -> Array:
        """Return what each row of codes costs, shape (n,), in float64."""
        xp = array_namespace(codes)
        if self.is_flat:
            return xp.zeros_like(codes[:, 0], dtype=xp.float64)
        return self.strength * xp.sum(self.prior.penalty(codes), axis=1, dtype=xp.float64)

    def counts(self, codes: Array) -> Array:
        """Return which codes count: above zero, and out of the peak there of a prior that is smooth but not convex.

        Multiplicative updates leave no zeros: what is below the smallest safe number is one.
        """
        xp = array_namespace(codes)
        large = codes > 2 * math.sqrt(float(xp.finfo(codes.dtype).smallest_normal))
        if self.is_flat or not (self.prior.concave and self.prior.z > 1):
            return large
        return large & (slope(1.001 * codes, self.prior) < slope(codes, self.prior))


NONE = Penalty(Flat(), 0.0)
"""No penalty at all."""
