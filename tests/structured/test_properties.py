"""Products of random sizes, ones and primes among them, against NumPy's own Kronecker product."""

from functools import reduce

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from laconic.structured import HybridKroneckerMatrix, KroneckerMatrix, nearest

SIZES = st.sampled_from([1, 1, 2, 3, 4, 5, 7, 11, 13])
SHAPES = st.lists(st.tuples(SIZES, SIZES), min_size=1, max_size=3).filter(lambda s: np.prod(s) < 20_000)
BATCHES = st.lists(st.integers(0, 3), max_size=2)
TYPES = st.sampled_from([np.float32, np.float64])
SEEDS = st.integers(0, 2**32 - 1)


def drawn(shape, dtype, seed):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@given(SHAPES, BATCHES, st.integers(0, 3), TYPES, SEEDS)
def test_a_product_is_numpys(shapes, batch, k, dtype, seed):
    factors = [drawn(shape, dtype, seed + i) for i, shape in enumerate(shapes)]
    K, twin = KroneckerMatrix(factors), reduce(np.kron, factors)
    tolerance = {"rtol": 0, "atol": 100 * float(np.finfo(dtype).eps) * np.abs(twin).max() * sum(twin.shape)}
    np.testing.assert_allclose(K.dense(), twin, **tolerance)
    x, y = drawn((*batch, twin.shape[1], k), dtype, seed), drawn((*batch, twin.shape[0], k), dtype, seed)
    for found, expected in ((K @ x, twin @ x), (K.rmatmul(y), twin.T @ y)):
        np.testing.assert_allclose(found, expected, **tolerance)
        assert found.dtype == dtype


@given(SHAPES, st.integers(1, 4), TYPES, SEEDS)
def test_members_are_met_and_keep_their_type(shapes, n_rows, dtype, seed):
    for template in (KroneckerMatrix.zeros(shapes), HybridKroneckerMatrix.zeros(n_rows, shapes)):
        W = template.random(np.random.default_rng(seed), 1.0).dense().astype(dtype)
        found = nearest(W, template).dense()
        assert found.dtype == dtype
        assert np.linalg.norm(found - W) <= 100 * np.finfo(dtype).eps * np.linalg.norm(W)


@given(SHAPES, SEEDS)
def test_the_transpose_of_a_product_is_the_product_of_transposes(shapes, seed):
    factors = [drawn(shape, np.float64, seed + i) for i, shape in enumerate(shapes)]
    K, T = KroneckerMatrix(factors), KroneckerMatrix([f.T for f in factors])
    x = drawn(K.shape[0], np.float64, seed)
    np.testing.assert_allclose(K.rmatmul(x), T @ x, rtol=1e-9, atol=1e-9)
    assert K.max_rank == T.max_rank
