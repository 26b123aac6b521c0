"""Data at the edge of what makes sense: answers are finite, at least 0 and no worse than nothing; or one sentence."""

import numpy as np
import pytest
import scipy.sparse

from laconic import SparseNMF
from laconic.core.checks import DataError
from laconic.datasets import make_factors

HASTY = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = make_factors(40, 10, 4, 2, random_state=1).X


def put(where, value, base=X):
    changed = base.copy()
    changed[where] = value
    return changed


EDGES = {
    "a column of zeros": put(np.s_[:, 3], 0.0),
    "a row of zeros": put(np.s_[3], 0.0),
    "zeros": np.zeros((8, 5)),
    "constant": np.full((8, 5), 0.3),
    "one sample": X[:1],
    "one feature": X[:, :1],
    "one entry": X[:1, :1],
    "one entry of zero": np.zeros((1, 1)),
    "fewer samples than parts": X[:3],
    "fewer features than parts": X[:, :2],
    "rank one": np.outer(np.arange(8.0), np.arange(5.0)),
    "the identity": np.eye(6),
    "rows that are there twice": np.repeat(X[:10], 4, axis=0),
    "columns that are there twice": np.repeat(X[:, :5], 2, axis=1),
    "a huge outlier": put((5, 5), 1e9),
    "one entry above zero": put((2, 2), 1.0, np.zeros((8, 5))),
    "a row that is missing": put(np.s_[3], np.nan),
    "a column that is missing": put(np.s_[:, 3], np.nan),
    "all but one entry missing": put((2, 2), 1.0, np.full((8, 5), np.nan)),
    "all but zeros missing": put((2, 2), 0.0, np.full((8, 5), np.nan)),
    "almost all missing": np.where(np.random.default_rng(0).random(X.shape) < 0.95, np.nan, X),
    "entries from tiny to large": np.random.default_rng(0).random((20, 6)) ** 40,
}
MODELS = [
    SparseNMF(5, prior=None, max_iter=40, random_state=0),
    SparseNMF(5, max_iter=60, random_state=0),
    SparseNMF(5, prior="student_t", dictionary_prior="laplacian", max_iter=60, random_state=0, init="random"),
    SparseNMF(5, prior="power_exponential", max_iter=60, random_state=0, n_init=2),
    SparseNMF(5, prior="laplacian", solver="multiplicative", max_iter=60, random_state=0),
    SparseNMF(5, prior="student_t", dictionary_prior="rgdp", solver="multiplicative", max_iter=60, random_state=0),
]
NAMES = [f"{one.solver} {one.prior} {one.dictionary_prior}" for one in MODELS]


@HASTY
@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_answers_at_the_edge(model, edge):
    for dtype in (np.float64, np.float32):
        data = EDGES[edge].astype(dtype)
        codes = model.fit_transform(data)
        there, size = ~np.isnan(data), np.sqrt(np.nansum(data.astype(float) ** 2))
        for values in (codes, model.components_, model.transform(data), model.trace_):
            assert np.all(np.isfinite(values))
            assert np.all(values >= 0)
        assert np.linalg.norm(np.where(there, data - codes @ model.components_, 0)) <= 1.0001 * size + 1e-15
        assert 0 <= model.density_ <= 1
        assert 0 <= model.relative_error_ <= 1.0001
        assert np.isfinite(model.gap_)
        assert np.isfinite(model.result_.objective)
        if model.dictionary_prior is None:
            np.testing.assert_allclose(np.linalg.norm(model.components_, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("edge", ["a column of zeros", "a row of zeros", "rank one", "the identity", "constant"])
def test_what_has_an_exact_factorisation_gets_it(edge):
    model = SparseNMF(6, prior=None, random_state=0, tol=1e-7, max_iter=5000)
    data = EDGES[edge]
    model.fit(data)
    assert model.relative_error_ < (0.05 if "zeros" in edge else 1e-5)


def test_what_is_nowhere_gets_nothing():
    for edge, where in (("a column of zeros", np.s_[:, 3]), ("a column that is missing", np.s_[:, 3])):
        model = SparseNMF(4, random_state=0).fit(EDGES[edge])
        if "zeros" in edge:
            assert np.all(model.components_[where] < 1e-12)
    codes = SparseNMF(4, random_state=0).fit_transform(EDGES["a row of zeros"])
    assert np.all(codes[3] == 0)
    model = SparseNMF(4, random_state=0).fit(EDGES["zeros"])
    assert np.all(model.transform(EDGES["zeros"]) == 0)


def test_codes_of_a_sample_that_is_missing_are_those_of_the_prior_alone():
    model = SparseNMF(4, random_state=0)
    codes = model.fit_transform(EDGES["a row that is missing"])
    assert np.all(codes[3] == 0)
    assert np.all(model.transform(np.full((2, 10), np.nan)) == 0)


def test_parts_that_find_nothing_do_not_disturb_the_others():
    planted = make_factors(200, 15, 4, 2, random_state=1)
    model = SparseNMF(8, random_state=0).fit(planted.X)
    assert (model.components_ @ planted.components.T).max(axis=0).min() > 0.98


BAD = [
    (lambda: SparseNMF(2).fit(put((1, 2), np.inf)), "infinity"),
    (lambda: SparseNMF(2).fit(put((1, 2), -np.inf)), "infinity"),
    (lambda: SparseNMF(2).fit(scipy.sparse.csr_array(put((1, 2), np.inf))), "infinity"),
    (lambda: SparseNMF(2).fit(put((1, 2), -1e-9)), "Negative values in data"),
    (lambda: SparseNMF(2).fit(scipy.sparse.csr_array(put((1, 2), -3.0))), "Negative values in data"),
    (lambda: SparseNMF(2).fit(np.full((4, 3), np.nan)), "an entry that is not missing"),
    (lambda: SparseNMF(2).fit(X, sample_weight=np.zeros(40)), "weight"),
    (lambda: SparseNMF(2).fit(X, sample_weight=np.full(40, -1.0)), "[Nn]egative"),
    (lambda: SparseNMF(2).fit(X, sample_weight=np.ones(39)), "39"),
    (lambda: SparseNMF(2).fit(X, mask=np.ones((40, 10), dtype=bool)), "an entry that is not missing"),
    (lambda: SparseNMF(2).fit(X, mask=np.ones((4, 10), dtype=bool)), r"mask must be of shape \(40, 10\)"),
    (lambda: SparseNMF(2).fit(X * 1e200), "between 1e-140 and 1e\\+140"),
    (lambda: SparseNMF(2).fit(X * 1e-200), "between 1e-140 and 1e\\+140"),
    (lambda: SparseNMF(2).fit((X * 1e37).astype(np.float32)), "between 1e-35 and 1e\\+35"),
    (lambda: SparseNMF(2).fit(X).transform(X[:, :5]), "10 features"),
    (lambda: SparseNMF(2).fit(X).transform(put((1, 2), np.inf)), "infinity"),
    (lambda: SparseNMF(2).fit(X).inverse_transform(np.ones((3, 3))), r"codes of shape \(n_samples, 2\)"),
]


@pytest.mark.parametrize(("call", "sentence"), BAD, ids=[sentence for _, sentence in BAD])
def test_data_that_cannot_be_used_are_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_what_is_read_lazily_is_refused_in_the_same_words(tmp_path):
    for bad, sentence in ((np.inf, "must be finite"), (-1.0, "Negative values in data")):
        np.save(tmp_path / "X.npy", put((1, 2), bad))
        for held in (np.load(tmp_path / "X.npy", mmap_mode="r"), iter([put((1, 2), bad)])):
            with pytest.raises(DataError, match=f"^SparseNMF: X .*{sentence}"):
                SparseNMF(2).fit(held)
