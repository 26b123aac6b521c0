"""`MultimodalDictionary` among scikit-learn's tools, and what it answers against dense formulas."""

import pickle
from functools import cache

import joblib
import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from laconic import MultimodalDictionary
from laconic.core.blocks.source import dense_block
from laconic.core.checks import DataError
from laconic.datasets import make_sensors
from laconic.sbl.coupling import Groups, ScaleMap, Tree

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PLANTED = make_sensors(160, (6, 5), 8, 1, snr=(20.0, 10.0))
WHOLE = np.hstack(list(PLANTED.X.values()))
HOLES = np.where(np.random.default_rng(1).random(WHOLE.shape) < 0.08, np.nan, WHOLE)
HOLES[::5, 6:], HOLES[3] = np.nan, np.nan  # a sensor that is missing, and a sample of which nothing is known
COLUMNS = {"a": slice(0, 6), "b": slice(6, 11)}
QUICK = {"modalities": COLUMNS, "noise": PLANTED.noise, "sparsity": 1, "cycles": 0, "max_iter": 4, "random_state": 0}


def unfitted(n_atoms=8, **options):
    return MultimodalDictionary(n_atoms, **{**QUICK, **options})


@cache
def fitted():
    """A model that nobody may change."""
    return unfitted().fit(HOLES)


# Answers by definition ----------------------------------------------------------------------------------------------


def variances(model, X):
    """The prior variances that the model finds, of each modality, in units of the data."""
    coded = model._encoder().coded(dense_block(X, 0))
    return {name: g * unit**2 for (name, unit), g in zip(model.unit_.items(), coded.variances, strict=True)}


def by_definition(model, X):
    """Mean and covariance of the codes, and likelihood, of each sample and modality."""
    scales = variances(model, X)
    for i, row in enumerate(X):
        for name, g in scales.items():
            D, y = model.components_[name].T, row[model.modalities_[name]]
            there = ~np.isnan(y)
            C = model.noise_[name] * np.eye(len(y)) + (D * g[i]) @ D.T
            C, gain = C[np.ix_(there, there)], g[i][:, None] * D[there].T
            mean = gain @ np.linalg.solve(C, y[there])
            logs = multivariate_normal(np.zeros(there.sum()), C).logpdf(y[there]) if there.any() else 0.0
            yield i, name, mean, np.diag(g[i]) - gain @ np.linalg.solve(C, gain.T), logs


CASES = {
    "one-to-one": lambda: fitted(),
    "tree": lambda: unfitted((4, 8), coupling=Tree()).fit(HOLES[:60]),
    "groups": lambda: unfitted((4, 8), coupling="groups").fit(HOLES[:60]),
    "separate": lambda: unfitted((5, 8), coupling="separate").fit(HOLES[:60]),
    "maps": lambda: unfitted((2, 3), coupling=ScaleMap([np.ones((2, 2)), np.ones((3, 2))])).fit(HOLES[:60]),
}


@pytest.mark.parametrize("name", CASES)
def test_codes_reconstructions_and_score_by_definition(name):
    model, X = CASES[name](), HOLES[:12]
    means, stds = model.codes(X, return_std=True)
    values, around = model.reconstruct(X, return_std=True)
    total = 0.0
    for i, modality, mean, covariance, logs in by_definition(model, X):
        np.testing.assert_allclose(means[modality][i], mean, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(stds[modality][i], np.sqrt(np.diagonal(covariance)), rtol=1e-6, atol=1e-7)
        D, places = model.components_[modality], model.modalities_[modality]
        np.testing.assert_allclose(values[i, places], mean @ D, rtol=1e-7, atol=1e-9)
        spread = np.sqrt(np.einsum("mf,mk,kf->f", D, covariance, D) + model.noise_[modality])
        np.testing.assert_allclose(around[i, places], spread, rtol=1e-6)
        total += logs
    assert model.score(X) == pytest.approx(total / len(X), rel=1e-8)
    codes = model.transform(X)
    np.testing.assert_array_equal(codes, np.hstack(list(means.values())))
    np.testing.assert_allclose(model.inverse_transform(codes), values, rtol=1e-7, atol=1e-9)


def test_answers_agree_with_each_other():
    model, X = fitted(), HOLES[:20]
    assert np.mean(model.score_samples(X)) == model.score(X)
    np.testing.assert_array_equal(model.reconstruct(X), model.reconstruct(X, return_std=True)[0])
    np.testing.assert_array_equal(model.codes(X)["b"], model.codes(X, return_std=True)[0]["b"])


def test_attributes_are_what_they_say():
    model = fitted()
    assert model.n_features_in_ == 11
    assert model.n_atoms_ == {"a": 8, "b": 8}
    assert {name: places.tolist() for name, places in model.modalities_.items()} == {
        "a": [*range(6)],
        "b": [*range(6, 11)],
    }
    for name, width in (("a", 6), ("b", 5)):
        there = ~np.isnan(HOLES[:, model.modalities_[name]])
        values = HOLES[:, model.modalities_[name]][there]
        assert model.unit_[name] == pytest.approx(np.sqrt(np.mean(values**2) * width))
        assert model.components_[name].shape == (8, width)
        np.testing.assert_allclose(np.linalg.norm(model.components_[name], axis=1), 1)
        np.testing.assert_array_equal(model.links_[name], np.eye(8))
        assert np.all((model.usage_[name] >= 0) & (model.usage_[name] <= 1))
        assert 0.5 < model.energy_[name].sum() / model.unit_[name] ** 2 < 1.5
    assert model.trace_.shape == (model.n_iter_,)
    assert model.n_iter_ <= 4
    assert model.sparsity_ == 1
    assert model.n_batches_ == 1
    assert model.log_likelihood_ <= model.score(HOLES)  # whose scales have had more steps


def test_as_many_atoms_as_twice_the_features_of_the_widest_unless_told():
    assert unfitted(None, max_iter=1).fit(HOLES).n_atoms_ == {"a": 12, "b": 12}
    assert unfitted({"b": 3, "a": 4}, coupling="separate", max_iter=1).fit(HOLES).n_atoms_ == {"a": 4, "b": 3}
    assert unfitted([3, 4], coupling="groups", max_iter=1).fit(HOLES).n_atoms_ == {"a": 3, "b": 4}
    wide = np.random.default_rng(0).normal(size=(20, 40))
    assert unfitted(None, modalities=None, noise=1.0, max_iter=1).fit(wide).n_atoms_ == {"x": 64}


def test_intervals_hold_what_they_promise():
    """Entries that were hidden from a model that knows the noise are within two deviations as often as they should."""
    planted = make_sensors(900, (16, 16), 20, 2, snr=(20.0, 10.0), random_state=3)
    X = np.hstack(list(planted.X.values()))
    options = {"modalities": {"a": slice(0, 16), "b": slice(16, 32)}, "sparsity": 2, "cycles": 1, "random_state": 0}
    model = MultimodalDictionary(20, noise=planted.noise, **options).fit(X[:600])
    test, hidden = X[600:].copy(), np.random.default_rng(0).random((300, 32)) < 0.15
    test[hidden] = np.nan
    values, stds = model.reconstruct(test, return_std=True)
    off = np.abs(X[600:] - values) / stds
    for columns in (slice(0, 16), slice(16, 32)):
        places = np.zeros_like(hidden)
        places[:, columns] = hidden[:, columns]
        for z, nominal in ((1.0, 0.683), (1.96, 0.95)):
            assert np.mean(off[places] < z) == pytest.approx(nominal, abs=0.06)
            assert np.mean(off[:, columns][~hidden[:, columns]] < z) >= nominal - 0.05  # these were known
    assert np.mean((X[600:] - values)[hidden] ** 2) < 0.5 * np.mean(X[600:][hidden] ** 2)


# What is missing ----------------------------------------------------------------------------------------------------


def test_any_subset_of_modalities():
    model, some = fitted(), WHOLE[:50]
    for names in (["b"], ["b", "a"]):
        X = np.full(some.shape, np.nan)
        parts = {name: some[:, COLUMNS[name]] for name in names}
        for name in names:
            X[:, COLUMNS[name]] = some[:, COLUMNS[name]]
        np.testing.assert_array_equal(model.transform(parts), model.transform(X))
        assert model.score(parts) == model.score(X)
        means, stds = model.codes(parts, return_std=True)
        for name in {"a", "b"} - set(names):
            assert np.all(means[name] == 0)
            assert np.mean(stds[name].max(axis=1) > 0) > 0.9  # which atoms it would use, and how strongly, is known
        assert model.reconstruct(parts).shape == (50, 11)


def test_what_one_modality_says_of_another_that_is_missing():
    """Its signal is zero in expectation; its energy is that of the atoms that the other one uses."""
    model = unfitted(cycles=1, max_iter=20).fit(WHOLE)
    _, stds = model.codes({"a": WHOLE[:, :6]}, return_std=True)
    whole = np.abs(model.codes(WHOLE)["b"])
    strong = whole.max(axis=1) > 1
    agreed = stds["b"][strong].argmax(axis=1) == whole[strong].argmax(axis=1)
    assert agreed.mean() > 0.75


def test_a_sample_of_which_nothing_is_known():
    model, nothing = fitted(), np.full((2, 11), np.nan)
    assert np.all(model.transform(nothing) == 0)
    assert np.all(model.reconstruct(nothing) == 0)
    assert model.score(nothing) == 0
    assert np.all(model.codes(nothing, return_std=True)[1]["a"] > 0)
    assert np.all(model.reconstruct(nothing, return_std=True)[1] > np.sqrt(PLANTED.noise["a"]))


def test_missing_is_missing_in_whatever_kind_it_comes():
    pandas = pytest.importorskip("pandas")
    expected = fitted().transform(HOLES)
    objects = HOLES.astype(object)
    objects[np.isnan(HOLES)] = None
    frame = pandas.DataFrame(HOLES)
    for held in (objects, frame, frame.astype("Float64"), HOLES.tolist(), np.asfortranarray(HOLES)):
        np.testing.assert_allclose(fitted().transform(held), expected, rtol=1e-12)
    np.testing.assert_allclose(fitted().transform(HOLES.astype(np.float32)), expected, atol=1e-3)
    other = unfitted().fit(frame.astype("Float64"))
    np.testing.assert_array_equal(other.components_["a"], fitted().components_["a"])


def test_each_sample_is_coded_as_if_it_were_alone():
    model, some = fitted(), HOLES[:40]
    whole, (means, stds) = model.transform(some), model.codes(some, return_std=True)
    scores, (values, around) = model.score_samples(some), model.reconstruct(some, return_std=True)
    for rows in (slice(7, 8), slice(None, None, -3)):
        np.testing.assert_allclose(model.transform(some[rows]), whole[rows], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(model.codes(some[rows], return_std=True)[1]["b"], stds["b"][rows], rtol=1e-9)
        np.testing.assert_allclose(model.score_samples(some[rows]), scores[rows], rtol=1e-9)
        np.testing.assert_allclose(model.reconstruct(some[rows], return_std=True)[1], around[rows], rtol=1e-9)
    cut = clone(model).set_params(block_size=15)
    cut.__dict__.update({key: value for key, value in vars(model).items() if key.endswith("_")})
    np.testing.assert_allclose(cut.transform(some), whole, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(cut.reconstruct(some), values, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(cut.codes(some)["a"], means["a"], rtol=1e-9, atol=1e-12)


# How samples come ---------------------------------------------------------------------------------------------------


def test_frames_in_and_out():
    pandas = pytest.importorskip("pandas")
    names = [f"band{i}" for i in range(11)]
    frame = pandas.DataFrame(HOLES, columns=names, index=range(100, 260))
    model = unfitted(modalities={"a": names[:6], "b": names[6:]}).set_output(transform="pandas")
    codes = model.fit_transform(frame)
    assert list(codes.columns) == [f"{name}{m}" for name in "ab" for m in range(8)]
    assert list(codes.index) == list(frame.index)
    assert model.feature_names_in_.tolist() == names
    np.testing.assert_allclose(codes, fitted().transform(HOLES))
    np.testing.assert_allclose(model.inverse_transform(codes), fitted().inverse_transform(codes.to_numpy()))
    with pytest.raises(ValueError, match="feature names"):
        model.transform(frame[names[::-1]])
    turned = unfitted(modalities={"a": names[:6], "b": names[6:]}).fit(frame[names[::-1]])
    np.testing.assert_array_equal(turned.components_["a"], fitted().components_["a"])


def test_frames_of_modalities():
    pandas = pytest.importorskip("pandas")
    parts = {"a": pandas.DataFrame(HOLES[:, :6], columns=list("uvwxyz")), "b": pandas.DataFrame(HOLES[:, 6:])}
    model = unfitted(modalities=None).fit(parts)
    np.testing.assert_array_equal(model.components_["b"], fitted().components_["b"])
    np.testing.assert_array_equal(model.transform(parts), fitted().transform(HOLES))


COLUMN_KINDS = {
    "slices": COLUMNS,
    "numbers": {"a": [0, 1, 2, 3, 4, 5], "b": range(6, 11)},
    "from the end": {"a": np.arange(6), "b": [-5, -4, -3, -2, -1]},
    "masks": {"a": np.arange(11) < 6, "b": (np.arange(11) >= 6).tolist()},
    "open slices": {"a": slice(6), "b": slice(6, None)},
}


@pytest.mark.parametrize("kind", COLUMN_KINDS)
def test_columns_by_number_slice_and_mask(kind):
    model = unfitted(modalities=COLUMN_KINDS[kind]).fit(HOLES)
    np.testing.assert_array_equal(model.components_["b"], fitted().components_["b"])
    assert model.modalities_["b"].tolist() == [6, 7, 8, 9, 10]


def test_one_modality_is_plain_dictionary_learning():
    model = unfitted(modalities=None, noise=PLANTED.noise["a"]).fit(WHOLE[:, :6])
    named = unfitted(modalities={"x": slice(None)}, noise={"x": PLANTED.noise["a"]}).fit(WHOLE[:, :6])
    assert list(model.components_) == ["x"]
    np.testing.assert_array_equal(model.components_["x"], named.components_["x"])
    assert model.get_feature_names_out().tolist() == [f"x{m}" for m in range(8)]
    cosines = np.abs(model.components_["x"] @ PLANTED.components["a"].T)
    assert (cosines.max(axis=0) > 0.9).mean() >= 0.75


def test_single_precision_of_a_subset_stays():
    model = unfitted().fit(HOLES.astype(np.float32))
    assert model.transform({"a": WHOLE[:, :6].astype(np.float32)}).dtype == np.float32
    assert model.transform({"a": WHOLE[:, :6]}).dtype == np.float64


def test_samples_of_a_map_stay_where_they_are(tmp_path):
    np.save(tmp_path / "X.npy", HOLES)
    held = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(fitted().transform(held), fitted().transform(HOLES))
    np.testing.assert_array_equal(fitted().reconstruct(held), fitted().reconstruct(HOLES))
    parts = {"a": held[:, :6], "b": held[:, 6:]}
    np.testing.assert_array_equal(unfitted(modalities=None).fit(parts).components_["a"], fitted().components_["a"])


# Copies, starts, tools ----------------------------------------------------------------------------------------------


def test_copies_are_alike(tmp_path):
    streamed = unfitted().fit(HOLES[:100]).partial_fit(HOLES[100:])
    joblib.dump(streamed, tmp_path / "model")
    for again in (pickle.loads(pickle.dumps(streamed)), joblib.load(tmp_path / "model")):
        np.testing.assert_array_equal(again.transform(HOLES), streamed.transform(HOLES))
        np.testing.assert_array_equal(again.trace_, streamed.trace_)
        one, two = (pickle.loads(pickle.dumps(model)).partial_fit(HOLES[:50]) for model in (again, streamed))
        np.testing.assert_array_equal(one.components_["b"], two.components_["b"])
        assert one.n_batches_ == 3


@pytest.mark.parametrize("coupling", [Groups(), Tree(), ScaleMap([np.eye(8), np.eye(8)])], ids=lambda one: type(one))
def test_clones_are_not_fitted_and_fit_the_same(coupling):
    model = unfitted(coupling=coupling, max_iter=1).fit(HOLES[:60])
    again = clone(model)
    assert not hasattr(again, "components_")
    assert repr(again) == repr(model)
    np.testing.assert_array_equal(again.fit(HOLES[:60]).components_["a"], model.components_["a"])
    some = HOLES[:9]
    assert pickle.loads(pickle.dumps(model)).score(some) == model.score(some)


def test_parameters_stay_as_they_came():
    given = {"init": {name: atoms.copy() for name, atoms in PLANTED.components.items()}, "noise": dict(PLANTED.noise)}
    model = unfitted(**given)
    before = model.get_params()
    model.fit(HOLES)
    after = model.get_params()
    assert all(after[name] is before[name] for name in before)
    np.testing.assert_array_equal(after["init"]["a"], PLANTED.components["a"])


def test_a_start_that_is_given_is_begun_with():
    """From the dictionaries that were planted, and from those times anything, a fit stays where they are."""
    for by in (1.0, -7.0):
        init = [by * one for one in PLANTED.components.values()]
        model = unfitted(init=init, max_iter=1).fit(WHOLE)
        for name, atoms in PLANTED.components.items():
            cosines = np.sum(model.components_[name] * atoms, axis=1) * np.sign(by)
            assert np.mean(np.abs(cosines) > 0.95) >= 0.75


def test_a_warm_start_goes_on():
    model = unfitted(warm_start=True, max_iter=2, cycles=0).fit(HOLES)
    first = model.log_likelihood_
    atoms = {name: one.copy() for name, one in model.components_.items()}
    model.fit(HOLES)
    assert model.log_likelihood_ >= first - 0.2
    for name, one in atoms.items():
        assert np.median(np.abs(np.sum(one * model.components_[name], axis=1))) > 0.95
    cold = unfitted(warm_start=False, max_iter=2, cycles=0).fit(HOLES).fit(HOLES)
    np.testing.assert_array_equal(cold.components_["a"], unfitted(max_iter=2).fit(HOLES).components_["a"])


def test_fitting_again_forgets():
    model = unfitted().fit(HOLES).partial_fit(HOLES)
    model.set_params(n_atoms=3, modalities=None, noise=0.01).fit(WHOLE[:, :5])
    fresh = unfitted(3, modalities=None, noise=0.01).fit(WHOLE[:, :5])
    np.testing.assert_array_equal(model.components_["x"], fresh.components_["x"])
    assert model.n_features_in_ == 5
    assert model.n_batches_ == 1
    assert model.get_feature_names_out().shape == (3,)
    assert list(model.energy_) == list(model.usage_) == list(model.noise_) == ["x"]


def test_fit_and_transform_are_fit_transform():
    one, two = unfitted(), unfitted()
    codes = one.fit_transform(HOLES)
    assert two.fit(HOLES) is two
    np.testing.assert_array_equal(two.transform(HOLES), codes)


def test_inside_tools():
    y = np.abs(PLANTED.codes["a"]).argmax(axis=1) < 4
    model = unfitted(modalities=None, noise=0.05, n_atoms=8, cycles=1)
    pipeline = make_pipeline(StandardScaler(with_mean=False), model, np_abs(), LogisticRegression())
    assert pipeline.fit(WHOLE[:, :6], y).score(WHOLE[:, :6], y) > 0.7
    search = GridSearchCV(unfitted(max_iter=2), {"n_atoms": [1, 8]}, cv=2, refit=False).fit(HOLES)
    assert search.best_params_ == {"n_atoms": 8}  # by the likelihood of samples that were left out


def np_abs():
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(np.abs)


def test_one_that_is_not_fitted_says_so():
    for ask in ("transform", "codes", "reconstruct", "score", "score_samples", "inverse_transform"):
        with pytest.raises(NotFittedError):
            getattr(MultimodalDictionary(), ask)(WHOLE)
    with pytest.raises(NotFittedError):
        MultimodalDictionary().get_feature_names_out()


def test_names_of_what_comes_out():
    assert fitted().get_feature_names_out().tolist() == [f"{name}{m}" for name in "ab" for m in range(8)]
    model = unfitted((2, 1), coupling="separate", modalities={"left eye": slice(0, 6), 7: slice(6, 11)}, noise=0.1)
    assert model.fit(HOLES).get_feature_names_out().tolist() == ["left eye0", "left eye1", "70"]


def test_errors_come_before_any_work(monkeypatch):
    def never(*_, **__):
        raise AssertionError("samples were looked at")

    monkeypatch.setattr("laconic.estimators.multimodal.learn", never)
    for bad in ({"noise": -1.0}, {"n_atoms": 0}, {"coupling": "none"}, {"init": [np.ones((2, 2))] * 2}):
        with pytest.raises(ValueError, match="MultimodalDictionary: "):
            unfitted(**bad).fit(HOLES)
    with pytest.raises(DataError, match="MultimodalDictionary: modality 'b' must have 5 features, got 4"):
        fitted().transform({"b": WHOLE[:, :4]})
