"""The Gaussian posterior by products against its definition with dense inverses."""

import array_api_strict
import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.linalg import aslinearoperator

from laconic.core.arrays import to_numpy
from laconic.sbl.conjugate import conjugate_posterior
from laconic.sbl.records import Problem
from laconic.structured import KroneckerMatrix
from laconic.structured.dictionary import as_dictionary

try:
    import torch
except ImportError:
    torch = None

LIBRARIES = [np, array_api_strict] + ([torch] if torch else [])
N, M, SIGNALS = 24, 60, 3


def unit(A):
    return A / np.linalg.norm(A, axis=0)


def posed(kind="spread", seed=0, missing=True, A=None):
    """A dictionary, scales that are alike or of which few are large, and signals that they could have made."""
    rng = np.random.default_rng(seed)
    A = unit(rng.normal(size=(N, M))) if A is None else A
    m = A.shape[1]
    gamma = rng.uniform(0.5, 1.5, (SIGNALS, m)) / m
    if kind == "sparse":
        gamma = np.where(rng.random((SIGNALS, m)) < 0.1, 0.1, 1e-7 * gamma)
    gamma[:, :2] = 0
    mask = (rng.random((SIGNALS, len(A))) > 0.2) * 1.0 if missing else None
    y = (np.sqrt(gamma) * rng.normal(size=gamma.shape)) @ A.T
    return A, y if mask is None else y * mask, mask, gamma


def by_definition(A, y, mask, gamma, noise):
    means, variances = [], []
    for i in range(len(y)):
        rows = slice(None) if mask is None else mask[i] > 0
        B, scales = A[rows], gamma[min(i, len(gamma) - 1)]
        gain = np.linalg.solve(B * scales @ B.T + noise[i] * np.eye(len(B)), B * scales).T
        means.append(gain @ y[i][rows])
        variances.append(scales - scales * np.sum(gain * B.T, axis=1))
    return np.array(means), np.array(variances)


def problem(A, y, mask=None):
    return Problem(np.arange(y.shape[0]), y, mask, as_dictionary("test", A))


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("kind", ["spread", "sparse"])
@pytest.mark.parametrize("level", [1e-2, 1e-6, 1e-12])
def test_it_is_the_posterior_of_the_definition(level, kind, missing):
    A, y, mask, gamma = posed(kind, missing=missing)
    noise = level * np.array([1.0, 2.0, 0.5])
    wanted_mean, wanted = by_definition(A, y, mask, gamma, noise)
    mean, variance = conjugate_posterior(problem(A, y, mask), gamma, noise, probes=200, tol=1e-9, max_iter=500)
    np.testing.assert_allclose(mean, wanted_mean, atol=1e-6 * np.abs(wanted_mean).max())
    used = gamma > 0
    relative = variance[used] / wanted[used] - 1
    assert np.sqrt(np.mean(relative**2)) < np.sqrt(2 / 200)
    assert (variance[~used] == 0).all()
    assert (mean[~used] == 0).all()
    assert (variance >= 0).all()
    assert (variance <= gamma).all()


def test_few_probes_keep_the_relative_error_of_variances_a_million_times_below_the_prior():
    A, y, _, gamma = posed("sparse", missing=False)
    noise = np.full(SIGNALS, 1e-9)
    _, wanted = by_definition(A, y, None, gamma, noise)
    _, variance = conjugate_posterior(problem(A, y), gamma, noise, tol=1e-9, max_iter=500)
    large = gamma > 1e-2
    assert (wanted[large] < 1e-6 * gamma[large]).all()
    assert np.sqrt(np.mean((variance[large] / wanted[large] - 1) ** 2)) < 1.5 * np.sqrt(2 / 16)


DICTIONARIES = {
    "sparse": lambda A: (scipy.sparse.csr_array(A), A),
    "operator": lambda A: (aslinearoperator(A), A),
    "kronecker": lambda A: (KroneckerMatrix(A[:6, :8], A[6:10, 8:15]), np.kron(A[:6, :8], A[6:10, 8:15])),
}


@pytest.mark.parametrize("kind", DICTIONARIES)
def test_every_kind_of_dictionary_gives_what_its_dense_twin_gives(kind):
    value, twin = DICTIONARIES[kind](unit(np.random.default_rng(0).normal(size=(N, M))))
    _, y, mask, gamma = posed(A=twin)
    noise = np.full(SIGNALS, 1e-3)
    one, other = (conjugate_posterior(problem(D, y, mask), gamma, noise, tol=1e-12) for D in (value, twin))
    for got, wanted in zip(one, other, strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-9)


@pytest.mark.parametrize("xp", LIBRARIES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
def test_every_library_gives_the_same_in_its_own_type(xp, dtype, tolerance):
    arrays = [array.astype(dtype) for array in (*posed(), np.full(SIGNALS, 1e-3))]
    wanted = conjugate_posterior(problem(*arrays[:3]), *arrays[3:])
    arrays = [xp.asarray(array) for array in arrays]
    for got, target in zip(conjugate_posterior(problem(*arrays[:3]), *arrays[3:]), wanted, strict=True):
        assert got.dtype == arrays[0].dtype
        np.testing.assert_allclose(to_numpy(got), target, atol=tolerance * np.abs(target).max())


def test_a_signal_alone_gets_the_answer_it_gets_in_a_batch():
    A, y, mask, gamma = posed()
    noise = np.array([1e-2, 1e-3, 1e-4])
    together = conjugate_posterior(problem(A, y, mask), gamma, noise, tol=1e-12)
    for i in range(SIGNALS):
        row = slice(i, i + 1)
        alone = conjugate_posterior(problem(A, y[row], mask[row]), gamma[row], noise[row], tol=1e-12)
        for got, wanted in zip(alone, together, strict=True):
            np.testing.assert_allclose(got[0], wanted[i], atol=1e-10)


def test_signals_may_share_scales_and_noise():
    A, y, _, gamma = posed(missing=False)
    shared = conjugate_posterior(problem(A, y), gamma[:1], np.array([1e-2]), tol=1e-10)
    apart = conjugate_posterior(problem(A, y), np.repeat(gamma[:1], SIGNALS, axis=0), np.full(SIGNALS, 1e-2), tol=1e-10)
    for got, wanted in zip(shared, apart, strict=True):
        np.testing.assert_allclose(np.broadcast_to(got, wanted.shape), wanted, atol=1e-12)


def test_the_seed_decides_and_nothing_else():
    A, y, mask, gamma = posed()
    noise = np.full(SIGNALS, 1e-2)
    first, again, other = (conjugate_posterior(problem(A, y, mask), gamma, noise, seed=s)[1] for s in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("case", ["silent", "nothing_left"])
def test_edges_are_finite(case):
    A, y, mask, gamma = posed()
    y, gamma = (0 * y if case == "silent" else y), (0 * gamma if case == "nothing_left" else gamma)
    mean, variance = conjugate_posterior(problem(A, y, mask), gamma, np.full(SIGNALS, 1e-3), probes=8)
    assert not mean.any()
    assert np.isfinite(variance).all()
