"""Non-negative least squares: judged by its optimality conditions and by SciPy."""

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from laconic.nnls import nnls
from laconic.structured import KroneckerMatrix

METHODS = ("active_set", "coordinate")


def draw(seed, n, m, k):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, m)), rng.standard_normal((n, k))


def objective(A, x, y):
    return np.sum((A @ x - y) ** 2, axis=0)


def oracle(A, Y):
    return np.stack([scipy.optimize.nnls(A, y, maxiter=100 * A.shape[1])[0] for y in Y.T], axis=1)


def conditioned(n, m, condition, seed=0):
    u, _, v = np.linalg.svd(np.random.default_rng(seed).standard_normal((n, m)), full_matrices=False)
    return u * np.geomspace(1, 1 / condition, min(n, m)) @ v


DESIGNS = {
    "iid": lambda: draw(0, 40, 20, 1)[0],
    "positive": lambda: np.abs(draw(1, 40, 20, 1)[0]),
    "wide": lambda: draw(2, 15, 40, 1)[0],
    "wide positive": lambda: np.abs(draw(3, 15, 40, 1)[0]),
    "condition 1e6": lambda: conditioned(40, 20, 1e6),
    "condition 1e9": lambda: conditioned(40, 20, 1e9),
    "duplicates": lambda: np.repeat(draw(4, 30, 8, 1)[0], 3, axis=1),
    "rank 3": lambda: draw(5, 30, 3, 1)[0] @ draw(6, 3, 12, 1)[0],
    "zero columns": lambda: draw(7, 30, 12, 1)[0] * (np.arange(12) % 3 > 0),
    "huge and tiny columns": lambda: draw(8, 30, 12, 1)[0] * np.geomspace(1e-120, 1e120, 12),
    "tiny": lambda: draw(9, 30, 12, 1)[0] * 1e-200,
    "one column": lambda: draw(10, 30, 1, 1)[0],
    "one row": lambda: draw(11, 1, 6, 1)[0],
    "hilbert": lambda: 1.0 / (np.arange(30)[:, None] + np.arange(12) + 1.0),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("design", DESIGNS)
def test_as_good_as_scipy_and_certified(design, method):
    A = DESIGNS[design]()
    A = A / max(1.0, np.abs(A).max() / 1e150) if "huge" in design else A
    rng = np.random.default_rng(12)
    lengths = np.linalg.norm(A / np.where(np.abs(A).max(0) > 0, np.abs(A).max(0), 1), axis=0) * np.abs(A).max(0)
    unit = A / np.where(lengths > 0, lengths, 1)  # SciPy squares what overflows
    mixed = unit @ np.abs(rng.standard_normal((A.shape[1], 10)))
    Y = np.concatenate([rng.standard_normal((len(A), 10)), mixed + 0.1 * rng.standard_normal(mixed.shape)], axis=1)
    found = nnls(A, Y, method=method)
    assert found.converged
    assert np.all(found.x >= 0)
    assert found.gap.max() < 1e-10
    ours = objective(unit, found.x * np.where(lengths > 0, lengths, 1)[:, None], Y)
    theirs = objective(unit, oracle(unit, Y), Y)
    assert np.all(ours <= theirs * (1 + 1e-9) + 1e-24 * np.sum(Y**2, axis=0))


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 12),
    m=st.integers(1, 12),
    repeated=st.booleans(),
    whole=st.booleans(),
    method=st.sampled_from(METHODS),
)
def test_certified_whatever_comes(seed, n, m, repeated, whole, method):
    A, Y = draw(seed, n, m, 3)
    A, Y = (np.round(A), np.round(Y)) if whole else (A, Y)
    A = np.concatenate([A, A], axis=1) if repeated else A
    found = nnls(A, Y, method=method)
    assert found.converged
    assert found.gap.max() < 1e-11
    assert np.all(objective(A, found.x, Y) <= objective(A, oracle(A, Y), Y) * (1 + 1e-9) + 1e-22)


def test_the_gap_is_what_it_is_said_to_be():
    A, Y = draw(0, 20, 30, 4)
    ridge = np.random.default_rng(1).uniform(0, 2, 30)
    found = nnls(A, Y, ridge=ridge, max_iter=2)
    assert found.status == "max_iter"
    gradient, lengths = A.T @ (A @ found.x - Y) + ridge[:, None] * found.x, np.linalg.norm(A, axis=0)[:, None]
    gap = np.abs(np.minimum(found.x * lengths, gradient / lengths)).max(axis=0) / np.linalg.norm(Y, axis=0)
    np.testing.assert_allclose(found.gap, gap, rtol=1e-9)
    np.testing.assert_allclose(found.objective, objective(A, found.x, Y) + ridge @ found.x**2, rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shared", [True, False])
def test_ridge_is_the_stacked_system(method, shared):
    A, Y = draw(0, 12, 20, 5)
    ridge = np.random.default_rng(1).exponential(1, (20, 1 if shared else 5)) ** 3
    found = nnls(A, Y, ridge=ridge[:, 0] if shared else ridge, method=method)
    for i in range(5):
        stacked = np.concatenate([A, np.diag(np.sqrt(ridge[:, 0 if shared else i]))])
        expected, _ = scipy.optimize.nnls(stacked, np.append(Y[:, i], np.zeros(20)))
        np.testing.assert_allclose(found.x[:, i], expected, rtol=1e-8, atol=1e-10)


def test_infinite_ridge_holds_at_zero():
    A, Y = draw(0, 30, 10, 4)
    ridge = np.where(np.arange(10) % 2, np.inf, 0.0)
    found = nnls(A, Y, ridge=ridge, x0=np.ones(10))
    np.testing.assert_allclose(found.x[::2], nnls(A[:, ::2], Y).x, rtol=1e-10, atol=1e-12)
    assert np.all(found.x[1::2] == 0)
    assert found.gap.max() < 1e-12


@pytest.mark.parametrize("method", [*METHODS, "projected"])
def test_a_missing_entry_is_a_row_less(method):
    A, Y = draw(0, 30, 8, 12)
    rng = np.random.default_rng(1)
    Y[rng.random(Y.shape) < 0.3] = np.nan
    Y[:, 3] = Y[:, 4]  # two of one pattern
    found = nnls(A, Y, method=method, tol=1e-12)
    for x, y, gap in zip(found.x.T, Y.T, found.gap, strict=True):
        there = ~np.isnan(y)
        alone = nnls(A[there], y[there])
        np.testing.assert_allclose(x, alone.x, rtol=1e-6, atol=1e-8)
        assert gap < 1e-10


def test_a_start_does_not_change_the_answer():
    A, Y = draw(0, 30, 12, 6)
    plain = nnls(A, Y).x
    for x0 in (np.ones(12), plain, 100 * np.random.default_rng(0).random((12, 6))):
        for method in METHODS:
            np.testing.assert_allclose(nnls(A, Y, x0=x0, method=method).x, plain, rtol=1e-9, atol=1e-12)
    assert np.all(nnls(A, Y, x0=plain).n_iter == 0)


def test_nothing_to_explain():
    A, _ = draw(0, 10, 5, 1)
    for y in (np.zeros(10), -A @ np.ones(5) * 0):
        found = nnls(A, y)
        assert np.all(found.x == 0)
        assert found.gap == 0
        assert found.converged
    assert np.all(nnls(np.zeros((4, 3)), np.ones(4)).x == 0)


@pytest.mark.parametrize("scale", [1e-250, 1e-30, 1e30, 1e120])
def test_units_do_not_matter(scale):
    A, Y = draw(0, 20, 8, 5)
    plain = nnls(A, Y)
    for found, factor in ((nnls(A * scale, Y), 1 / scale), (nnls(A, Y * scale), scale)):
        np.testing.assert_allclose(found.x, plain.x * factor, rtol=1e-12)
        assert found.gap.max() < 1e-13


def test_one_signal_or_many_and_their_types():
    A, Y = draw(0, 20, 8, 5)
    many, one = nnls(A, Y), nnls(A, Y[:, 0])
    assert many.x.shape == (8, 5)
    assert one.x.shape == (8,)
    assert isinstance(one.gap, float)
    assert isinstance(one.n_iter, int)
    np.testing.assert_allclose(one.x, many.x[:, 0], rtol=1e-10, atol=1e-14)
    single = nnls(A.astype(np.float32), Y.astype(np.float32))
    assert single.x.dtype == np.float32
    np.testing.assert_allclose(single.x, many.x, rtol=1e-4, atol=1e-5)


def test_torch_in_torch_out():
    torch = pytest.importorskip("torch")
    A, Y = draw(0, 20, 8, 5)
    found = nnls(torch.tensor(A, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32))
    assert isinstance(found.x, torch.Tensor)
    assert found.x.dtype == torch.float32
    assert "CPU" in found.message
    np.testing.assert_allclose(found.x.numpy(), nnls(A, Y).x, rtol=1e-4, atol=1e-5)
    by_products = nnls(torch.tensor(A), torch.tensor(Y), method="projected")
    np.testing.assert_allclose(by_products.x.numpy(), nnls(A, Y).x, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("method", ["auto", "projected"])
def test_dictionaries_that_are_no_arrays(method):
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((6, 4)), rng.standard_normal((5, 3))
    kronecker = KroneckerMatrix(left, right)
    A, Y = np.kron(left, right), rng.standard_normal((30, 4))
    for form in (kronecker, kronecker.as_linear_operator(), scipy.sparse.csr_array(A)):
        found = nnls(form, Y, method=method)
        assert found.converged
        np.testing.assert_allclose(found.x, nnls(A, Y).x, rtol=1e-6, atol=1e-8)


def test_ridge_mask_and_start_by_products():
    A, Y = draw(0, 30, 20, 4)
    Y[::5, 1:3] = np.nan
    ridge = np.random.default_rng(0).random((20, 4))
    ridge[::4] = np.inf
    found = nnls(A, Y, ridge=ridge, method="projected", x0=np.ones(20))
    np.testing.assert_allclose(found.x, nnls(A, Y, ridge=ridge).x, rtol=1e-6, atol=1e-8)
