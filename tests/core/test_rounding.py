"""Rounded weights and biases are the nearest within their range, alike for NumPy and torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from laconic.core.rounding import BYTE, DRIVEN_BITS, ROW, WORD, rounded_bias, rounded_weight, weight_unit

ANY = st.floats(-(2.0**100), 2.0**100, width=32)
MATRICES = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=ANY)


@given(MATRICES)
def test_a_weight_is_at_most_half_a_unit_away(matrix):
    whole, unit = rounded_weight(matrix)
    assert np.abs(whole * unit - matrix).max() <= unit * (0.5 + 1e-9)
    assert np.array_equal(whole, np.round(whole))
    assert np.abs(whole).max() == (BYTE if matrix.any() else 0)


@settings(max_examples=50)
@given(MATRICES)
def test_torch_rounds_alike(matrix):
    torch = pytest.importorskip("torch")
    whole, unit = rounded_weight(matrix)
    ours, same = rounded_weight(torch.from_numpy(matrix.copy()))
    assert same == pytest.approx(unit, rel=1e-15)
    np.testing.assert_array_equal(ours.numpy(), whole)
    blocks, shift = rounded_bias(matrix[0])
    theirs, bits = rounded_bias(torch.from_numpy(matrix[0].copy()))
    assert bits == shift
    np.testing.assert_array_equal(theirs.numpy(), blocks)


@pytest.mark.parametrize("length", [200, 300, 1000, 8000])
def test_a_long_row_cannot_overflow_its_sum(length):
    whole, unit = rounded_weight(np.full((2, length), 0.3, np.float32))
    assert np.abs(whole).sum(axis=1).max() <= ROW
    assert unit >= 0.3 / BYTE * (1 - 1e-6)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 2)])
def test_nothing_but_zeros(shape):
    whole, unit = rounded_weight(np.zeros(shape, np.float32))
    assert whole.shape == shape
    assert not whole.any()
    assert unit == weight_unit(0.0, 0.0, 1) == 1.0


@given(arrays(np.float32, st.integers(1, 6), elements=st.floats(-1e6, 1e6, width=32)), st.sampled_from([BYTE, WORD]))
def test_a_bias_has_the_finest_power_of_two(block, limit):
    whole, shift = rounded_bias(block, limit)
    value = whole * 2.0 ** (shift - DRIVEN_BITS)
    assert np.abs(value - block).max() <= 2.0 ** (shift - DRIVEN_BITS - 1)
    assert np.abs(whole).max(initial=0) <= limit
    if shift:
        assert np.abs(np.round(block * 2.0 ** (DRIVEN_BITS - shift + 1))).max() > limit  # one bit finer does not fit
    again, _ = rounded_bias(value.astype(np.float32), limit)
    np.testing.assert_array_equal(again * 2.0 ** (rounded_bias(value, limit)[1] - DRIVEN_BITS), value)


def test_numbers_that_are_none_stay_for_others_to_refuse():
    assert np.isnan(rounded_weight(np.array([[np.nan, 1.0]], np.float32))[0]).any()
    assert np.isnan(rounded_bias(np.array([np.nan, 1.0], np.float32))[0]).any()


def test_no_bias_at_all():
    whole, shift = rounded_bias(np.zeros(0, np.float32))
    assert (whole.size, shift) == (0, 0)
