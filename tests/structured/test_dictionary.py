"""Dictionaries of every kind against their dense twins, and what is no dictionary or no signal."""

import numpy as np
import pytest
import scipy.sparse
import torch
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from laconic.core.checks import DataError
from laconic.structured import HybridKroneckerMatrix, KroneckerMatrix, LowRankMatrix
from laconic.structured.dictionary import as_dictionary
from laconic.structured.signals import as_signals

RNG = np.random.default_rng(0)
A = RNG.normal(size=(6, 10)) * (RNG.random((6, 10)) < 0.6)
K = KroneckerMatrix(RNG.normal(size=(2, 5)), RNG.normal(size=(3, 2)))
L = LowRankMatrix(RNG.normal(size=(6, 2)), RNG.normal(size=(2, 10)))

TWINS = {
    "array": (A, A),
    "list": (A.tolist(), A),
    "torch": (torch.tensor(A), A),
    "csr": (scipy.sparse.csr_matrix(A), A),
    "coo": (scipy.sparse.coo_array(A), A),
    "operator": (aslinearoperator(A), A),
    "kronecker": (K, K.dense()),
    "lowrank": (L, L.dense()),
}

each = pytest.mark.parametrize(("value", "dense"), TWINS.values(), ids=TWINS)


@each
def test_products(value, dense):
    dictionary = as_dictionary("f", value)
    x, y = RNG.normal(size=(10, 3)), RNG.normal(size=(6, 2))
    like = torch.tensor if isinstance(value, torch.Tensor) else np.asarray
    assert dictionary.shape == (6, 10)
    assert np.asarray(dictionary.matmul(like(x))) == pytest.approx(dense @ x)
    assert np.asarray(dictionary.rmatmul(like(y))) == pytest.approx(dense.T @ y)
    assert np.asarray(dictionary.dense("f")) == pytest.approx(dense)


@each
def test_norms_and_squares(value, dense):
    dictionary = as_dictionary("f", value)
    squares = dictionary.squared()
    estimated = isinstance(value, LinearOperator)
    assert (squares is None) == estimated
    assert np.asarray(dictionary.squared_norms()) == pytest.approx(
        (dense**2).sum(axis=0), rel=0.8 if estimated else 1e-9
    )
    if squares is not None:
        assert np.asarray(squares.dense("f")) == pytest.approx(dense**2)


@each
def test_float32_stays(value, dense):
    dictionary = as_dictionary("f", value.astype(np.float32) if hasattr(value, "astype") else value)
    if hasattr(value, "astype"):
        assert dictionary.dtype == np.float32
        assert dictionary.matmul(np.ones((10, 1), np.float32)).dtype == np.float32


def test_whole_numbers_become_floats():
    assert as_dictionary("f", np.eye(3, dtype=int)).dtype == np.float64
    assert as_dictionary("f", torch.eye(3, dtype=torch.int32)).dtype == torch.float64


def test_what_does_not_fit_is_not_formed():
    big = as_dictionary("f", KroneckerMatrix(np.ones((64, 1024)), np.ones((64, 1024))))
    assert not big.fits()
    with pytest.raises(DataError, match=r"4096 x 1048576 would take 32\.00 GB"):
        big.dense("f")
    assert big.squared_norms() == pytest.approx(np.full(2**20, 4096.0))
    hybrid = HybridKroneckerMatrix(np.ones((2, 4)), np.ones((2, 2)), np.ones((2, 2)))
    assert as_dictionary("f", hybrid).squared() is not None


BAD_DICTIONARIES = {
    "vector": np.ones(3),
    "empty": np.ones((0, 3)),
    "no column": np.ones((3, 0)),
    "nan": np.array([[1.0, np.nan]]),
    "infinite": np.array([[1.0, np.inf]]),
    "complex": np.ones((2, 2), complex),
    "text": np.array([["a", "b"]]),
    "ragged": [[1.0], [1.0, 2.0]],
    "none": None,
    "sparse nan": scipy.sparse.csr_array(np.array([[1.0, np.nan]])),
    "complex operator": aslinearoperator(np.ones((2, 2), complex)),
}


@pytest.mark.parametrize("value", BAD_DICTIONARIES.values(), ids=BAD_DICTIONARIES)
def test_bad_dictionaries(value):
    with pytest.raises(DataError, match="somebody: the dictionary"):
        as_dictionary("somebody", value)


@each
def test_signals(value, dense):
    dictionary = as_dictionary("f", value)
    Y = RNG.normal(size=(6, 2))
    many, one = as_signals("f", Y, dictionary), as_signals("f", Y[:, 0], dictionary)
    assert np.asarray(many.y) == pytest.approx(Y.T)
    assert many.mask is None
    assert type(many.y) is type(dictionary.like)
    rows = many.y[:, :4]
    assert tuple(many.columns(rows).shape) == (4, 2)
    assert tuple(one.columns(one.y).shape) == (6,)
    assert one.numbers(np.array([3.0])) == 3.0


def test_missing_entries():
    Y = RNG.normal(size=(6, 2))
    Y[[1, 4], 1] = np.nan
    signals = as_signals("f", Y, as_dictionary("f", A))
    assert np.array_equal(signals.mask, ~np.isnan(Y.T))
    assert np.array_equal(signals.y, np.nan_to_num(Y.T))


BAD_SIGNALS = {
    "short": np.ones(5),
    "rows": np.ones((2, 6)),
    "none": np.ones((6, 0)),
    "three axes": np.ones((6, 1, 1)),
    "number": 3.0,
    "infinite": np.full(6, np.inf),
    "all missing": np.array([[1.0, np.nan]] * 6),
    "complex": np.ones(6, complex),
    "text": ["a"] * 6,
}


@pytest.mark.parametrize("value", BAD_SIGNALS.values(), ids=BAD_SIGNALS)
def test_bad_signals(value):
    with pytest.raises(DataError, match="somebody: the signals"):
        as_signals("somebody", value, as_dictionary("f", A))
