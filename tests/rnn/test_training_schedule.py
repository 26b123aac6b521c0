"""Schedules are pure functions of progress."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laconic.rnn.training.clock import Clock
from laconic.rnn.training.schedule import SCHEDULES, cosine, one_cycle

progress = st.floats(0.0, 1.0)


@pytest.mark.parametrize("name", SCHEDULES)
@given(progress=progress, warmup=st.floats(0.0, 0.99))
def test_factor_lies_between_zero_and_one(name: str, progress: float, warmup: float) -> None:
    assert 0.0 <= SCHEDULES[name](progress, warmup) <= 1.0


@given(first=progress, second=progress)
def test_cosine_falls(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert cosine(low, 0.1) >= cosine(high, 0.1)


def test_one_cycle_rises_in_a_straight_line_then_falls_to_zero() -> None:
    assert one_cycle(0.0, 0.3) == pytest.approx(0.04)
    assert one_cycle(0.15, 0.3) == pytest.approx((0.04 + 1.0) / 2)
    assert one_cycle(0.3, 0.3) == 1.0
    assert one_cycle(0.65, 0.3) == pytest.approx(0.5)
    assert one_cycle(1.0, 0.3) == 0.0


@given(progress=progress)
def test_without_warmup_one_cycle_is_cosine(progress: float) -> None:
    assert one_cycle(progress, 0.0) == cosine(progress, 0.0)


def test_clock_is_the_same_wherever_training_starts() -> None:
    whole, resumed = Clock(4, 3), Clock(4, 3)
    for epoch in (1, 2, 3):
        whole.start_epoch(epoch)
        for _ in range(3):
            whole.tick()
    resumed.start_epoch(3)
    for _ in range(3):
        resumed.tick()
    assert whole == resumed
    assert whole.progress == pytest.approx((9 - 0.5) / 12)
    assert (whole.batch, whole.is_last) == (2, False)


def test_progress_stays_inside_zero_and_one() -> None:
    clock = Clock(1, 1)
    clock.start_epoch(1)
    clock.tick()
    assert clock.progress == 0.5  # a single step still learns
    assert clock.is_last
