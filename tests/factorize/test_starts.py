"""Dictionaries to begin with: NNDSVD as scikit-learn's, in blocks, and what the data have no direction for."""

import numpy as np
import pytest
import scipy.sparse
from factorize.problems import unit_rows
from sklearn.decomposition._nmf import _initialize_nmf

from laconic.core.blocks import LocalPool, as_source
from laconic.core.checks import DataError
from laconic.datasets import make_factors
from laconic.factorize.starts import STARTS, nndsvd_start, start


def pool_of(X, size=None, weight=None):
    return LocalPool(as_source("test", X, weight=weight, block_size=size))


def begun(X, k, size=None, weight=None, unit=1.0, seed=0):
    return nndsvd_start(pool_of(X, size, weight), k, unit, np.random.default_rng(seed))


@pytest.mark.parametrize(("n", "p", "k"), [(200, 30, 8), (30, 200, 8), (60, 12, 12), (7, 40, 5), (50, 1, 1), (1, 9, 1)])
def test_nndsvd_is_that_of_scikit_learn(n, p, k):
    X = make_factors(n, p, max(k, 3), 2, random_state=1).X + 0.01
    theirs = _initialize_nmf(X, k, init="nndsvd", eps=1e-6, random_state=0)[1]
    theirs = unit_rows(theirs)
    ours = begun(X, k)
    filled = unit_rows(np.where(theirs > 0, theirs, theirs.mean(axis=1, keepdims=True)))
    np.testing.assert_allclose(ours, filled, atol=1e-5)


@pytest.mark.parametrize("init", STARTS)
@pytest.mark.parametrize(
    "X",
    [
        np.zeros((5, 4)),
        np.ones((5, 4)),
        np.outer(np.arange(6.0), np.arange(4.0)),
        np.full((3, 4), np.nan),
        np.eye(1, 4),
        np.diag([1.0, 1e-9, 0, 0]),
        np.ones((2, 1)),
    ],
    ids=["zeros", "constant", "rank one", "missing", "one sample", "a tiny direction", "one feature"],
)
def test_rows_are_positive_and_of_length_one_whatever_the_data(init, X):
    rows = start(pool_of(X, 2), init, 6, 1.0, np.random.default_rng(0))
    assert rows.shape == (6, X.shape[1])
    assert np.all(rows > 0)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1)
    if X.shape[1] > 1:
        assert np.all(np.linalg.norm(rows[:, None] - rows, axis=2) + np.eye(6) > 1e-6)  # no two alike


def test_blocks_weights_units_and_kinds_change_nothing():
    X = np.maximum(make_factors(90, 15, 6, 2).X - 0.2, 0)
    weight = np.random.default_rng(0).integers(0, 4, 90)
    plain = begun(X, 5)
    for size in (1, 7, 89):
        np.testing.assert_allclose(begun(X, 5, size), plain, atol=1e-9)
    np.testing.assert_allclose(begun(X * 2.0**20, 5, unit=2.0**20), plain, atol=1e-9)
    np.testing.assert_allclose(begun(scipy.sparse.csr_array(X), 5, 7), plain, atol=1e-9)
    np.testing.assert_allclose(begun(X, 5, seed=1), plain, atol=1e-6)
    np.testing.assert_allclose(begun(X.astype(np.float32), 5), plain, atol=1e-4)
    repeated = begun(X.repeat(weight, axis=0), 5)
    np.testing.assert_allclose(begun(X, 5, 7, weight.astype(float)), repeated, atol=1e-9)
    lost = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, X)
    np.testing.assert_allclose(begun(lost, 5), begun(np.nan_to_num(lost), 5), atol=1e-9)


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e-30), (np.float32, 1e30), (float, 1e-100), (float, 1e100)])
def test_scales_change_nothing(dtype, scale):
    X = make_factors(60, 12, 6, 2).X
    scaled = (X * scale).astype(dtype)
    unit = 2.0 ** np.round(np.log2(scaled.max()))
    np.testing.assert_allclose(begun(scaled, 5, unit=unit), begun(X, 5), atol=2e-4)


def test_the_same_seed_gives_the_same_start():
    X = make_factors(60, 12, 6, 2).X
    for init in STARTS:
        one, two, other = (start(pool_of(X), init, 20, 1.0, np.random.default_rng(seed)) for seed in (0, 0, 1))
        assert np.array_equal(one, two)
        assert not np.array_equal(one, other)


def test_a_start_that_is_given_is_brought_to_length_one_and_left_as_it_is():
    X, rows = np.ones((9, 3)), np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 2.0]])
    found = start(pool_of(X), rows, 2, 1.0, np.random.default_rng(0))
    np.testing.assert_allclose(found, [[0.6, 0.8, 0], [0, 0, 1]])
    assert rows[0, 0] == 3
    assert start(pool_of(X.astype(np.float32)), rows, 2, 1.0, np.random.default_rng(0)).dtype == np.float32


def test_codes_that_are_given_are_with_their_blocks():
    X, rows, codes = np.ones((9, 3)), np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 2.0]]), np.arange(18.0).reshape(9, 2)
    pool = pool_of(X, 4)
    found = start(pool, (codes, rows), 2, 8.0, np.random.default_rng(0))
    put = np.concatenate(list(pool.states()))
    np.testing.assert_allclose(8 * put @ found, codes @ rows)
    assert codes[1, 0] == 2
    with pytest.raises(DataError, match="codes to begin with must be those of the 9 samples, got 8"):
        start(pool, (codes[:8], rows), 2, 8.0, np.random.default_rng(0))
