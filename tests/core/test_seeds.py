"""Random numbers from any `random_state`."""

import numpy as np
import pytest

from laconic.core.checks import ParameterError
from laconic.core.seeds import as_generator


@pytest.mark.parametrize("make", [lambda: 5, lambda: np.int64(5), lambda: np.random.RandomState(5)])
def test_the_same_seed_gives_the_same_numbers(make):
    assert as_generator("f", make()).random() == as_generator("f", make()).random()


def test_a_generator_is_used_as_it_is():
    rng = np.random.default_rng(0)
    assert as_generator("f", rng) is rng


def test_none_draws_anew():
    assert as_generator("f", None).random() != as_generator("f", None).random()


@pytest.mark.parametrize("bad", [-1, 0.5, True, "seed", [1]])
def test_anything_else_is_refused(bad):
    with pytest.raises(ParameterError, match="f: random_state must be a whole number of at least 0, a numpy"):
        as_generator("f", bad)
