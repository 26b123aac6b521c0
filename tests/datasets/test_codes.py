"""Planted sparse problems, checked against their definition."""

import re

import numpy as np
import pytest

from laconic.core.checks import ParameterError
from laconic.datasets import make_sparse_codes
from laconic.datasets.designs import DESIGNS


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("shape", [(100, 400), (30, 12), (1, 1)])
def test_every_design_has_unit_columns_and_makes_its_signals(design, shape):
    problem = make_sparse_codes(*shape, n_nonzero=1, n_signals=2, design=design, random_state=1)
    assert problem.A.shape == shape
    np.testing.assert_allclose(np.linalg.norm(problem.A, axis=0), 1)
    np.testing.assert_array_equal(problem.y, problem.A @ problem.x)
    assert problem.noise == 0
    assert problem.design == design


def test_designs_are_what_they_are_called():
    A = {name: make_sparse_codes(design=name, random_state=2).A for name in DESIGNS}
    assert np.linalg.matrix_rank(A["low_rank"]) == 75
    assert np.linalg.cond(A["ill_conditioned"]) == pytest.approx(100, rel=0.1)  # the scaling of columns moves it
    assert (A["absolute"] > 0).all()
    assert A["nonzero_mean"].mean() == pytest.approx(np.sqrt(1 / 2 / 100), rel=0.02)  # mean and deviation are equal
    assert abs(A["iid"].mean()) < 0.002


@pytest.mark.parametrize("lag", [1, 3])
def test_columns_of_the_autoregressive_design_correlate_by_their_distance(lag):
    A = make_sparse_codes(500, 400, design="ar", random_state=3).A
    assert np.mean(np.sum(A[:, lag:] * A[:, :-lag], axis=0)) == pytest.approx(0.9**lag, abs=0.01)


def test_codes_are_sparse_absolute_normal_values():
    x = make_sparse_codes(10, 200, n_nonzero=50, n_signals=400, random_state=4).x
    assert ((x > 0).sum(axis=0) == 50).all()
    assert x.min() == 0
    assert x[x > 0].mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.02)
    assert (x[x > 0] ** 2).mean() == pytest.approx(1, abs=0.04)
    assert (x > 0).any(axis=1).all()  # any place can be hit


def test_shared_support_means_the_same_places_and_other_values():
    problem = make_sparse_codes(20, 30, n_nonzero=4, n_signals=3, shared_support=True, random_state=5)
    assert (problem.support == problem.support[:, :1]).all()
    assert len(np.unique(problem.x[problem.support])) == 12


def test_noise_has_the_variance_that_is_stated():
    quiet = make_sparse_codes(200, 50, n_nonzero=5, n_signals=300, random_state=6)
    noisy = make_sparse_codes(200, 50, n_nonzero=5, n_signals=300, snr=20, random_state=6)
    np.testing.assert_array_equal(quiet.x, noisy.x)
    v = noisy.y - quiet.y
    assert v.var() == pytest.approx(noisy.noise, rel=0.02)
    assert np.mean(quiet.y**2) / noisy.noise == pytest.approx(100)


def test_the_same_seed_gives_the_same_problem():
    one, two = (make_sparse_codes(snr=10, random_state=7) for _ in range(2))
    for name in ("A", "y", "x"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    rng = np.random.default_rng(7)
    np.testing.assert_array_equal(make_sparse_codes(snr=10, random_state=rng).y, one.y)
    assert (make_sparse_codes(snr=10, random_state=rng).y != one.y).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n": 0}, "make_sparse_codes: n must be a whole number of at least 1, got 0"),
        ({"m": 2.5}, "make_sparse_codes: m must be a whole number of at least 1, got 2.5"),
        ({"m": 5}, "make_sparse_codes: n_nonzero must be at most m = 5, got 10"),
        ({"n_signals": "3"}, "make_sparse_codes: n_signals must be a whole number of at least 1, got '3'"),
        ({"design": "hard"}, "make_sparse_codes: design must be one of 'iid', 'absolute', 'ar'"),
        ({"snr": np.inf}, "make_sparse_codes: snr must be a number in (-inf, inf), got inf"),
        ({"random_state": -1}, "make_sparse_codes: random_state must be a whole number of at least 0, a numpy.random"),
    ],
)
def test_bad_parameters_get_one_sentence(options, sentence):
    with pytest.raises(ParameterError, match=re.escape(sentence)):
        make_sparse_codes(**options)
