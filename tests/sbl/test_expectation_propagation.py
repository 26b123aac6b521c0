"""Expectation propagation against exact answers where there are some, and against long chains elsewhere."""

from dataclasses import replace

import numpy as np
import pytest
from orthant_cases import Case, planted, quadrature, small

from laconic.sbl.esteps.diagonal import Diagonal
from laconic.sbl.esteps.ep import ExpectationPropagation
from laconic.sbl.moments import rectified_moments, rectified_variance
from laconic.sbl.records import Problem
from laconic.sbl.sampling.hamiltonian import hamiltonian_posterior
from laconic.structured.dictionary import as_dictionary

FINE = ExpectationPropagation(tol=1e-10, max_sweeps=500)


def wide(design="gauss", n=30, m=60, n_active=6, seed=0, noise=1e-2):
    A, Y, X = planted(design, n, m, n_active, seed, noise)
    return Case(A, Y[:, 0], np.maximum(X[:, 0] ** 2, 1e-2), noise)


def test_one_coefficient_and_orthogonal_columns_are_exact():
    A = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 4)))[0]
    for case in (small(0, n=3, m=1), Case(A, A @ [1.0, -2, 0.1, 0], np.array([1.0, 1, 0.1, 3]), 0.05)):
        got, exact = case.moments(FINE), case.moments(Diagonal())
        for name in ("mean", "variance", "location", "spread", "log_evidence"):
            np.testing.assert_allclose(getattr(got, name), getattr(exact, name), rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(got.log_evidence[0], case.log_evidence, rtol=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_two_coefficients_against_quadrature(seed):
    case = small(seed)
    got, (first, second) = case.moments(FINE), quadrature(case)
    np.testing.assert_allclose(got.mean[0], first, rtol=0.01)
    np.testing.assert_allclose(got.second[0], second, rtol=0.02)


@pytest.mark.parametrize("m", [2, 3])
def test_evidence_against_exact_orthants(m):
    errors = [small(seed, m=m).moments(FINE).log_evidence[0] - small(seed, m=m).log_evidence for seed in range(8)]
    assert np.max(np.abs(errors)) <= 0.02
    assert np.median(np.abs(errors)) <= 1e-3


@pytest.mark.parametrize(("design", "limit"), [("gauss", 0.02), ("positive", 0.02), ("twins", 0.04)])
def test_moments_are_those_of_a_long_chain(design, limit):
    # Of two equal columns only the sum of the codes is known: each is nearly uniform, which Gaussian sites blur.
    case = wide(design)
    got = case.moments(ExpectationPropagation())
    options = {"n_samples": 20_000, "burn_in": 200, "rng": np.random.default_rng(1)}
    chain = hamiltonian_posterior(case.A, case.y, case.noise, case.gamma, **options)
    for mine, theirs in ((got.mean[0], chain.mean), (got.second[0], chain.mean**2 + chain.variance)):
        assert np.linalg.norm(mine - theirs) <= limit * np.linalg.norm(theirs)
        assert np.median(np.abs(mine / theirs - 1)) <= 0.02


def test_marginals_are_the_moments():
    got = wide().moments(ExpectationPropagation())
    np.testing.assert_allclose(rectified_moments(got.location, got.spread)[0], got.mean, rtol=1e-9)
    np.testing.assert_allclose(rectified_variance(got.location, got.spread), got.variance, rtol=1e-9)


def test_going_on_from_the_last_sites_changes_nothing_and_ends_at_once():
    case = wide("positive")
    settled = case.moments(FINE)
    again = case.moments(ExpectationPropagation(max_sweeps=1), settled)
    np.testing.assert_allclose(again.mean, settled.mean, rtol=1e-8)
    cold = case.moments(ExpectationPropagation(max_sweeps=1))
    assert np.max(np.abs(cold.mean / settled.mean - 1)) > 0.1


def test_units_of_codes_and_signals_do_not_matter():
    case = wide()
    larger = Case(case.A, 1e5 * case.y, 1e10 * case.gamma, 1e10 * case.noise)
    one, other = case.moments(FINE), larger.moments(FINE)
    np.testing.assert_allclose(other.mean, 1e5 * one.mean, rtol=1e-7)
    np.testing.assert_allclose(other.log_evidence + 30 * np.log(1e5), one.log_evidence, rtol=1e-9)


def test_pruned_coefficients_are_zero_and_the_others_as_if_they_were_not_there():
    case = wide()
    used = np.arange(60) % 3 == 0
    pruned = replace(case, gamma=np.where(used, case.gamma, 0)).moments(FINE)
    without = Case(case.A[:, used], case.y, case.gamma[used], case.noise).moments(FINE)
    np.testing.assert_array_equal(pruned.mean[0, ~used], 0)
    np.testing.assert_array_equal(pruned.variance[0, ~used], 0)
    np.testing.assert_allclose(pruned.mean[0, used], without.mean[0], rtol=1e-7)
    np.testing.assert_allclose(pruned.log_evidence, without.log_evidence, rtol=1e-9)


@pytest.mark.parametrize("design", ["gauss", "positive", "twins"])
@pytest.mark.parametrize("noise", [1e-2, 1e-8])
def test_settles_on_hard_designs_and_with_hardly_any_noise(design, noise):
    case = wide(design, noise=noise)
    got = case.moments(ExpectationPropagation(max_sweeps=40))
    further = case.moments(ExpectationPropagation(max_sweeps=3), got)
    deviations = np.abs(further.mean - got.mean) / np.sqrt(got.variance)
    assert np.max(deviations) <= 0.01
    assert np.all(np.isfinite(got.log_evidence))
    assert np.all((got.variance > 0) & (got.spread > 0) & (got.spread <= case.gamma * (1 + 1e-12)))


def test_a_column_of_zeros_keeps_its_prior():
    case = wide()
    case = replace(case, A=case.A * (np.arange(60) != 5))
    got = case.moments(FINE)
    np.testing.assert_allclose(got.mean[0, 5], np.sqrt(2 * case.gamma[5] / np.pi), rtol=1e-9)


def batch(k=5, library=np, dtype=float):
    A, Y, X = planted("positive", 12, 20, 3, seed=2, n_signals=k)

    def as_mine(x):
        return library.asarray(np.asarray(x, dtype))

    problem = Problem(np.arange(k), as_mine(Y.T), None, as_dictionary("test", as_mine(A)))
    return problem, as_mine(np.maximum(X.T**2, 1e-2)), as_mine(np.full(k, 1e-2))


def test_a_batch_is_its_signals_one_by_one():
    problem, gamma, noise = batch()
    together = FINE.moments(problem, gamma, noise, None)
    for i in range(5):
        alone = FINE.moments(problem.take(np.array([i])), gamma[i : i + 1], noise[i : i + 1], None)
        np.testing.assert_allclose(alone.mean[0], together.mean[i], rtol=1e-8)
        np.testing.assert_allclose(alone.log_evidence[0], together.log_evidence[i], rtol=1e-9)


def test_shared_scales_are_each_signals_own():
    problem, gamma, noise = batch()
    shared = FINE.moments(problem, gamma[:1], noise[:1], None)
    spread_out = FINE.moments(problem, np.repeat(gamma[:1], 5, axis=0), noise, None)
    np.testing.assert_array_equal(shared.mean, spread_out.mean)


def test_missing_entries_are_left_out():
    problem, gamma, noise = batch()
    there = np.arange(12) % 4 != 1
    mask = np.broadcast_to(there.astype(float), problem.y.shape)
    masked = replace(problem, y=problem.y * mask, mask=mask)
    shorter = replace(
        problem, y=problem.y[:, there], dictionary=as_dictionary("test", problem.dictionary.dense("")[there])
    )
    got, wanted = (FINE.moments(p, gamma, noise, None) for p in (masked, shorter))
    np.testing.assert_allclose(got.mean, wanted.mean, rtol=1e-7)
    np.testing.assert_allclose(got.log_evidence, wanted.log_evidence, rtol=1e-8)


def test_small_floats_stay_small():
    problem, gamma, noise = batch(dtype=np.float32)
    got, wanted = ExpectationPropagation().moments(problem, gamma, noise, None), FINE.moments(*batch(), None)
    assert {got.mean.dtype, got.variance.dtype, got.log_evidence.dtype} == {np.dtype(np.float32)}
    np.testing.assert_allclose(got.mean, wanted.mean, rtol=0.01)


def test_tensors_give_the_same_numbers():
    torch = pytest.importorskip("torch")
    got = ExpectationPropagation().moments(*batch(library=torch), None)
    wanted = ExpectationPropagation().moments(*batch(), None)
    assert isinstance(got.mean, torch.Tensor)
    np.testing.assert_allclose(got.mean.numpy(), wanted.mean, rtol=1e-8)
    np.testing.assert_allclose(got.log_evidence.numpy(), wanted.log_evidence, rtol=1e-9)
