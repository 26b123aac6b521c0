"""Digits in two halves."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from laconic.core.checks import ParameterError
from laconic.datasets import load_digit_halves


def test_the_halves_put_together_are_the_images():
    digits = load_digit_halves()
    halves = [half.reshape(-1, 8, 4) for half in digits.X.values()]
    assert list(digits.X) == ["left", "right"]
    np.testing.assert_array_equal(np.concatenate(halves, axis=2), load_digits().images / 16)
    np.testing.assert_array_equal(digits.y, load_digits().target)
    assert digits.y.dtype == np.int64
    assert digits.classes == tuple("0123456789")


@pytest.mark.parametrize(("share", "count"), [(0.25, 449), (1.0, 1797)])
def test_one_half_or_the_other_is_missing(share, count):
    digits, again = (load_digit_halves(missing=share, random_state=1) for _ in range(2))
    gone = {name: np.isnan(half).all(axis=1) for name, half in digits.X.items()}
    assert all(np.isnan(half).sum() == 32 * gone[name].sum() for name, half in digits.X.items())
    assert not (gone["left"] & gone["right"]).any()
    assert (gone["left"] | gone["right"]).sum() == count
    assert 0.4 < gone["left"].sum() / count < 0.6
    assert all(np.array_equal(digits.X[name], again.X[name], equal_nan=True) for name in gone)


def test_a_share_above_one_is_refused():
    with pytest.raises(ParameterError, match=r"load_digit_halves: missing must be a number in \[0, 1\], got 1.5"):
        load_digit_halves(missing=1.5)
