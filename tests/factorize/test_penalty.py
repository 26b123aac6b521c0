"""What a prior costs, what counts as a code, how large noise and codes are, and which atoms belong together."""

from itertools import permutations

import numpy as np
import pytest
from factorize.problems import EVERY, penalty_of, problem, unit_rows

from laconic.core.blocks import LocalPool, as_source
from laconic.factorize import Calibration, Settings, matched_cosines, path_to
from laconic.factorize.calibration import calibrated
from laconic.factorize.nmf import surveyed
from laconic.factorize.penalty import NONE, Penalty
from laconic.factorize.plan import planned
from laconic.factorize.solvers import Multiplicative
from laconic.factorize.steps import Weigh
from laconic.priors import Flat, GeneralisedDoublePareto, Laplacian, PowerExponential, StudentT


@pytest.mark.parametrize("prior", EVERY, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_cost_the_sum_of_their_codes(prior, dtype):
    codes = np.random.default_rng(0).exponential(size=(6, 4)).astype(dtype)
    penalty = penalty_of(prior, 0.3)
    expected = 0 if penalty.is_flat else [0.3 * sum(float(prior.penalty(np.float64(c))) for c in row) for row in codes]
    found = penalty.rows(codes)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype == np.float32 else 1e-12)
    assert penalty.is_flat == isinstance(prior, Flat)
    assert Penalty(prior, 0.0).is_flat


def test_codes_that_count_are_out_of_the_peak_at_zero():
    codes = np.array([[0.0, 1e-100, 1e-3, 0.1, 1.0, 50.0]])
    for prior in (Laplacian(), GeneralisedDoublePareto(1e-2), PowerExponential(0.5), PowerExponential(2.0)):
        assert penalty_of(prior).counts(codes).tolist() == [[False, True, True, True, True, True]]
    assert NONE.counts(codes)[0, 2:].all()
    assert NONE.counts(np.full((1, 2), 1.5e-154)).sum() == 0  # where multiplicative updates end
    assert NONE.counts(np.full((1, 2), 1.1e-19, np.float32)).sum() == 0
    smooth = penalty_of(StudentT(1e-2))  # its slope is steepest at sqrt(tau)
    grid = np.geomspace(1e-3, 1, 200)[None]
    slopes = np.gradient(StudentT(1e-2).penalty(grid[0]), grid[0])
    counted = smooth.counts(grid)[0]
    assert np.array_equal(counted, np.sort(counted))
    assert grid[0, counted].min() == pytest.approx(grid[0, slopes.argmax()], rel=0.05)
    assert grid[0, counted].min() == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("prior", EVERY[1:], ids=repr)
def test_annealing_ends_at_the_prior_in_a_tenth_of_typical_codes(prior):
    calibration = Calibration(noise=0.3, codes=0.02, atoms=0.005)
    x = np.linspace(0, 1, 7)
    for atoms, unit in ((False, 0.02), (True, 0.005)):
        last = calibration.penalty(prior, 1.0, atoms=atoms)
        np.testing.assert_allclose(last.prior.penalty(x), prior.penalty(x / unit))
        first = calibration.penalty(prior, 0.0, atoms=atoms)
        np.testing.assert_allclose(first.prior.penalty(x), prior.annealed(0.0).penalty(x / (10 * unit)))
        assert last.strength == first.strength == 0.6
    assert calibration.penalty(Flat(), 1.0).is_flat
    path = path_to(prior, calibration, True)
    assert path[-1] == calibration.penalty(prior, 1.0)
    assert len(path) == (16 if prior.concave else 1)
    assert len(path_to(prior, calibration, False)) == 1
    assert path_to(prior, None, True) == (NONE,)


def weighed(X, C, D, **options):
    pool = LocalPool(as_source("test", X, **options))
    pool.restore(iter([C]))
    survey = surveyed("test", pool)
    pool.restore(iter([C / survey.unit]))
    return survey, pool.run(Weigh(D, survey.unit)).statistics


def test_noise_is_the_residual_over_what_is_free():
    X, C, D = problem(60, 3, 10, seed=2)
    D = unit_rows(D)
    X = np.abs(C @ D + 0.05 * np.random.default_rng(1).normal(size=X.shape))
    X[4, 5] = np.nan
    survey, total = weighed(X, C, D)
    found = calibrated(Settings(3, prior=Laplacian()), survey, total, D)
    free = 599 - np.count_nonzero(C) - np.count_nonzero(D) + 3
    assert found.noise * survey.unit**2 == pytest.approx(np.nansum((X - C @ D) ** 2) / free)
    assert found.codes * survey.unit == pytest.approx(0.1 * np.sqrt(np.sum(C**4) / (3 * np.sum(C**2))))
    assert found.atoms == pytest.approx(0.1 * np.sqrt(np.sum(D**4) / (3 * np.sum(D**2))))
    given = calibrated(Settings(3, prior=Laplacian(), noise=0.7, scale=0.4), survey, total, D)
    assert (given.noise * survey.unit**2, given.codes * survey.unit) == (pytest.approx(0.7), pytest.approx(0.4))
    ratio = calibrated(Settings(3, prior=Laplacian(), snr=20.0), survey, total, D)
    assert ratio.noise * survey.unit**2 == pytest.approx(np.nanmean(X**2) / 101)


def test_no_noise_is_a_little_noise():
    _, C, D = problem(60, 3, 10, seed=2)
    for dtype, share in ((np.float64, 1e-10), (np.float32, 1e-6)):
        survey, total = weighed((C @ D).astype(dtype), C.astype(dtype), D.astype(dtype))
        power = survey.energy_in_units / survey.entries
        given = calibrated(Settings(3, prior=Laplacian(), noise=0.0), survey, total, D.astype(dtype))
        assert given.noise == pytest.approx(share * power)
        found = calibrated(Settings(3, prior=Laplacian()), survey, total, D.astype(dtype))
        assert found.noise == pytest.approx(1e-6 * power, rel=0.1)


def test_units_of_what_is_nothing_are_one():
    X, C, D = problem(6, 3, 4)
    survey, total = weighed(X, 0 * C, D)
    assert calibrated(Settings(3, prior=Laplacian()), survey, total, D).codes == 1.0


@pytest.mark.parametrize("max_iter", [1, 2, 3, 7, 30, 99, 1000, 10_000])
@pytest.mark.parametrize("prior", [Flat(), Laplacian(), StudentT()], ids=repr)
def test_getting_ready_takes_two_thirds_of_the_iterations_at_most(max_iter, prior):
    for options in ({}, {"anneal": False}, {"solver": Multiplicative()}):
        plan = planned(Settings(3, prior=prior, max_iter=max_iter, **options))
        calibration = Calibration(1.0, 1.0, 1.0)
        stages = [plan.stage(i, calibration, 0) for i in range(plan.n_stages)]
        before = sum(stage.limit for stage in stages[:-1])
        assert before <= max(2 * max_iter / 3, plan.n_stages - 1)
        assert all(stage.limit >= 1 for stage in stages)
        left = plan.stage(plan.n_stages - 1, calibration, before).limit
        assert before + left <= max(max_iter, plan.n_stages)
        last = stages[-1].codes.prior
        assert last == (prior if isinstance(prior, Flat) else prior.rescaled(1.0))


@pytest.mark.parametrize("seed", range(4))
def test_atoms_are_matched_as_brute_force_matches_them(seed):
    rng = np.random.default_rng(seed)
    ours, theirs = rng.exponential(size=(2, 5, 7))
    cosines = unit_rows(ours) @ unit_rows(theirs).T
    best = max(permutations(range(5)), key=lambda order: sum(cosines[i, j] for i, j in enumerate(order)))
    np.testing.assert_allclose(matched_cosines(ours, theirs * 9), [cosines[i, j] for i, j in enumerate(best)])
    np.testing.assert_allclose(matched_cosines(ours, ours[::-1]), 1)
    assert matched_cosines(np.eye(2), np.eye(2)[:1]).tolist() == [1, 0]
