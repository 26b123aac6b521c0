"""Sums over blocks in a fixed order, and the states that steps leave with the blocks."""

from dataclasses import dataclass

import numpy as np
import pytest
from blocks.sources import drawn

from laconic.core.blocks import Additive, LocalPool, TreeSum, as_source


@dataclass(frozen=True)
class Order:
    """Adds by writing down what was added to what."""

    text: str

    def __add__(self, other):
        return Order(f"({self.text}+{other.text})")


def neighbours(parts):
    """Add neighbours, then the neighbours among the sums, and so on: what a cluster does."""
    while len(parts) > 1:
        pairs = [parts[i : i + 2] for i in range(0, len(parts), 2)]
        parts = [pair[0] + pair[1] if len(pair) == 2 else pair[0] for pair in pairs]
    return parts[0]


@pytest.mark.parametrize("n", [*range(1, 18), 31, 32, 33, 100])
def test_a_tree_sum_adds_as_a_cluster_does(n):
    parts = [Order(str(i)) for i in range(n)]
    total = TreeSum()
    for i, part in enumerate(parts):
        total.add(part)
        assert len(total._parts) <= (i + 1).bit_length()
        assert total.total() == neighbours(parts[: i + 1])  # the sum so far, and more may come


def test_rounding_of_a_tree_sum_grows_slowly():
    total = TreeSum()
    for _ in range(2**16):
        total.add(np.float32(0.1))
    assert abs(total.total() / 2**16 - np.float32(0.1)) < 1e-7


@dataclass(frozen=True)
class Inner(Additive):
    count: int


@dataclass(frozen=True)
class Outer(Additive):
    array: np.ndarray
    inner: Inner
    number: float


def test_records_add_field_by_field():
    one, two = (Outer(np.full(3, i), Inner(i), 0.5 * i) for i in (1, 2))
    total = one + two
    assert (total.array.tolist(), total.inner, total.number) == ([3, 3, 3], Inner(3), 1.5)
    assert (one.array.tolist(), one.inner) == ([1, 1, 1], Inner(1))


@dataclass(frozen=True)
class Count:
    """Says the number of the first sample; its state is how often the block was seen."""

    def __call__(self, block, state):
        seen = 1 if state is None else state + 1
        return seen, Order(f"{block.first}x{seen}")


def test_states_stay_with_their_blocks():
    pool = LocalPool(as_source("test", drawn(10), block_size=4))
    assert (pool.n_samples, pool.n_features, pool.n_blocks, pool.dtype) == (10, 7, 3, np.float64)
    assert pool.run(Count()) == Order("((0x1+4x1)+8x1)")
    assert pool.run(Count()) == Order("((0x2+4x2)+8x2)")
    assert list(pool.states()) == [2, 2, 2]
    pool.restore(iter([5, 6, 7]))
    assert pool.run(Count()) == Order("((0x6+4x7)+8x8)")
    pool.restore(None)
    assert pool.run(Count()) == Order("((0x1+4x1)+8x1)")
    assert pool.like().dtype == np.float64
