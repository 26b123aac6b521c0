"""One step on every block and the sum of what the blocks say: the same three words wherever the blocks are."""

from collections.abc import Iterator
from typing import Any, Protocol

from laconic.core.blocks.block import Block
from laconic.core.blocks.source import Source
from laconic.core.blocks.sums import TreeSum


class Step(Protocol):
    """What is done to a block: a value that can be sent elsewhere.

    It takes the block and the state that the last step left there (None at first), and returns the new state, which
    stays where the block is, and what is summed over all blocks.
    """

    def __call__(self, block: Block, state: Any, /) -> tuple[Any, Any]: ...


class Pool(Protocol):
    """Blocks, and the states that steps leave with them."""

    n_samples: int
    n_features: int
    n_blocks: int
    edges: list[int]
    dtype: Any

    def run(self, step: Step) -> Any:
        """Take a step on every block, keep the states and return the sum."""

    def states(self) -> Iterator[Any]:
        """Return the states, block after block, here."""

    def restore(self, states: Iterator[Any] | None) -> None:
        """Put these states in place of those that are there; None forgets them."""

    def like(self) -> Any:
        """Return an array of the library, type and device of the data."""


class LocalPool:
    """Blocks of this process, one after the other; their states are held in memory.

    Parameters
    ----------
    source : Source
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.n_samples, self.n_features, self.n_blocks = source.n_samples, source.n_features, source.n_blocks
        self.edges, self.dtype = [int(edge) for edge in source.edges], source.dtype
        self._states: list[Any] = [None] * source.n_blocks

    def run(self, step: Step) -> Any:
        total = TreeSum[Any]()
        for i in range(self.n_blocks):
            self._states[i], part = step(self.source.block(i), self._states[i])
            total.add(part)
        return total.total()

    def states(self) -> Iterator[Any]:
        return iter(self._states)

    def restore(self, states: Iterator[Any] | None) -> None:
        self._states = [None] * self.n_blocks if states is None else list(states)

    def like(self) -> Any:
        return self.source.block(0).like
