"""The embedded data sets, and the room's manners."""

import subprocess
import sys

import numpy as np
import pytest

import laconic.datasets
from laconic.datasets import load_digits_rows


def test_digits_are_rows_of_pixels():
    digits = load_digits_rows()
    assert digits.x_train.shape == (1347, 8, 8)
    assert digits.x_test.shape == (450, 8, 8)
    assert digits.x_train.dtype == digits.x_test.dtype == np.float32
    assert digits.x_train.min() == 0
    assert digits.x_train.max() == 1
    assert digits.classes == tuple("0123456789")
    assert digits.split == "stratified 25 % of the 1,797 samples, seed 0"


def test_digits_are_stratified_and_the_same_each_time():
    one, two = load_digits_rows(), load_digits_rows()
    np.testing.assert_array_equal(one.x_test, two.x_test)
    shares = np.bincount(one.y_train) / len(one.y_train) - np.bincount(one.y_test) / len(one.y_test)
    assert np.abs(shares).max() < 0.003


def test_the_room_opens_without_scikit_learn():
    code = "import sys, laconic.datasets as room; print('sklearn' in sys.modules, *dir(room))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer.split() == ["False", *laconic.datasets.__all__]


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match=r"module 'laconic\.datasets' has no attribute 'load_mnist'"):
        _ = laconic.datasets.load_mnist
