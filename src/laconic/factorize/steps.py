"""What is done to blocks: values that can be sent to where the blocks are."""

from dataclasses import dataclass, replace
from typing import Any

from laconic.core.arrays import Array, array_namespace
from laconic.core.blocks import Additive, Block, Survey
from laconic.factorize.penalty import NONE, Penalty
from laconic.factorize.solvers import Solver
from laconic.factorize.solvers.gap import sizes, stationary_step
from laconic.factorize.statistics import Statistics, statistics


@dataclass(frozen=True)
class Look:
    """Find out how large the data are and what is missing; states are dropped."""

    def __call__(self, block: Block, _: Any) -> tuple[None, Survey]:
        return None, block.survey()


@dataclass(frozen=True)
class Encode:
    """Improve the codes of a block under a dictionary; their statistics are what is summed.

    Attributes
    ----------
    dictionary : array of shape (k, p)
    unit : float
        Codes are those of the data over this.
    solver : Solver
    penalty : Penalty
    rounds : int
        How often missing entries are made up again.
    """

    dictionary: Array
    unit: float
    solver: Solver
    penalty: Penalty = NONE
    rounds: int = 1

    def __call__(self, block: Block, codes: Array | None) -> tuple[Array, Statistics]:
        gram, moved = self.dictionary @ self.dictionary.T, None
        for turn in range(1 if block.is_complete else self.rounds):
            if codes is None:
                codes = self.solver.start(gram, self._pull(block))
            found = self.solver.rows(gram, self._pull(self._completed(block, codes)), codes, self.penalty)
            codes, moved = found.x, found.moved if turn == 0 else moved
        return codes, sums(block, self._completed(block, codes), codes, self, moved)

    def _pull(self, block: Block) -> Array:
        return block.project(self.dictionary) * (1 / self.unit)

    def _completed(self, block: Block, codes: Array) -> Block:
        return block if block.is_complete else block.completed(codes * self.unit, self.dictionary)


def sums(block: Block, data: Block, codes: Array, step: "Encode | Weigh", moved: Array) -> Statistics:
    """Return the statistics of a block in the units of the fit; `data` is the block with missing entries made up."""
    found = statistics(block, data, codes, step.dictionary, moved, step.penalty)
    return replace(found, cross=found.cross / step.unit, made_up=found.made_up / step.unit**2)


@dataclass(frozen=True)
class Weigh:
    """Return the statistics of codes that are there, and leave them as they are.

    Attributes
    ----------
    dictionary, unit, penalty
        As in `Encode`.
    """

    dictionary: Array
    unit: float
    penalty: Penalty = NONE

    def __call__(self, block: Block, codes: Array) -> tuple[Array, "Audit"]:
        D, xp = self.dictionary, array_namespace(codes)
        gram = D @ D.T
        data = block if block.is_complete else block.completed(codes * self.unit, D)
        step = stationary_step(gram, data.project(D) * (1 / self.unit), codes, self.penalty)
        errors = xp.sum(block.weighted(block.errors(codes * self.unit, D)))
        return codes, Audit(sums(block, data, codes, self, sizes(gram, step)), float(errors) / self.unit**2)


@dataclass(frozen=True)
class Audit(Additive):
    """Statistics, with the size of the steps to a stationary point in `moved`, and the exact squared error."""

    statistics: Statistics
    errors: float
