"""Samplers of x >= 0 against exact distributions, quadrature and each other; the Monte Carlo E-step built on them."""

from dataclasses import replace

import numpy as np
import pytest
from orthant_cases import planted, quadrature, small
from scipy import special, stats

from laconic.core.checks import ParameterError
from laconic.sbl.esteps.mcmc import MonteCarlo
from laconic.sbl.records import Problem
from laconic.sbl.sampling.gibbs import gibbs
from laconic.sbl.sampling.hamiltonian import hamiltonian, hamiltonian_posterior
from laconic.sbl.sampling.truncated_normal import truncated_normal
from laconic.structured.dictionary import as_dictionary

SAMPLERS = {"gibbs": gibbs, "hamiltonian": hamiltonian_posterior}


def distribution(mean):
    """P(X <= x) for N^R(mean, 1)."""
    return lambda x: -np.expm1(special.log_ndtr(mean - x) - special.log_ndtr(mean))


def chain(sampler, case, n_samples, seed=0, **options):
    options = {"burn_in": n_samples // 20, **options}
    rng = np.random.default_rng(seed)
    return SAMPLERS[sampler](case.A, case.y, case.noise, case.gamma, n_samples=n_samples, rng=rng, **options)


def second(result):
    return result.mean**2 + result.variance


@pytest.mark.parametrize("mean", [-30.0, -2, -0.3, 0, 0.5, 4])
def test_one_dimension_follows_the_exact_distribution(mean):
    draws = truncated_normal(np.full(20_000, mean), 1.0, np.random.default_rng(1))
    assert draws.min() >= 0
    assert stats.kstest(draws, distribution(mean)).pvalue > 0.01


def test_one_dimension_far_in_the_tail_is_exponential():
    draws = truncated_normal(np.full(20_000, -1e9), 4.0, np.random.default_rng(2))
    assert stats.kstest(draws * 1e9 / 4, stats.expon.cdf).pvalue > 0.01


def test_one_dimension_broadcasts_repeats_and_knows_points():
    mean, variance = np.array([[-1.0], [2]]), np.array([0.0, 1, 1e-300])
    first, again = (truncated_normal(mean, variance, np.random.default_rng(3)) for _ in range(2))
    assert first.shape == (2, 3)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[:, 0], [0, 2])


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("seed", [0, 3])
def test_two_dimensions_against_quadrature(sampler, seed):
    case = small(seed)
    got = chain(sampler, case, 40_000)
    for moment, wanted in zip((got.mean, second(got)), quadrature(case), strict=True):
        np.testing.assert_allclose(moment, wanted, rtol=0.02)


def test_gibbs_and_hamiltonian_agree():
    case = small(7, n=10, m=6)
    one, other = chain("gibbs", case, 150_000), chain("hamiltonian", case, 60_000)
    np.testing.assert_allclose(one.mean, other.mean, rtol=0.02)
    np.testing.assert_allclose(second(one), second(other), rtol=0.02)


@pytest.mark.slow
def test_gibbs_and_hamiltonian_agree_on_a_wide_dictionary():
    A, Y, X = planted("gauss", 100, 400, 20, seed=0)
    case = replace(small(0), A=A, y=Y[:, 0], gamma=np.maximum(X[:, 0] ** 2, 1e-3), noise=1e-2)
    one, other = chain("gibbs", case, 100_000), chain("hamiltonian", case, 20_000)
    for a, b in ((one.mean, other.mean), (second(one), second(other))):
        assert np.linalg.norm(a - b) <= 0.02 * np.linalg.norm(b)
        assert np.median(np.abs(a / b - 1)) <= 0.02


def test_hamiltonian_far_from_the_walls_is_the_gaussian():
    root = np.array([[1.0, 0, 0.5], [0.3, 2, 0]])
    got = hamiltonian(
        np.array([40.0, 50]),
        root,
        start=np.ones(2),
        n_samples=20_000,
        burn_in=5,
        rng=np.random.default_rng(0),
        n_kept=20_000,
    )
    np.testing.assert_allclose(got.mean, [40, 50], rtol=0.002)
    np.testing.assert_allclose(np.cov(got.samples.T), root @ root.T, rtol=0.05)
    assert abs(np.corrcoef(got.samples[1:, 0], got.samples[:-1, 0])[0, 1]) < 0.03  # a quarter turn forgets the start


def test_hamiltonian_needs_no_full_rank():
    root = np.array([[1.0], [2.0]])  # x_2 = 2 x_1 always
    got = hamiltonian(
        np.zeros(2), root, start=np.zeros(2), n_samples=50_000, burn_in=10, rng=np.random.default_rng(0), n_kept=100
    )
    np.testing.assert_allclose(got.mean, np.array([1, 2]) * np.sqrt(2 / np.pi), rtol=0.02)
    np.testing.assert_allclose(got.samples[:, 1], 2 * got.samples[:, 0], atol=1e-10)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_is_kept_is_thinned_repeats_with_the_seed_and_stays_above_zero(sampler):
    case = small(4, n=5, m=8)
    case = replace(case, gamma=np.where(np.arange(8) % 3, case.gamma, 0))
    every, some, again = (chain(sampler, case, 60, n_kept=k) for k in (60, 7, 60))
    np.testing.assert_array_equal(every.samples, again.samples)
    assert every.samples.shape == (60, 8)
    assert some.samples.shape == (7, 8)
    assert {tuple(x) for x in some.samples} <= {tuple(x) for x in every.samples}
    assert every.samples.min() >= 0
    np.testing.assert_array_equal(every.samples[:, case.gamma == 0], 0)
    np.testing.assert_array_equal(every.last, every.samples[-1])
    np.testing.assert_allclose(every.mean, every.samples.mean(axis=0))
    np.testing.assert_allclose(every.variance, every.samples.var(axis=0), atol=1e-15)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_column_of_zeros_keeps_its_prior(sampler):
    case = small(5, n=4, m=3)
    case = replace(case, A=case.A * [1, 0, 1])
    got = chain(sampler, case, 30_000)
    np.testing.assert_allclose(got.variance[1], (1 - 2 / np.pi) * case.gamma[1], rtol=0.05)


@pytest.mark.parametrize("noise", [1e-30, 1e30])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_hardly_any_noise_and_nothing_but_noise_stay_finite(sampler, noise):
    A, Y, _ = planted("twins", 6, 10, 2, seed=1)
    case = replace(small(0), A=A, y=Y[:, 0], gamma=np.ones(10), noise=noise)
    got = chain(sampler, case, 200)
    assert np.all(np.isfinite([got.mean, got.variance, got.last]))


# The E-step ---------------------------------------------------------------------------------------------------------


def batch(k=4, mask=None, dtype=float):
    A, Y, _ = planted("gauss", 8, 12, 3, seed=0, n_signals=k)
    y = (Y.T if mask is None else Y.T * mask).astype(dtype)
    problem = Problem(np.arange(k), y, mask, as_dictionary("test", A.astype(dtype)))
    return problem, np.full((k, 12), 0.5, dtype), np.full(k, 1e-2, dtype)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_draws_depend_on_the_signal_not_on_the_batch(sampler):
    problem, gamma, noise = batch()
    e_step = MonteCarlo(sampler, n_samples=20, burn_in=3, random_state=5)
    whole = e_step.moments(problem, gamma, noise, None)
    whole = e_step.moments(problem, gamma, noise, whole)
    rows = np.array([2, 0])
    part = e_step.moments(problem.take(rows), gamma[rows], noise[rows], None)
    part = e_step.moments(problem.take(rows), gamma[rows], noise[rows], part)
    np.testing.assert_array_equal(part.mean, whole.mean[rows])
    np.testing.assert_array_equal(part.variance, whole.variance[rows])


def test_chains_go_on_where_they_stood_with_new_draws():
    problem, gamma, noise = batch()
    e_step = MonteCarlo(n_samples=10, burn_in=0)
    first = e_step.moments(problem, gamma, noise, None)
    second = e_step.moments(problem, gamma, noise, first)
    assert np.all(first.carry.visit == 1)
    assert np.all(second.carry.visit == 2)
    assert np.all(second.mean != first.mean)


def test_missing_entries_are_left_out():
    mask = np.ones((2, 8))
    mask[:, [1, 6]] = 0
    problem, gamma, noise = batch(2, mask)
    there = mask[0] > 0
    shorter = Problem(
        problem.index, problem.y[:, there], None, as_dictionary("test", problem.dictionary.dense("")[there])
    )
    e_step = MonteCarlo("gibbs", n_samples=20, burn_in=0)
    got, wanted = (e_step.moments(p, gamma, noise, None) for p in (problem, shorter))
    np.testing.assert_allclose(got.mean, wanted.mean, rtol=1e-10)


def test_shared_scales_and_noise_and_small_floats():
    problem, gamma, noise = batch(dtype=np.float32)
    e_step = MonteCarlo(n_samples=20)
    got = e_step.moments(problem, gamma, noise, None)
    shared = e_step.moments(problem, gamma[:1], noise[:1], None)
    assert {got.mean.dtype, got.variance.dtype, got.carry.x.dtype} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(got.mean, shared.mean)


def test_tensors_come_back_as_tensors():
    torch = pytest.importorskip("torch")
    problem, gamma, noise = batch()
    tensors = Problem(
        problem.index,
        torch.asarray(problem.y),
        None,
        as_dictionary("test", torch.asarray(problem.dictionary.dense(""))),
    )
    e_step = MonteCarlo(n_samples=20)
    got = e_step.moments(tensors, torch.asarray(gamma), torch.asarray(noise), None)
    assert isinstance(got.mean, torch.Tensor)
    np.testing.assert_array_equal(got.mean.numpy(), e_step.moments(problem, gamma, noise, None).mean)


@pytest.mark.parametrize(("option", "value"), [("sampler", "metropolis"), ("n_samples", 0), ("burn_in", -1)])
def test_bad_options_are_named(option, value):
    with pytest.raises(ParameterError, match=option):
        MonteCarlo(**{option: value})
