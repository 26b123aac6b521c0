"""What `MultimodalDictionary` refuses, in a sentence each; at the edges of what it takes answers are finite."""

from functools import cache

import numpy as np
import pytest
import scipy.sparse

from laconic import MultimodalDictionary
from laconic.core.checks import DataError, ParameterError

HASTY = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
IDLE = pytest.mark.filterwarnings("ignore:.*atoms of .* are in use in no sample")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 5))
COLUMNS = {"a": slice(0, 2), "b": slice(2, 5)}
QUICK = {"modalities": COLUMNS, "noise": 0.1, "sparsity": 1, "cycles": 0, "max_iter": 2, "random_state": 0}


def unfitted(n_atoms=3, **options):
    return MultimodalDictionary(n_atoms, **{**QUICK, **options})


@cache
def fitted():
    return unfitted().fit(X)


def put(where, value, base=X):
    changed = base.copy()
    changed[where] = value
    return changed


# Parameters ---------------------------------------------------------------------------------------------------------

WRONG = {
    "n_atoms": [0, -1, 2.5, "many", True, [3], [3, 3, 3], {"a": 3}, {"a": 3, "c": 3}, {"a": 3, "b": 0}, (3, 4)],
    "modalities": [{}, "a", [0, 1], 3, {1: [0, 1], "1": [2, 3, 4]}],
    "coupling": ["none", None, 3, "Tree", ["tree"]],
    "noise": [0, -1.0, np.nan, np.inf, "cv", None, True, [0.1], {"a": 0.1}, {"a": 0.1, "b": -1}, {"a": 0.1, "c": 1}],
    "method": ["magic", None, "Full", ["full"]],
    "sparsity": [0, -1, 1.5, "two", True],
    "scaling": ["unit", True, 1, "Center"],
    "cycles": [-1, 1.5, None, "two", True],
    "n_init": [0, -2, 1.5, "two", None],
    "max_iter": [0, -1, 1.5, None, "inf"],
    "tol": [-1e-9, 2.1, np.nan, None, "small"],
    "init": [3, {"a": np.eye(3, 2)}, [np.eye(3, 2)], "random"],
    "random_state": [-1, "seed", 1.5],
    "memory": ["much", -1, 0, None],
    "block_size": [0, -1, 2.5, "big"],
    "checkpoint_every": [0, -1, 1.5, None],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{name}={value!r}" for name, value in CASES])
def test_a_parameter_outside_its_limits_is_refused_by_name(name, value):
    with pytest.raises(
        ParameterError, match=rf"(MultimodalDictionary|OneToOne): .*{name}.* must be .*, got "
    ) as caught:
        unfitted(**{name: value}).fit(X)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_every_parameter_is_in_the_table():
    unlimited = {"on_iteration", "warm_start", "client", "checkpoint"}
    assert MultimodalDictionary().get_params().keys() - unlimited <= WRONG.keys()


TOGETHER = [
    ({"method": "reference", "noise": "auto"}, "MultimodalDictionary: noise must be given where method is 'reference'"),
    ({"n_atoms": (3, 4)}, "OneToOne: n_atoms must be the same for all modalities"),
    ({"modalities": {"a": slice(0, 3), "b": slice(2, 5)}}, "modalities must be columns that do not overlap, got 'col"),
    (
        {"modalities": {"a": slice(0, 2), "b": [3, 4]}},
        "modalities must be every column of X .* got 'nothing for column",
    ),
    ({"modalities": {"a": [0, 1], "b": [2, 3, 7]}}, r"modalities\['b'\] must be columns of X, which has 5, got"),
    ({"modalities": {"a": slice(0, 5), "b": []}}, r"modalities\['b'\] must be columns by number"),
    ({"modalities": {"a": slice(0, 5), "b": slice(5, 9)}}, r"modalities\['b'\] must be at least one column"),
    (
        {"modalities": {"a": [0.5, 1], "b": [2, 3, 4]}},
        r"modalities\['a'\] must be columns by number, slice, mask or name",
    ),
    ({"modalities": {"a": ["u"], "b": [2, 3, 4]}}, r"modalities\['a'\] must be .*names need a DataFrame"),
    ({"modalities": {"a": None, "b": [2, 3, 4]}}, r"modalities\['a'\] must be columns by number"),
    ({"modalities": {"a": [[0, 1]], "b": [2, 3, 4]}}, r"modalities\['a'\] must be columns by number"),
    ({"modalities": {"a": [True] * 4, "b": [2, 3, 4]}}, r"modalities\['a'\] must be columns by number"),
]


@pytest.mark.parametrize(("parameters", "sentence"), TOGETHER)
def test_parameters_that_do_not_go_together_are_refused(parameters, sentence):
    with pytest.raises(ParameterError, match=sentence):
        unfitted(**parameters).fit(X)


def test_names_that_a_frame_does_not_have():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("pqrst"))
    with pytest.raises(ParameterError, match=r"modalities\['a'\] must be columns .* of X, got \['u'\]"):
        unfitted(modalities={"a": ["u"], "b": list("qrst")}).fit(frame)


STARTS = [
    ([np.ones((2, 2)), np.ones((3, 3))], r"init of 'a' must be of shape \(3, 2\), got \(2, 2\)"),
    ([np.ones((3, 2)), np.ones(3)], r"init of 'b' must be of shape \(3, 3\), got \(3,\)"),
    ([np.ones((3, 2)), np.full((3, 3), np.nan)], "init of 'b' must be finite"),
    ([np.ones((3, 2)), np.diag([1.0, 0.0, 1.0])], "init of 'b' must not have a row of zeros"),
    ([np.ones((3, 2)), np.ones((3, 3)) * 1j], "init of 'b' must hold real numbers, got complex128"),
    ([np.ones((3, 2)), np.array([["x"] * 3] * 3)], "init of 'b' must hold real numbers, got <U1"),
]


@pytest.mark.parametrize(("init", "sentence"), STARTS, ids=[sentence for _, sentence in STARTS])
def test_a_start_that_cannot_be_one_is_refused(init, sentence):
    with pytest.raises(DataError, match=f"^MultimodalDictionary: {sentence}"):
        unfitted(init=init).fit(X)


@HASTY
@IDLE
def test_ends_of_the_limits_are_allowed():
    ends = {"tol": 2.0, "noise": 1e-30, "n_init": np.int32(1), "block_size": 9, "max_iter": np.int64(1), "cycles": 0}
    for name, value in {**ends, "sparsity": 99, "memory": 1, "n_atoms": 1, "scaling": None}.items():
        unfitted(**{name: value}).fit(X)
    unfitted(noise=1e30).fit(X)


# Data ---------------------------------------------------------------------------------------------------------------


def several(**parts):
    return lambda: unfitted(modalities=None).fit(parts)


BAD = {
    "NaN everywhere": (lambda: unfitted().fit(np.full((6, 5), np.nan)), "modality 'a' is missing in every sample"),
    "NaN in a modality": (lambda: unfitted().fit(put(np.s_[:, 2:], np.nan)), "modality 'b' is missing in every sample"),
    "infinity": (lambda: unfitted().fit(put((1, 2), np.inf)), "infinity"),
    "minus infinity": (lambda: unfitted().fit(put((1, 2), -np.inf)), "infinity"),
    "infinity in a dict": (several(a=put((1, 2), np.inf), b=X), "infinity"),
    "no sample": (lambda: unfitted().fit(X[:0]), r"0 sample\(s\)"),
    "no feature": (lambda: unfitted(modalities=None).fit(X[:, :0]), r"0 feature\(s\)"),
    "no feature in a dict": (several(a=X[:, :0], b=X), "modality 'a' must have at least one feature"),
    "no modality": (several(), "X must hold at least one modality"),
    "one axis": (lambda: unfitted().fit(X[0]), "Expected 2D array, got 1D"),
    "three axes": (lambda: unfitted().fit(X[None]), "Found array with dim 3"),
    "one axis in a dict": (several(a=X[:, 0], b=X), r"each modality must be of shape \(n_samples, n_features\), got"),
    "a number": (lambda: unfitted().fit(3.0), "Expected 2D array"),
    "nothing": (lambda: unfitted().fit(None), "Expected 2D array"),
    "numbers of samples": (several(a=X, b=X[1:]), "all modalities must have as many samples, got {'a': 30, 'b': 29}"),
    "names that are one as text": (
        lambda: unfitted(modalities=None).fit({1: X, "1": X}),
        "names in X must be different",
    ),
    "columns of a dict": (lambda: unfitted().fit({"a": X, "b": X}), "modalities must be None where X holds one array"),
    "strings": (lambda: unfitted().fit(np.array([["x"] * 5] * 6)), "could not convert string to float"),
    "strings in a dict": (several(a=np.array([["x"] * 2] * 30), b=X), "could not convert string to float"),
    "complex numbers": (lambda: unfitted().fit(X * 1j), "Complex data not supported"),
    "complex numbers in a dict": (several(a=X * 1j, b=X), "Complex data not supported"),
    "sparse": (lambda: unfitted().fit(scipy.sparse.csr_array(X)), "Sparse data was passed"),
    "sparse, a dict of keys": (lambda: unfitted().fit(scipy.sparse.dok_matrix(X)), "Sparse data was passed"),
    "sparse in a dict": (several(a=scipy.sparse.csr_array(X), b=X), "Sparse data was passed for a modality"),
    "huge": (lambda: unfitted().fit(X * 1e200), r"between 1e-140 and 1e\+140"),
    "huge, scaled": (lambda: unfitted(scaling="standardize").fit(X * 1e200), r"between 1e-140 and 1e\+140"),
    "tiny": (lambda: unfitted().fit(X * 1e-200), r"between 1e-140 and 1e\+140"),
    "huge float32": (lambda: unfitted().fit((X * 1e37).astype("f")), r"between 1e-35 and 1e\+35"),
    "tiny float32": (lambda: unfitted().fit((X * 1e-40).astype("f")), r"between 1e-35 and 1e\+35"),
}


@pytest.mark.parametrize("name", BAD)
def test_data_that_cannot_be_used_are_refused(name):
    call, sentence = BAD[name]
    with pytest.raises((ValueError, TypeError), match=sentence):
        call()


LATER = {
    "fewer features": (X[:, :4], "X has 4 features, but MultimodalDictionary is expecting 5"),
    "an infinite entry": (put((1, 2), np.inf), "infinity"),
    "a modality it does not know": ({"c": X}, r"modalities must be of \['a', 'b'\], got \['c'\]"),
    "one it knows and one that it does not": ({"a": X[:, :2], "c": X}, r"modalities must be of \['a', 'b'\]"),
    "a modality of another width": ({"a": X}, "modality 'a' must have 2 features, got 5"),
    "other numbers of samples": ({"a": X[:, :2], "b": X[1:, 2:]}, "all modalities must have as many samples"),
    "no modality": ({}, "X must hold at least one modality"),
    "one axis": ({"a": X[:, 0]}, "each modality must be of shape"),
    "no sample": (X[:0], r"0 sample\(s\)"),
    "sparse": (scipy.sparse.csr_array(X), "Sparse data was passed"),
}


@HASTY
@pytest.mark.parametrize("name", LATER)
@pytest.mark.parametrize("ask", ["transform", "codes", "reconstruct", "score", "partial_fit"])
def test_samples_that_do_not_suit_the_fit_are_refused(name, ask):
    data, sentence = LATER[name]
    with pytest.raises((ValueError, TypeError), match=sentence):
        getattr(fitted(), ask)(data)


@HASTY
def test_codes_that_do_not_suit_the_fit_are_refused():
    with pytest.raises(ParameterError, match=r"MultimodalDictionary: X must be codes of shape \(n_samples, 6\), got"):
        fitted().inverse_transform(np.ones((3, 5)))
    assert fitted().inverse_transform([[0.0] * 6]).tolist() == [[0.0] * 5]


def test_what_is_read_lazily_is_refused_in_the_same_words(tmp_path):
    np.save(tmp_path / "X.npy", put((1, 2), np.inf))
    for scaling in (None, "standardize"):
        for held in (np.load(tmp_path / "X.npy", mmap_mode="r"), iter([put((1, 2), -np.inf)])):
            with pytest.raises(DataError, match="^MultimodalDictionary: X must be finite .*, got infinity in 'b'"):
                unfitted(scaling=scaling).fit(held)


# The edge of what makes sense ---------------------------------------------------------------------------------------

EDGES = {
    "a column of zeros": put(np.s_[:, 3], 0.0),
    "a row of zeros": put(np.s_[3], 0.0),
    "zeros": np.zeros((8, 5)),
    "a modality of zeros": put(np.s_[:, :2], 0.0),
    "constant": np.full((8, 5), 0.3),
    "a constant column": put(np.s_[:, 3], 7.0),
    "one sample": X[:1],
    "two samples": X[:2],
    "rank one": np.outer(np.arange(8.0), np.arange(5.0) + 1),
    "the identity": np.eye(5),
    "rows that are there twice": np.repeat(X[:10], 3, axis=0),
    "columns that are there twice": X[:, [0, 0, 2, 2, 2]],
    "a huge outlier": put((5, 3), 1e9),
    "one entry above zero": put((2, 2), 1.0, np.zeros((8, 5))),
    "a row that is missing": put(np.s_[3], np.nan),
    "a column that is missing": put(np.s_[:, 3], np.nan),
    "two entries that are there": put(([1, 2], [1, 2]), 1.0, np.full((8, 5), np.nan)),
    "almost all missing": np.where(RNG.random(X.shape) < 0.9, np.nan, X),
    "entries from tiny to large": RNG.random((20, 5)) ** 40,
    "whole numbers": np.rint(10 * X),
}
MODELS = {
    "known": unfitted(4),
    "no noise": unfitted(4, noise=1e-30, max_iter=1),
    "auto": unfitted(4, noise="auto", max_iter=1),
    "standardized": unfitted(4, noise="auto", scaling="standardize", coupling="separate", max_iter=1),
    "reference": unfitted((3, 6), method="reference", coupling="tree", max_iter=1, noise=1.0),
}
TELLING = {"zeros", "a modality of zeros", "one sample", "a column that is missing"}


def at_the_edge():
    """Every model at every edge; what takes its time and seldom tells is slow."""
    for name in MODELS:
        for edge in EDGES:
            for dtype in (np.float64, np.float32):
                telling = name in ("auto", "no noise") and edge in TELLING and dtype is np.float32
                quick = telling or (name == "known" and dtype is np.float64)
                marks = [] if quick else [pytest.mark.slow]
                yield pytest.param(name, edge, dtype, marks=marks, id=f"{name}-{edge}-{dtype.__name__}")


@HASTY
@IDLE
@pytest.mark.parametrize(("name", "edge", "dtype"), [*at_the_edge()])
def test_answers_at_the_edge(name, edge, dtype):
    model, data = MODELS[name], EDGES[edge].astype(dtype)
    codes = model.fit_transform(data)
    values, around = model.reconstruct(data, return_std=True)
    for one in (codes, values, around, model.trace_, [model.score(data), model.log_likelihood_]):
        assert np.all(np.isfinite(one))
    for modality, atoms in model.components_.items():
        assert np.all(np.isfinite(atoms))
        np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1, rtol=1e-5)
        assert model.noise_[modality] > 0
        assert np.all(np.isfinite(model.energy_[modality]))
    assert np.all(around > 0)
    there = ~np.isnan(data)
    left = np.linalg.norm(np.where(there, data - values, 0).astype(float))
    assert left <= 1.001 * np.linalg.norm(np.where(there, data, 0).astype(float)) + 1e-15


@HASTY
@pytest.mark.parametrize(("by", "scaling"), [(1e-30, None), pytest.param(1e30, "standardize", marks=pytest.mark.slow)])
def test_single_precision_of_large_and_small_numbers(by, scaling):
    base, model = (unfitted(noise="auto", scaling=scaling).fit(one.astype("f")) for one in (X, X * by))
    data = (X * by).astype("f")
    (means, stds), (values, around) = model.codes(data, return_std=True), model.reconstruct(data, return_std=True)
    for name, atoms in base.components_.items():
        np.testing.assert_allclose(model.components_[name], atoms, atol=1e-2)
        assert model.noise_[name] * (by**-2 if scaling is None else 1) == pytest.approx(base.noise_[name], rel=0.05)
        assert np.all(np.isfinite(np.stack([means[name], stds[name]])))
    assert np.all(np.isfinite(np.stack([values, around])))
    assert np.all(around > 0)
    assert stds["a"].max() > 0


@HASTY
def test_noise_that_is_larger_than_the_data_finds_nothing():
    with pytest.warns(UserWarning, match=r"^MultimodalDictionary: \d+ of \d+ atoms of '.+' are in use in no sample"):
        model = unfitted(noise=1e3).fit(X)
    np.testing.assert_allclose(model.reconstruct(X), 0, atol=0.1)
    assert np.all(np.isfinite(model.transform(X)))


@HASTY
def test_samples_that_are_far_from_those_of_the_fit():
    model = unfitted().fit(X)
    for by in (1e-30, 1e6):
        values, around = model.reconstruct(X * by, return_std=True)
        assert np.all(np.isfinite(values))
        assert np.all(around > 0)
        assert np.linalg.norm(X * by - values) <= 1.001 * np.linalg.norm(X * by)
    for one in model.reconstruct(X * 1e10, return_std=True):  # where rounding is larger than the noise
        assert np.all(np.isfinite(one))
