"""Products of samples: those of NumPy in float64, and the same to the last bit on any number of threads."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from laconic.core import threads
from laconic.core.blocks import dense_products, sparse_products

DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def drawn(n, p, k, density, seed, dtype=np.float64):
    """A sparse matrix with rows of any length, an explicit zero, and factors."""
    rng = np.random.default_rng(seed)
    X = scipy.sparse.random_array((n, p), density=density, rng=rng, format="csr", dtype=dtype)
    if X.nnz:
        X.data[0] = 0.0
    return X, rng.random((n, k)).astype(dtype), rng.random((k, p)).astype(dtype)


def assert_product(found, left, right, dtype):
    expected = np.asarray(left, np.float64) @ np.asarray(right, np.float64)
    assert found.dtype == dtype
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12 if dtype == np.float64 else 1e-5, atol=1e-30)


@DTYPES
@given(
    n=st.integers(1, 40),
    p=st.integers(1, 40),
    k=st.integers(1, 20),
    density=st.sampled_from([0.0, 0.1, 0.6, 1.0]),
    seed=st.integers(0, 9),
)
def test_products_are_those_of_dense_matrices(dtype, n, p, k, density, seed):
    X, C, D = drawn(n, p, k, density, seed, dtype)
    dense = X.toarray()
    assert_product(sparse_products.times(X, D.T), dense, D.T, dtype)
    assert_product(sparse_products.codes_times(C, X), C.T, dense, dtype)
    assert_product(dense_products.times(dense, D.T), dense, D.T, dtype)
    assert_product(dense_products.codes_times(C, dense), C.T, dense, dtype)


@DTYPES
def test_sparse_products_do_not_depend_on_the_number_of_threads(dtype, monkeypatch):
    X, C, D = drawn(3000, 700, 37, 0.02, 0, dtype)
    found = []
    for number in (1, 2, 3):
        monkeypatch.setattr(threads, "n_threads", lambda number=number: number)
        found.append((sparse_products.times(X, D.T), sparse_products.codes_times(C, X)))
    for other in found[1:]:
        assert all(np.array_equal(one, two) for one, two in zip(found[0], other, strict=True))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_dense_products_on_threads(number, monkeypatch):
    monkeypatch.setattr(threads, "n_threads", lambda: number)
    X, C, D = drawn(3000, 700, 37, 0.5, 0)
    X = X.toarray()
    assert_product(dense_products.times(X, D.T), X, D.T, np.float64)
    assert_product(dense_products.codes_times(C, X), C.T, X, np.float64)


def test_indices_may_be_of_either_size():
    X, C, D = drawn(30, 20, 3, 0.3, 0)
    wide = scipy.sparse.csr_array((X.data, X.indices.astype(np.int64), X.indptr.astype(np.int64)), shape=X.shape)
    assert np.array_equal(sparse_products.times(X, D.T), sparse_products.times(wide, D.T))
    assert np.array_equal(sparse_products.codes_times(C, X), sparse_products.codes_times(C, wide))


def test_no_samples():
    X, C, D = drawn(30, 20, 3, 0.3, 0)
    assert dense_products.times(X.toarray()[:0], D.T).shape == (0, 3)
    assert sparse_products.times(X[:0], D.T).shape == (0, 3)
    assert not sparse_products.codes_times(C[:0], X[:0]).any()
