"""The multiplicative updates of arXiv:1604.02181: the reference, which never raises the objective."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from laconic.core.arrays import Array, array_namespace
from laconic.factorize.penalty import Penalty
from laconic.factorize.solvers.base import Rows, Solver
from laconic.factorize.solvers.gap import sizes, stationary_step, unit_step
from laconic.nnls.objective import slope


@dataclass(frozen=True)
class Multiplicative(Solver):
    """H <- H * W'X / (W'W H + (lambda z/2) Omega H^(z-1)) for codes, and its like for the dictionary.

    In the paper W is the dictionary, here D', and H the codes, here C'. Rows of length one take the multiplicative
    step that is the exact minimiser, on the sphere, of the same majoriser: D <- D * C'X / (C'C D + mu D) with the mu
    that makes each row one long. Zeros absorb, so nothing falls below the smallest safe number.

    Parameters
    ----------
    updates : int
        Of the codes, or of the dictionary, for one look at the data.
    """

    updates: int = 5

    name: ClassVar[str] = "multiplicative"
    summary: ClassVar[str] = "the paper's multiplicative updates, which never raise the objective"
    pace: ClassVar[int] = 3

    def patient(self) -> Self:
        return replace(self, updates=STAGE)

    def start(self, gram: Array, pull: Array) -> Array:
        """Return the same code everywhere in a row: the best of that kind."""
        xp = array_namespace(pull)
        wanted, size = xp.sum(pull, axis=1), xp.sum(gram)
        alike = wanted / xp.where(size > 0, size, xp.ones_like(size))
        return xp.zeros_like(pull) + xp.maximum(alike, xp.full_like(alike, smallest(pull)))[:, None]

    def rows(self, gram: Array, pull: Array, x: Array, penalty: Penalty) -> Rows:
        new = x
        for _ in range(self.updates):
            new = updated(gram, pull, new, penalty)
        return Rows(new, sizes(gram, stationary_step(gram, pull, x, penalty)))

    def atoms(self, gram: Array, cross: Array, dictionary: Array, penalty: Penalty) -> Rows:
        found = self.rows(gram, cross.T, dictionary.T, penalty)
        return replace(found, x=array_namespace(dictionary).asarray(found.x.T, copy=True))

    def unit_atoms(self, gram: Array, cross: Array, dictionary: Array) -> Rows:
        new = dictionary
        for _ in range(self.updates):
            new = _on_sphere(gram @ new, cross, new)
        return Rows(new, sizes(gram, unit_step(gram, cross, dictionary).T))

    def encode(self, gram: Array, pull: Array, path: Sequence[Penalty]) -> Array:
        x = self.start(gram, pull)
        for place, penalty in enumerate(path):
            for _ in range(LAST if place == len(path) - 1 else STAGE):
                x = updated(gram, pull, x, penalty)
        return x


STAGE, LAST = 20, 500
"""Updates under each penalty on the way to the last one, and under that: always as many, so that rows that are solved
together come out as if alone."""


def smallest(like: Array) -> float:
    """Return the smallest number whose square is still a normal one."""
    return math.sqrt(float(array_namespace(like).finfo(like.dtype).smallest_normal))


def updated(gram: Array, pull: Array, x: Array, penalty: Penalty) -> Array:
    """Return rows after one update."""
    xp = array_namespace(x)
    least = smallest(x)
    below = x @ gram
    if not penalty.is_flat:
        below = below + penalty.strength * slope(x, penalty.prior)
    ratio = pull / xp.maximum(below, xp.full_like(below, least))
    return xp.maximum(x * ratio, xp.full_like(x, least))


NEWTON = 60
"""Steps at most for s; it takes about six."""


def _on_sphere(below: Array, cross: Array, d: Array) -> Array:
    """Return the minimiser over rows of length one of the majoriser that touches at d > 0.

    The majoriser sum a d'^2 - 2 b d' with a = below / d has the minimiser d' = b / (a - min a + s), whose length falls
    with s > 0. With f(s) = 1 / |d'|, concave and close to a line, Newton's method for f = 1 comes to s from the left,
    monotonically. The difference is taken first: s may be far smaller than a rounding of a, where b is all but zero.
    """
    xp = array_namespace(d)
    least = smallest(d)
    a = below / d
    b = xp.maximum(cross, xp.full_like(cross, least))
    above = a - xp.min(a, axis=1)[:, None]
    # With this s one entry alone has length one, and none has more, so that the root lies to the right and near.
    s = xp.max(b - above, axis=1)
    for _ in range(NEWTON):
        new = b / (above + s[:, None])
        squared = xp.sum(new**2, axis=1)
        length = xp.sqrt(squared)
        s = s + (length - 1) * squared / xp.sum(new**2 / (above + s[:, None]), axis=1)
        if bool(xp.all(xp.abs(length - 1) <= 4 * float(xp.finfo(d.dtype).eps))):
            break
    new = xp.maximum(b / (above + s[:, None]), xp.full_like(d, least))
    return new / xp.sqrt(xp.sum(new**2, axis=1))[:, None]
