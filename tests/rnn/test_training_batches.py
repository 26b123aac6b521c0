"""Batches are slices in an order that only (seed, epoch) decides."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from laconic.rnn.training.batches import Batches, Sequences, ShuffledBatches
from laconic.rnn.training.seeds import derive_seed, own_random_state, seed_torch


def numbered(n: int) -> Sequences:
    x = torch.arange(n, dtype=torch.float32)
    return Sequences(x[:, None, None], x.to(torch.int64))


def visited(batches: Batches) -> list[int]:
    pairs = list(batches)
    assert all(torch.equal(x.flatten().to(torch.int64), y) for x, y in pairs)
    assert len(pairs) == len(batches)
    return [int(i) for _, y in pairs for i in y]


@given(n=st.integers(1, 50), batch_size=st.integers(1, 60), seed=st.integers(0, 2**31), epoch=st.integers(1, 99))
def test_an_epoch_visits_each_sequence_once(n: int, batch_size: int, seed: int, epoch: int) -> None:
    batches = ShuffledBatches(numbered(n), batch_size, seed).of_epoch(epoch)
    assert sorted(visited(batches)) == list(range(n))
    assert {len(y) for _, y in list(batches)[:-1]} <= {batch_size}


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return visited(ShuffledBatches(numbered(40), 7, seed).of_epoch(epoch))

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


def test_without_an_order_batches_are_views() -> None:
    data = numbered(10)
    batches = Batches(data, 4)
    assert visited(batches) == list(range(10))
    first, _ = next(iter(batches))
    assert first.data_ptr() == data.x.data_ptr()


def test_seeds_differ_by_purpose_and_epoch() -> None:
    seeds = {derive_seed(seed, purpose, epoch) for seed in (0, 1) for purpose in ("a", "b") for epoch in (0, 1)}
    assert len(seeds) == 8
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_torch_gets_its_random_state_back() -> None:
    before = torch.random.get_rng_state()
    with own_random_state(torch.device("cpu")):
        seed_torch(3, torch.device("cpu"))
        torch.rand(1)
    assert torch.equal(torch.random.get_rng_state(), before)
