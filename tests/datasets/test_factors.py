"""Planted factorisations, checked against their definition."""

import re

import numpy as np
import pytest

from laconic.core.checks import ParameterError
from laconic.datasets import make_factors


@pytest.mark.parametrize("sizes", [(1500, 50, 30, 3), (7, 1, 2, 2), (1, 1, 1, 1), (5, 40, 3, 1)])
def test_without_noise_the_samples_are_the_product(sizes):
    planted = make_factors(*sizes, snr=None)
    n_samples, n_features, n_components, n_nonzero = sizes
    assert planted.codes.shape == (n_samples, n_components)
    assert planted.components.shape == (n_components, n_features)
    np.testing.assert_allclose(np.linalg.norm(planted.components, axis=1), 1)
    np.testing.assert_array_equal(planted.X, planted.codes @ planted.components)
    np.testing.assert_array_equal((planted.codes > 0).sum(axis=1), n_nonzero)
    assert planted.noise == 0


def test_factors_are_absolute_normal_values():
    planted = make_factors(4000, 200, 50, 5, random_state=1)
    for values in (planted.codes[planted.codes > 0], planted.components * np.sqrt(200)):
        assert values.min() >= 0
        assert values.mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.02)
        assert (values**2).mean() == pytest.approx(1, abs=0.03)
    used = (planted.codes > 0).mean(axis=0)
    np.testing.assert_allclose(used, 0.1, atol=0.02)  # any place as often as any other


def test_noise_has_the_variance_that_is_stated_and_is_cut_at_zero():
    quiet, noisy = (make_factors(snr=snr, random_state=2) for snr in (None, 20.0))
    np.testing.assert_array_equal(quiet.codes, noisy.codes)
    np.testing.assert_array_equal(quiet.components, noisy.components)
    assert np.mean(quiet.X**2) / noisy.noise == pytest.approx(100)
    assert noisy.X.min() == 0
    far = (quiet.X / np.sqrt(noisy.noise)) > 6  # where nothing is cut
    assert (noisy.X - quiet.X)[far].var() == pytest.approx(noisy.noise, rel=0.03)


def test_the_same_seed_gives_the_same_problem():
    one, two, other = (make_factors(random_state=seed) for seed in (3, np.random.default_rng(3), 4))
    np.testing.assert_array_equal(one.X, two.X)
    assert (one.codes != other.codes).any()
    np.testing.assert_array_equal(make_factors().X, make_factors(random_state=0).X)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_samples": 0}, "make_factors: n_samples must be a whole number of at least 1, got 0"),
        ({"n_features": 2.5}, "make_factors: n_features must be a whole number of at least 1, got 2.5"),
        ({"n_components": True}, "make_factors: n_components must be a whole number of at least 1, got True"),
        ({"n_components": 2}, "make_factors: n_nonzero must be at most n_components = 2, got 3"),
        ({"snr": np.nan}, "make_factors: snr must be a number in (-inf, inf), got nan"),
        ({"random_state": -1}, "make_factors: random_state must be a whole number of at least 0, a numpy.random"),
    ],
)
def test_bad_parameters_get_one_sentence(options, sentence):
    with pytest.raises(ParameterError, match=re.escape(sentence)):
        make_factors(**options)
