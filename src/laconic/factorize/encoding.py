"""Codes for a dictionary that is known: what `transform` does, one block at a time."""

from dataclasses import dataclass

from laconic.core.arrays import Array
from laconic.core.blocks import Block
from laconic.core.threads import threads_of_our_own
from laconic.factorize.calibration import Calibration
from laconic.factorize.incomplete import with_incomplete
from laconic.factorize.penalty import NONE, Penalty
from laconic.factorize.solvers import Solver
from laconic.factorize.statistics import Statistics
from laconic.factorize.steps import Weigh
from laconic.priors import Prior

STAGES = 15
"""Steps of the annealing on the way to a prior with several minima."""


def path_to(prior: Prior, calibration: Calibration | None, anneal: bool, end: float = 1.0) -> tuple[Penalty, ...]:
    """Return the penalties to find codes under, in turn, up to this progress of the annealing."""
    if calibration is None:
        return (NONE,)
    steps = STAGES if anneal and prior.concave else 0
    return tuple(calibration.penalty(prior, end * (i + 1) / (steps + 1)) for i in range(steps + 1))


@dataclass(frozen=True)
class Encoder:
    """Finds the codes of a block from nothing, each sample's as if it had been alone.

    Attributes
    ----------
    dictionary : array of shape (k, p)
    unit : float
        Codes are found in units of this, and returned in those of the data.
    solver : Solver
    path : tuple of Penalty
    """

    dictionary: Array
    unit: float
    solver: Solver
    path: tuple[Penalty, ...]

    @threads_of_our_own()
    def __call__(self, block: Block) -> Array:
        """Return the codes, shape (n, k)."""
        return self.in_units(block) * self.unit

    def in_units(self, block: Block) -> Array:
        """Return the codes in units of the fit."""
        D = self.dictionary
        gram = D @ D.T
        pull = block.project(D) * (1 / self.unit)
        codes = self.solver.encode(gram, pull, self.path)
        return codes if block.is_complete else with_incomplete(block, pull, codes, D, self.path)


@dataclass(frozen=True)
class EncodeAnew:
    """Find the codes of a block from nothing; their statistics are what is summed.

    Attributes
    ----------
    encoder : Encoder
    """

    encoder: Encoder

    def __call__(self, block: Block, _: Array | None) -> tuple[Array, Statistics]:
        encoder = self.encoder
        weigh = Weigh(encoder.dictionary, encoder.unit, encoder.path[-1])
        codes, audit = weigh(block, encoder.in_units(block))
        return codes, audit.statistics
