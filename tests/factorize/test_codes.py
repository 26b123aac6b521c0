"""Codes for a dictionary that is known: each sample's alone, by the entries that it has, and at a minimum."""

import numpy as np
import pytest
import scipy.sparse
from blocks.sources import moved
from factorize.problems import PRIORS, Custom, penalty_of, unit_rows
from scipy.optimize import nnls

from laconic import SparseNMF
from laconic.core.arrays import to_numpy
from laconic.core.blocks import as_source
from laconic.factorize import Encoder
from laconic.factorize.incomplete import codes_of, grams_of
from laconic.factorize.penalty import NONE
from laconic.factorize.solvers import SOLVERS, Hals
from laconic.nnls import sparse_nnls
from laconic.priors import StudentT

BOTH = pytest.mark.parametrize("solver", [kind() for kind in SOLVERS.values()], ids=list(SOLVERS))


def posed(n=40, p=12, k=5, lost=0.3, seed=0):
    """Samples with holes, one of them a hole altogether and one without any, and a dictionary."""
    rng = np.random.default_rng(seed)
    D = unit_rows(rng.exponential(size=(k, p)))
    C = rng.exponential(size=(n, k)) * (rng.random((n, k)) < 0.4)
    X = np.maximum(C @ D + 0.02 * rng.normal(size=(n, p)), 0)
    X[rng.random((n, p)) < lost] = np.nan
    X[3], X[5] = np.nan, np.nan_to_num(X[5])
    return X, D


def encoded(X, D, penalty, solver=None, unit=1.0):
    block = as_source("test", X).block(0)
    return Encoder(moved(D, block.like), unit, solver or Hals(), (penalty,))(block)


def values(X, D, C, penalty):
    own = 0 if penalty.is_flat else penalty.strength * np.sum(penalty.prior.penalty(C), axis=1)
    return np.nansum((X - C @ D) ** 2, axis=1) + own


@BOTH
def test_without_a_penalty_they_are_least_squares_over_what_is_there(solver):
    X, D = posed()
    C = encoded(X, D, NONE, solver)
    best = np.stack([nnls(D.T[~np.isnan(x)], x[~np.isnan(x)])[0] if not np.isnan(x).all() else 0 * D[:, 0] for x in X])
    np.testing.assert_allclose(values(X, D, C, NONE), values(X, D, best, NONE), rtol=1e-3, atol=1e-9)
    assert np.all(C[3] == 0)
    whole = np.nan_to_num(X)
    plain = np.stack([nnls(D.T, x)[0] for x in whole])
    np.testing.assert_allclose(encoded(whole, D, NONE), plain, atol=1e-9)


@pytest.mark.parametrize("prior", [*PRIORS, Custom(1e-2)], ids=repr)
@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_no_other_value_of_a_code_is_better(prior, lost):
    X, D = posed(lost=lost)
    penalty = penalty_of(prior, 0.02)
    C = encoded(X, D, penalty)
    here = values(X, D, C, penalty)
    for j in range(5):
        for factor, lift in ((1, 1e-3), (1, -1e-3), (1.05, 0), (0.95, 0)):
            other = C.copy()
            other[:, j] = np.maximum(factor * C[:, j] + lift, 0)
            assert np.all(here <= values(X, D, other, penalty) + 1e-6)


def test_they_are_those_of_sparse_nnls():
    X, D = posed()
    X = np.delete(X, 3, axis=0)
    for prior in (penalty_of(PRIORS[1], 0.02), penalty_of(PRIORS[5], 0.02)):
        theirs = sparse_nnls(D.T, X.T, prior=prior.prior, noise=0.01, scale=1.0, solver="coordinate", anneal=False)
        ours = values(X, D, encoded(X, D, prior), prior)
        np.testing.assert_allclose(ours, values(X, D, theirs.x.T, prior), rtol=0.05, atol=0.02)


@BOTH
@pytest.mark.parametrize("prior", PRIORS[:5], ids=repr)
def test_each_sample_comes_out_as_if_alone(prior, solver):
    X, D = posed()
    penalty = penalty_of(prior, 0.02)
    together = encoded(X, D, penalty, solver)
    for i in (0, 3, 5, 17, 39):
        np.testing.assert_allclose(encoded(X[i : i + 1], D, penalty, solver)[0], together[i], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("hold", ["float32", "csr", "torch", "strict"])
def test_holes_in_any_library(hold):
    X, D = posed()
    plain = encoded(X, D, penalty_of(PRIORS[4], 0.02))
    if hold in ("torch", "strict"):
        library = pytest.importorskip({"torch": "torch", "strict": "array_api_strict"}[hold])
        held = library.asarray(X)
    else:
        held = X.astype(np.float32) if hold == "float32" else scipy.sparse.csr_array(X)
    found = encoded(held, D, penalty_of(PRIORS[4], 0.02))
    assert type(found) is (np.ndarray if hold in ("csr", "float32") else type(held))
    assert "float32" in str(found.dtype) if hold == "float32" else "float64" in str(found.dtype)
    rows = np.isnan(X).any(axis=1)
    np.testing.assert_allclose(to_numpy(found)[rows], plain[rows], atol=1e-4 if hold == "float32" else 1e-9)


def test_parts_and_threads_change_nothing(monkeypatch):
    X, D = posed(n=1300)
    penalty = penalty_of(StudentT(1e-2), 0.02)
    plain = encoded(X, D, penalty)
    monkeypatch.setattr("laconic.factorize.incomplete.AT_ONCE", 25 * 1100)
    monkeypatch.setattr("laconic.core.threads.n_threads", lambda: 2)
    np.testing.assert_allclose(encoded(X, D, penalty), plain, rtol=1e-6, atol=1e-8)


def test_the_unit_is_that_of_the_codes():
    X, D = posed()
    one, two = (encoded(X * unit, D, penalty_of(PRIORS[1], 0.02), unit=unit) for unit in (1.0, 8.0))
    np.testing.assert_allclose(two, 8 * one, rtol=1e-9)


def test_an_atom_that_no_entry_sees_gets_nothing():
    D = np.array([[1.0, 0, 0, 0], [0, 0.1, 0.3, 0.7]])
    for columns in ([0], [0, 1, 2]):
        gram = grams_of(D, [np.array(columns)])
        assert np.count_nonzero(gram) == 1
        np.testing.assert_allclose(codes_of(gram, np.array([[0.0, 2 * gram[0, 1, 1]]]), (NONE,)), [[0, 2]])


def test_grams_are_those_of_what_is_there():
    _, D = posed()
    lost = [np.flatnonzero(row) for row in np.random.default_rng(0).random((20, 12)) < np.linspace(0, 1, 20)[:, None]]
    for gram, columns in zip(grams_of(D, lost), lost, strict=True):
        part = np.delete(D, columns, axis=1)
        np.testing.assert_allclose(gram, part @ part.T, atol=1e-15)
    faint = grams_of(np.array([[1.0, 1.0, 1.0, 1e-5]]), [np.arange(3)])
    np.testing.assert_allclose(faint, 1e-10, rtol=1e-12)  # as a difference it would be rounding


@BOTH
def test_codes_of_new_samples_with_holes_are_near_the_planted_ones(solver):
    X, D = posed(n=300, p=25, lost=0.2)
    model = SparseNMF(5, init=D, solver=type(solver).name, tol=1e-2, max_iter=2000).fit(X[:200])
    found = model.transform(X[200:]) @ model.components_
    whole = posed(n=300, p=25, lost=0.0)[0][200:]
    assert np.linalg.norm(found - whole) < 0.15 * np.linalg.norm(whole)
