"""Errors name the owner, the parameter, what is allowed and what came."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laconic.core.checks import (
    DataError,
    ParameterError,
    check_choice,
    check_finite,
    check_interval,
    check_positive_int,
)


def test_the_sentence_and_its_parts():
    error = ParameterError("compress", "method", "one of 'a', 'b'", "c")
    assert str(error) == "compress: method must be one of 'a', 'b', got 'c'"
    assert isinstance(error, ValueError)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.parameter, again.given) == (str(error), "method", "c")


@pytest.mark.parametrize("value", ["a", None, 3, True])
def test_a_choice_is_accepted(value):
    check_choice("f", "p", value, ["a", None, 3, True])


@pytest.mark.parametrize("value", ["b", 4, 1.5, [], {}, np.ones(2), object])
def test_another_value_is_not(value):
    with pytest.raises(ParameterError, match="f: p must be one of 'a', None, 3, got"):
        check_choice("f", "p", value, ["a", None, 3])


@given(st.integers(min_value=1))
def test_positive_whole_numbers_pass(value):
    assert check_positive_int("f", "p", value) == value


def test_numpys_integers_become_pythons():
    assert type(check_positive_int("f", "p", np.int64(3))) is int


@pytest.mark.parametrize("value", [0, -1, 1.0, True, None, "1", float("nan"), [1], np.float64(2)])
def test_everything_else_does_not(value):
    with pytest.raises(ParameterError, match="f: p must be a whole number of at least 1, got"):
        check_positive_int("f", "p", value)


ENDS = {"both": (True, True), "left": (True, False), "right": (False, True), "neither": (False, False)}


@pytest.mark.parametrize("closed", ENDS)
@pytest.mark.parametrize(("value", "end"), [(0, 0), (1, 1), (np.float32(1), 1)])
def test_the_ends_of_an_interval(closed, value, end):
    if ENDS[closed][end]:
        assert check_interval("f", "p", value, 0, 1, closed=closed) == value
    else:
        with pytest.raises(ParameterError, match=r"f: p must be a number in [\[(]0, 1[\])], got"):
            check_interval("f", "p", value, 0, 1, closed=closed)


@given(st.one_of(st.floats(), st.integers(), st.fractions()))
def test_inside_an_interval_or_refused(value):
    if 0 < value < 1:
        assert check_interval("f", "p", value, 0, 1) == float(value)
    elif value not in (0, 1):
        with pytest.raises(ParameterError, match="number in"):
            check_interval("f", "p", value, 0, 1)


@pytest.mark.parametrize("value", [None, "0.5", True, 1j, [0.5], float("nan"), 10**400], ids=lambda v: str(v)[:8])
def test_what_is_no_number_of_the_interval(value):
    with pytest.raises(ParameterError, match=r"f: p must be a number in \[0, 1\], got"):
        check_interval("f", "p", value, 0, 1)


def test_finite_arrays_pass():
    for array in (np.zeros(0), np.zeros((2, 3)), np.float32(3e38), np.arange(3)):
        check_finite("f", "p", array)


def test_where_the_first_bad_value_stands():
    array = np.zeros((2, 3))
    array[1, 1], array[1, 2] = np.inf, np.nan
    with pytest.raises(
        DataError, match=r"^f: p must be finite, got 2 NaN or infinite values, the first at index \(1, 1\)"
    ):
        check_finite("f", "p", array)
    with pytest.raises(DataError, match=r"the first at index \(\)"):
        check_finite("f", "p", np.nan)
