"""Message passing: by definition where it is exact, against its dense twin, and finite where it is at its worst."""

import resource
from dataclasses import replace

import array_api_strict
import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.linalg import aslinearoperator

from laconic.core.arrays import to_numpy
from laconic.datasets import make_sparse_codes
from laconic.datasets.designs import DESIGNS
from laconic.priors import Flat, StudentT
from laconic.sbl.conditioning import Centred, RowMean, System, conditioned
from laconic.sbl.esteps import ExpectationPropagation, Gamp, Lmmse
from laconic.sbl.esteps import gamp as module
from laconic.sbl.moments import rectified_moments
from laconic.sbl.records import Problem
from laconic.structured import KroneckerMatrix
from laconic.structured.dictionary import as_dictionary

try:
    import torch
except ImportError:
    torch = None

LIBRARIES = [np, array_api_strict] + ([torch] if torch else [])
SETTLED = Gamp(tol=1e-11, max_inner=3000)


def problem(A, y, mask=None):
    return Problem(np.arange(y.shape[0]), y, mask, as_dictionary("test", A))


def posed(design="iid", *, n=60, m=100, signals=3, noise=1e-3, missing=False, seed=0):
    """A planted problem of unit signals, scales that are not far from the truth, and noise."""
    planted = make_sparse_codes(n, m, n_nonzero=8, n_signals=signals, design=design, random_state=seed)
    lengths = np.linalg.norm(planted.y, axis=0)
    rng = np.random.default_rng(seed)
    gamma = ((planted.x / lengths) ** 2).T + rng.uniform(0.5, 1.5, (signals, m)) / m
    mask = (rng.random((signals, n)) > 0.2) * 1.0 if missing else None
    y = (planted.y / lengths).T
    return planted.A, y if mask is None else y * mask, mask, gamma, np.full(signals, noise)


def found(A, y, mask, gamma, noise, e_step=SETTLED):
    return e_step.moments(problem(A, y, mask), gamma, noise, None)


def learned(dictionary, y, noise, mask=None, *, e_step, prior, steps, prune=0.0, tol=1e-4):
    """Plain EM: the last moments."""
    given = Problem(np.arange(len(y)), y, mask, dictionary)
    gamma, moments = np.full((len(y), dictionary.shape[1]), 1 / dictionary.shape[1]), None
    for _ in range(steps):
        moments = e_step.moments(given, gamma, noise, moments)
        before, gamma = gamma, prior.m_step(moments.second, gamma)
        gamma = np.where(gamma > prune, gamma, 0.0)
        if np.max(np.abs(np.sqrt(gamma) - np.sqrt(before))) < tol * np.sqrt(gamma.max()):
            break
    return moments


def error(moments, planted, lengths):
    x = (planted.x / lengths).T
    return np.sum((moments.mean - x) ** 2, axis=1) / np.sum(x**2, axis=1)


# What it finds ----------------------------------------------------------------------------------------------------


def test_on_a_large_random_dictionary_it_agrees_with_expectation_propagation():
    A, y, _, gamma, noise = posed(n=300, m=400, signals=2, noise=1e-2)
    moments = found(A, y, None, gamma, noise)
    wanted = ExpectationPropagation(tol=1e-6, max_sweeps=300).moments(problem(A, y), gamma, noise, None)
    assert np.linalg.norm(moments.mean - wanted.mean) < 0.02 * np.linalg.norm(wanted.mean)
    assert np.median(np.abs(moments.variance / wanted.variance - 1)) < 0.02


def test_its_moments_are_those_of_the_rectified_gaussians_it_reports():
    moments = found(*posed())
    mean, second = rectified_moments(moments.location, moments.spread)
    np.testing.assert_allclose(moments.mean, mean, atol=1e-12)
    np.testing.assert_allclose(moments.second, second, atol=1e-12)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("design", ["iid", "absolute"])
def test_the_settled_answer_is_a_fixed_point(design, missing):
    arguments = posed(design, missing=missing)
    first = found(*arguments)
    again = SETTLED.moments(problem(*arguments[:3]), *arguments[3:], first)
    np.testing.assert_allclose(again.mean, first.mean, atol=1e-8)
    np.testing.assert_allclose(again.variance, first.variance, atol=1e-8)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("design", ["iid", "absolute"])
def test_a_signal_alone_gets_the_answer_it_gets_in_a_batch(design, missing):
    A, y, mask, gamma, noise = posed(design, missing=missing)
    together = found(A, y, mask, gamma, noise)
    for i in range(3):
        row = slice(i, i + 1)
        alone = found(A, y[row], None if mask is None else mask[row], gamma[row], noise[row])
        np.testing.assert_allclose(alone.mean[0], together.mean[i], atol=1e-8)
        np.testing.assert_allclose(alone.variance[0], together.variance[i], atol=1e-8)


def test_signals_may_share_scales_and_noise():
    A, y, _, gamma, noise = posed()
    shared = found(A, y, None, gamma[:1], noise[:1])
    apart = found(A, y, None, np.repeat(gamma[:1], 3, axis=0), noise)
    np.testing.assert_array_equal(shared.mean, apart.mean)


def test_a_missing_entry_has_no_say():
    A, y, mask, gamma, noise = posed(missing=True)
    wanted = found(A, y, mask, gamma, noise)
    for i in range(3):
        rows, row = mask[i] > 0, slice(i, i + 1)
        given = (A[rows], y[row, rows], np.ones((1, int(rows.sum()))), gamma[row], noise[row])
        np.testing.assert_allclose(found(*given).mean[0], wanted.mean[i], atol=1e-8)


@pytest.mark.parametrize(("design", "missing"), [("absolute", False), ("iid", True)])
def test_coefficients_without_a_scale_and_empty_columns(design, missing):
    A, y, mask, gamma, noise = posed(design, missing=missing)
    gamma[:, :5], A[:, 5] = 0, 0
    moments = found(A, y, mask, gamma, noise)
    assert not moments.mean[:, :5].any()
    assert not moments.variance[:, :5].any()
    mean, second = rectified_moments(np.zeros(3), gamma[:, 5])
    np.testing.assert_allclose(moments.mean[:, 5], mean)
    np.testing.assert_allclose(moments.second[:, 5], second)


# Every kind of input ----------------------------------------------------------------------------------------------


def sparse(A):
    return scipy.sparse.csr_array(A), A


def kronecker(A):
    factors = np.abs(A[:6, :8]), A[6:16, 8:20]
    lengths = [np.linalg.norm(factor, axis=0) for factor in factors]
    factors = [factor / length for factor, length in zip(factors, lengths, strict=True)]
    return KroneckerMatrix(*factors), np.kron(*factors)


@pytest.mark.parametrize("kind", [sparse, kronecker])
@pytest.mark.parametrize("design", ["iid", "absolute"])
def test_products_give_what_the_dense_twin_gives(kind, design):
    A, y, mask, *_ = posed(design, missing=True)
    value, twin = kind(A)
    gamma, noise = np.full((3, twin.shape[1]), 1 / twin.shape[1]), np.full(3, 1e-2)
    one, other = (found(D, y, mask, gamma, noise, Gamp(tol=0, max_inner=40)) for D in (value, twin))
    np.testing.assert_allclose(one.mean, other.mean, atol=1e-9)
    np.testing.assert_allclose(one.variance, other.variance, atol=1e-9)


@pytest.mark.parametrize("design", ["iid", "absolute"])
def test_an_operator_of_which_no_squares_are_known_comes_near(design):
    A, y, _, gamma, noise = posed(design, n=150, m=200, noise=1e-2)
    wanted = found(A, y, None, gamma, noise)
    got = found(aslinearoperator(A), y, None, gamma, noise)
    assert np.linalg.norm(got.mean - wanted.mean) < 0.1 * np.linalg.norm(wanted.mean)


@pytest.mark.parametrize("xp", LIBRARIES)
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-3)])
def test_every_library_gives_the_same_in_its_own_type(xp, missing, dtype, tolerance):
    arguments = posed("absolute", missing=missing)
    wanted = found(*arguments, Gamp(tol=1e-7, max_inner=100))
    arguments = [None if a is None else xp.asarray(a.astype(dtype)) for a in arguments]
    got = found(*arguments, Gamp(tol=1e-7, max_inner=100))
    for name in ("mean", "variance", "location", "spread"):
        values = getattr(got, name)
        assert values.dtype == arguments[0].dtype
        target = getattr(wanted, name)
        np.testing.assert_allclose(to_numpy(values), target, atol=tolerance * np.abs(target).max())


# Finite wherever --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("snr", [None, 20.0])
@pytest.mark.parametrize("design", DESIGNS)
def test_learning_stays_finite_on_every_design(design, snr, missing):
    planted = make_sparse_codes(40, 100, n_nonzero=8, n_signals=4, design=design, snr=snr, random_state=0)
    lengths = np.linalg.norm(planted.y, axis=0)
    mask = (np.random.default_rng(0).random((4, 40)) > 0.1) * 1.0 if missing else None
    y = (planted.y / lengths).T * (1 if mask is None else mask)
    noise = np.full(4, 1e-10 / 40) if snr is None else planted.noise / lengths**2
    moments = learned(as_dictionary("test", planted.A), y, noise, mask, e_step=Gamp(), prior=Flat(), steps=25)
    assert np.isfinite(moments.second).all()
    assert (moments.variance >= 0).all()
    residual = (y - moments.mean @ planted.A.T) * (1 if mask is None else mask)
    assert (np.sum(residual**2, axis=1) < 1.5 * np.sum(y**2, axis=1)).all()


@pytest.fixture
def unconditioned(monkeypatch):
    """Message passing on the dictionary as it is."""

    def plain(dictionary, masked):
        return System(dictionary, masked, dictionary, dictionary.squared())

    monkeypatch.setattr(module, "conditioned", plain)


@pytest.mark.usefixtures("unconditioned")
def test_a_signal_on_which_it_diverges_falls_back_for_good_and_says_so():
    A, y, _, gamma, noise = posed("nonzero_mean", m=400, noise=1e-8)
    e_step = Gamp(max_inner=3)
    first = e_step.moments(problem(A, y), gamma, noise, None)
    lost = first.carry.fell_back
    assert lost.any()
    wanted = Lmmse().moments(problem(A, y), gamma, noise, None)
    np.testing.assert_allclose(first.mean[lost], wanted.mean[lost], atol=1e-12)
    np.testing.assert_allclose(first.variance[lost], wanted.variance[lost], atol=1e-12)
    calm = e_step.moments(problem(A, y), gamma, np.ones(3), first)
    assert calm.carry.fell_back[lost].all()
    assert calm.carry.take(np.array([1])).fell_back.shape == (1,)


def test_only_the_signals_that_need_it_fall_back():
    A, y, _, gamma, noise = posed()
    first = Gamp().moments(problem(A, y), gamma, noise, None)
    lost = replace(first, carry=replace(first.carry, fell_back=np.array([False, True, False])))
    second = Gamp().moments(problem(A, y), gamma, noise, lost)
    wanted = Lmmse().moments(problem(A, y), gamma, noise, None)
    apart = Gamp().moments(problem(A, y), gamma, noise, first)
    np.testing.assert_allclose(second.mean[1], wanted.mean[1], atol=1e-12)
    np.testing.assert_allclose(second.mean[[0, 2]], apart.mean[[0, 2]], atol=1e-3 * np.abs(apart.mean).max())
    assert second.carry.fell_back.tolist() == [False, True, False]


# Equivalent problems ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array, aslinearoperator])
def test_mean_removal_is_the_matrix_of_its_definition(make):
    A = posed("absolute", n=12, m=20)[0]
    centred = Centred(as_dictionary("test", make(A)))
    g, ones = A.mean(axis=1), np.ones((1, 20))
    c = (A - g[:, None]).mean(axis=0)
    a1, a2, b1, b2 = centred.a1, centred.a2, centred.b1, centred.b2
    wanted = np.block(
        [
            [A - g[:, None] - c, b1 * g[:, None], b2 * np.ones((12, 1))],
            [a1 * ones, np.array([[-a1 * b1, 0]])],
            [a2 * c[None, :], np.array([[0, -a2 * b2]])],
        ]
    )
    np.testing.assert_allclose(centred.matmul(np.eye(22)), wanted, atol=1e-12)
    np.testing.assert_allclose(centred.rmatmul(np.eye(14)), wanted.T, atol=1e-12)
    squares = centred.squared()
    forward, backward = squares.matmul(np.eye(22)), squares.rmatmul(np.eye(14))
    np.testing.assert_allclose(forward, backward.T, atol=1e-12)
    if make is not aslinearoperator:
        np.testing.assert_allclose(forward, wanted**2, atol=1e-12)


def test_mean_removal_leaves_the_products_as_they_are():
    A = posed("absolute", n=12, m=20)[0]
    centred, x = Centred(as_dictionary("test", A)), np.random.default_rng(0).random((20, 2))
    c = A.mean(axis=0) - A.mean()
    extra = np.stack([x.sum(axis=0) / centred.b1, c @ x / centred.b2])
    np.testing.assert_allclose(centred.matmul(np.concatenate([x, extra])), np.pad(A @ x, ((0, 2), (0, 0))), atol=1e-12)


def test_the_mean_is_removed_where_it_matters_and_rotation_needs_every_entry():
    def extra(design, masked):
        return conditioned(as_dictionary("test", posed(design)[0]), masked).extra

    assert [extra(design, True) for design in ("iid", "absolute", "nonzero_mean")] == [0, 2, 2]
    assert extra("absolute", False) == 0
    system = conditioned(as_dictionary("test", posed()[0]), False)
    turned = system.dictionary.dense("test")
    gram = turned @ turned.T
    np.testing.assert_allclose(gram - np.diag(np.diag(gram)), 0, atol=1e-12)


def test_squares_that_are_spread_evenly():
    even, wanted = RowMean(np.array([1.0, 2.0, 6.0]), 2), np.array([[0.5, 1.0, 3.0]] * 2)
    np.testing.assert_allclose(even.matmul(np.eye(3)), wanted)
    np.testing.assert_allclose(even.rmatmul(np.eye(2)), wanted.T)
    np.testing.assert_allclose(even.dense("test"), wanted)


# Recovery ---------------------------------------------------------------------------------------------------------


def recovered(n, m, n_nonzero, n_signals, seed, steps):
    planted = make_sparse_codes(n, m, n_nonzero=n_nonzero, n_signals=n_signals, random_state=seed)
    lengths = np.linalg.norm(planted.y, axis=0)
    y, noise = (planted.y / lengths).T, np.full(n_signals, 1e-10 / n)
    moments = learned(as_dictionary("test", planted.A), y, noise, e_step=Gamp(), prior=Flat(), steps=steps)
    return error(moments, planted, lengths)


def test_planted_codes_are_recovered():
    assert np.median(recovered(100, 300, 15, 10, seed=0, steps=200)) < 1e-4


@pytest.mark.slow
def test_half_as_many_entries_as_measurements():
    errors = np.concatenate([recovered(100, 400, 50, 20, seed, steps=600) for seed in range(5)])
    assert errors.mean() < 0.07
    assert np.median(errors) < 1e-5


def kronecker_recovered(rows, columns, n_nonzero):
    """Solve a Kronecker dictionary of rows^2 x columns^2; return the error and the peak of memory in bytes."""
    rng = np.random.default_rng(0)
    factors = [rng.normal(size=(rows, columns)) for _ in range(2)]
    structure = KroneckerMatrix(*(factor / np.linalg.norm(factor, axis=0) for factor in factors))
    n, m = structure.shape
    x = np.zeros((m, 1))
    x[rng.choice(m, n_nonzero, replace=False), 0] = np.abs(rng.normal(size=n_nonzero))
    y = structure.matmul(x)[:, 0]
    x, y = x[:, 0] / np.linalg.norm(y), y / np.linalg.norm(y)
    noise = 1e-5 / n
    moments = learned(
        as_dictionary("test", structure),
        y[None],
        np.array([noise]),
        e_step=Gamp(),
        prior=StudentT(1e-12),
        steps=40,
        prune=0.1 * noise * n / m,
    )
    assert not moments.carry.fell_back.any()
    return np.sum((moments.mean[0] - x) ** 2) / np.sum(x**2), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_a_kronecker_dictionary_of_sixteen_thousand_columns():
    assert kronecker_recovered(16, 128, 4)[0] < 1e-4


@pytest.mark.slow
def test_a_kronecker_dictionary_of_a_million_columns_is_not_formed():
    accuracy, peak = kronecker_recovered(64, 1024, 20)
    assert accuracy < 1e-5
    assert peak < 2**30 < 4096 * 2**20 * 8
