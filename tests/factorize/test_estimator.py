"""`SparseNMF` among scikit-learn's tools: names, frames, copies, files, processes, searches."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from laconic import SparseNMF, SparseNNLS
from laconic.datasets import make_factors
from laconic.priors import GeneralisedDoublePareto

PLANTED = make_factors(120, 12, 4, 2, random_state=1)
X = PLANTED.X


def test_names_of_what_comes_out():
    model = SparseNMF(3, random_state=0).fit(X)
    assert model.get_feature_names_out().tolist() == ["sparsenmf0", "sparsenmf1", "sparsenmf2"]
    with pytest.raises(NotFittedError):
        SparseNMF(3).get_feature_names_out()


def test_frames_in_and_out():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[f"band{i}" for i in range(12)], index=range(100, 220))
    model = SparseNMF(3, random_state=0).set_output(transform="pandas")
    codes = model.fit_transform(frame)
    assert list(codes.columns) == ["sparsenmf0", "sparsenmf1", "sparsenmf2"]
    assert list(codes.index) == list(frame.index)
    assert model.feature_names_in_.tolist() == list(frame.columns)
    plain = SparseNMF(3, random_state=0).fit(X)
    np.testing.assert_allclose(model.transform(frame), plain.transform(X))
    with pytest.raises(ValueError, match="feature names"):
        model.transform(frame[frame.columns[::-1]])


@pytest.mark.parametrize("prior", [None, "rgdp", GeneralisedDoublePareto(1e-3)], ids=repr)
def test_copies_are_alike(prior, tmp_path):
    model = SparseNMF(3, prior=prior, random_state=0).fit(X)
    joblib.dump(model, tmp_path / "model")
    for again in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model")):
        assert np.array_equal(again.transform(X), model.transform(X))
        assert np.array_equal(again.trace_, model.trace_)
    unfitted = clone(model)
    assert not hasattr(unfitted, "components_")
    assert repr(unfitted) == repr(model)
    assert np.array_equal(unfitted.fit(X).components_, model.components_)


@pytest.mark.slow
def test_processes_find_the_same():
    models = [SparseNMF(3, init="random", random_state=seed) for seed in (0, 1)]
    found = joblib.Parallel(2)(joblib.delayed(model.fit)(X) for model in models)
    for there, here in zip(found, models, strict=True):
        np.testing.assert_allclose(there.components_, here.fit(X).components_, atol=1e-9)  # other numbers of threads


def test_fit_and_transform_are_fit_transform():
    one, two = SparseNMF(3, prior=None, random_state=0), SparseNMF(3, prior=None, random_state=0)
    codes = one.fit_transform(X)
    assert two.fit(X) is two
    assert np.array_equal(one.components_, two.components_)
    np.testing.assert_allclose(two.transform(X), codes, atol=1e-2)


def test_fitting_again_forgets():
    model = SparseNMF(3, random_state=0, n_init=2, init="random").fit(X)
    model.set_params(n_init=1, n_components=2, init="nndsvd").fit(X[:, :5])
    fresh = SparseNMF(2, random_state=0).fit(X[:, :5])
    assert np.array_equal(model.components_, fresh.components_)
    assert model.stability_ is None
    assert model.n_features_in_ == 5
    assert model.get_feature_names_out().shape == (2,)


def test_no_number_of_parts_is_that_of_features_up_to_eight():
    assert SparseNMF(tol=1e-2).fit(X[:, :5]).n_components_ == 5
    assert SparseNMF(tol=1e-2).fit(X).components_.shape == (8, 12)


def test_inside_tools():
    pipeline = make_pipeline(MaxAbsScaler(), SparseNMF(4, random_state=0), SparseNNLS(prior=None))
    y = PLANTED.codes @ np.array([1.0, 2.0, 0.0, 1.0])
    assert pipeline.fit(X, y).score(X, y) > 0.9
    search = GridSearchCV(pipeline, {"sparsenmf__n_components": [1, 4]}, cv=2).fit(X, y)
    assert search.best_params_ == {"sparsenmf__n_components": 4}


def test_parameters_stay_as_they_came():
    init = np.ones((3, 12)) + np.eye(3, 12)
    model = SparseNMF(3, init=init, prior="rgdp", noise="auto")
    before = model.get_params()
    model.fit(X)
    after = model.get_params()
    assert before.keys() == after.keys()
    assert after["init"] is init
    assert np.array_equal(init, np.ones((3, 12)) + np.eye(3, 12))


def test_one_that_is_not_fitted_says_so():
    for ask in (lambda: SparseNMF().transform(X), lambda: SparseNMF().inverse_transform(np.ones((3, 3)))):
        with pytest.raises(NotFittedError):
            ask()
