"""RNNClassifier: what goes in, what comes out, and what is refused."""

import copy
import doctest
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from training_helpers import small, two_classes

import laconic.rnn.classifier
from laconic.core.checks import DataError, ParameterError
from laconic.rnn import RNNClassifier
from laconic.rnn.network import CELLS, SequenceNetwork
from laconic.rnn.training.records import EpochRecord

LEARNING = {"hidden_size": 16, "max_epochs": 25, "learning_rate": 0.05}


# Learning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_learns(cell: str) -> None:
    x, y = two_classes(200)
    model = small(cell=cell, **LEARNING).fit(x, y)
    assert model.score(x, y) > 0.9
    assert isinstance(model.module_, SequenceNetwork)


@pytest.mark.parametrize("method", ["kronecker", "hybrid", "lowrank", "pruned", "small", "dense"])
def test_every_method_learns(method: str) -> None:
    x, y = two_classes(200)
    model = small(method=method, **LEARNING).fit(x, y)
    assert model.score(x, y) > 0.8
    assert model.account_.method == method


@pytest.mark.parametrize(
    "settings",
    [
        {"n_layers": 2, "bidirectional": True},
        {"averaging": 0.95},
        {"label_smoothing": 0.2, "weight_decay": 0.1},
        {"gradient_clip": None, "forget_bias": None, "standardize": False},
        {"schedule": "cosine"},
        {"schedule": "constant"},
    ],
)
def test_every_setting_learns(settings: dict[str, Any]) -> None:
    x, y = two_classes(200)
    assert small(**LEARNING, **settings).fit(x, y).score(x, y) > 0.9


def test_history_has_a_record_an_epoch_and_on_epoch_sees_each() -> None:
    seen: list[EpochRecord] = []
    model = small(on_epoch=seen.append).fit(*two_classes(), *two_classes(30, seed=1))
    assert model.history_ == seen
    assert [record.epoch for record in seen] == [1, 2, 3]
    assert all(record.train_loss > 0 and record.seconds > 0 for record in seen)
    assert [record.learning_rate for record in seen] == sorted((r.learning_rate for r in seen), reverse=True)
    assert model.net_.history == []  # nothing of each batch is kept


def test_class_weights_shift_the_answers() -> None:
    x, _ = two_classes(100)
    y = np.array([0] * 80 + [1] * 20)
    plain, balanced = small(max_epochs=20).fit(x, y), small(max_epochs=20, class_weight="balanced").fit(x, y)
    one_sided = small(max_epochs=20, class_weight={0: 1.0, 1: 1000.0}).fit(x, y)
    means = [model.predict_proba(x)[:, 1].mean() for model in (plain, balanced, one_sided)]
    assert means == sorted(means)
    assert means[0] < 0.3
    assert means[2] > 0.9


def test_class_weights_are_found_by_class() -> None:
    x, y = two_classes(40)
    labels = np.array(["1", "2"])[y]  # strings that look like numbers
    by_name, balanced = small(class_weight={"2": 3.0}).fit(x, labels), small(class_weight="balanced").fit(x, labels)
    assert not np.array_equal(by_name.predict_proba(x), balanced.predict_proba(x))
    for bad in ({"3": 1.0}, {"1": -1.0}):
        with pytest.raises(ParameterError, match=r"class_weight must be a dict of weights.*\['1', '2'\]"):
            small(class_weight=bad).fit(x, labels)


def test_forget_bias_is_where_training_starts() -> None:
    model = small(forget_bias=3.0, learning_rate=1e-9).fit(*two_classes())
    lstm = model.module_.rnn
    total = lstm.bias_ih_l0 + lstm.bias_hh_l0
    torch.testing.assert_close(total[4:8], torch.full((4,), 3.0))


def test_it_is_by_itself_as_the_sequences_are_long() -> None:
    x = np.random.default_rng(0).standard_normal((20, 60, 2))
    model = small(learning_rate=1e-9).fit(x, np.arange(20) % 2)
    lstm = model.module_.rnn
    total = lstm.bias_ih_l0 + lstm.bias_hh_l0
    torch.testing.assert_close(total[4:8], torch.full((4,), float(np.log(60) - 1)))


# Random states ----------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    x, y = two_classes()
    first, again, other = (small(random_state=seed).fit(x, y).predict_proba(x) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_random_state_may_be_a_generator_or_none() -> None:
    x, y = two_classes()
    first, again = (small(random_state=np.random.RandomState(3)).fit(x, y).predict_proba(x) for _ in range(2))
    assert np.array_equal(first, again)
    first, again = (small(random_state=None).fit(x, y).predict_proba(x) for _ in range(2))
    assert not np.array_equal(first, again)


def test_fit_leaves_global_random_states_and_threads_alone() -> None:
    states, n_threads = (torch.random.get_rng_state(), np.random.get_state()[1].copy()), torch.get_num_threads()
    small(averaging=0.9, early_stopping=True, method="kronecker").fit(*two_classes())
    assert torch.equal(torch.random.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])
    assert torch.get_num_threads() == n_threads


# What goes in -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(20, 1, 1), (20, 1, 3), (20, 5, 1), (2, 3, 2), (20, 1), (20, 7)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    y = np.arange(shape[0]) % 2
    model = small().fit(x, y)
    probabilities = model.predict_proba(x)
    assert probabilities.shape == (shape[0], 2)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(model.predict_proba(x[:1]), probabilities[:1], rtol=1e-4)


def test_the_form_of_the_array_does_not_matter() -> None:
    x, y = two_classes()
    expected = small().fit(x, y).predict_proba(x)
    wide = np.zeros((60, 6, 4), np.float32)
    wide[:, :, ::2] = x
    forms = [x.astype(np.float64), np.asfortranarray(x), wide[:, :, ::2], x.tolist(), torch.from_numpy(x)]
    for form in forms:
        assert np.array_equal(small().fit(form, y).predict_proba(form), expected)


def test_two_dimensions_are_one_feature_a_step() -> None:
    x, y = two_classes(n_features=1)
    flat, deep = small().fit(x[:, :, 0], y), small().fit(x, y)
    assert (flat.n_features_in_, flat.n_steps_in_) == (6, 6)
    assert (deep.n_features_in_, deep.n_steps_in_) == (1, 6)
    expected = deep.predict_proba(x)
    for model in (flat, deep):
        assert np.array_equal(model.predict_proba(x), expected)
        assert np.array_equal(model.predict_proba(x[:, :, 0]), expected)
    assert flat.predict(x[:, :4]).shape == (60,)  # sequences may have another length
    with pytest.raises(ValueError, match="X has 5 features, but RNNClassifier is expecting 6 features"):
        flat.predict(x[:, :5, 0])


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, -1, 7]),
        np.array(["walk", "sit", "lie"]),
        np.array(["walk", "sit", "lie"], dtype=object),
        np.array([0.0, 1.0, 5.0]),
        np.array([False, True]),
        np.array([2, 5, 9], dtype=np.uint8),
    ],
)
def test_classes_of_any_type_come_back(labels: np.ndarray) -> None:
    x, _ = two_classes(30)
    y = labels[np.arange(30) % len(labels)]
    model = small().fit(x, y, x, y)
    answers = model.predict(x)
    assert answers.dtype == labels.dtype
    assert set(answers) <= set(labels)
    assert np.array_equal(model.classes_, np.unique(labels))


def test_standardisation_measures_each_feature_and_leaves_constant_ones() -> None:
    x, y = two_classes(n_features=3)
    x[:, :, 1] = 7.0
    x[:, :, 2] = 1000 * x[:, :, 2] + 5e4
    model = small().fit(x, y)
    np.testing.assert_allclose(model.mean_, x.mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(model.scale_[[0, 2]], x.std(axis=(0, 1))[[0, 2]], rtol=1e-4)
    assert model.scale_[1] == 1.0
    assert model.scale_.dtype == np.float32
    plain = small(standardize=False).fit((x - model.mean_) / model.scale_, y)
    assert np.array_equal(plain.predict_proba((x - model.mean_) / model.scale_), model.predict_proba(x))


def test_constant_data_are_learned_from() -> None:
    model = small().fit(np.full((30, 5, 2), 3.0), np.arange(30) % 2)
    assert np.isfinite(model.predict_proba(np.full((1, 5, 2), 3.0))).all()


def test_prediction_in_pieces_is_the_same() -> None:
    x, y = two_classes(1100)
    model = small().fit(x[:60], y[:60])
    whole = model.predict_proba(x)
    np.testing.assert_allclose(
        np.concatenate([model.predict_proba(part) for part in np.split(x, 11)]), whole, rtol=1e-4
    )


# What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.zeros((4, 3, 2, 1)), [0, 1, 0, 1], r"X must have shape .* got shape \(4, 3, 2, 1\)"),
        (np.zeros((4, 0, 2)), [0, 1, 0, 1], r"none of them zero.* got shape \(4, 0, 2\)"),
        (np.zeros((4, 3, 0)), [0, 1, 0, 1], r"got shape \(4, 3, 0\)"),
        (np.zeros((0, 3, 2)), [], "0 sample"),
        (np.zeros(4), [0, 1, 0, 1], "Expected 2D array, got 1D"),
        (np.full((4, 3, 2), np.nan), [0, 1, 0, 1], "X contains NaN"),
        (np.full((4, 3, 2), np.inf), [0, 1, 0, 1], "X contains infinity"),
        (np.full((4, 3, 2), 1e300), [0, 1, 0, 1], "too large for dtype"),
        ([[[1.0], [2.0]], [[3.0]]], [0, 1], "inhomogeneous"),
        (np.zeros((4, 3, 2)), [0, 1, 0], "inconsistent numbers of samples"),
        (np.zeros((4, 3, 2)), [1, 1, 1, 1], "at least two classes, got one class"),
        (np.zeros((1, 3, 2)), [1], "one class"),
        (np.zeros((4, 3, 2)), [0.5, 1, 0, 1], "Unknown label type"),
        (np.zeros((4, 3, 2)), [0, np.nan, 0, 1], "y contains NaN"),
        (np.zeros((4, 3, 2)), None, "y should be a 1d array"),
        (np.zeros((4, 3, 2)), [[0, 1]] * 4, "y should be a 1d array"),
    ],
)
def test_bad_data_are_refused_in_one_sentence(x: Any, y: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        small().fit(x, y)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((2, 6, 3)), "X has 3 features, but RNNClassifier is expecting 2 features"),
        (np.zeros((2, 6)), r"X must have shape \(n_samples, n_steps, 2\)"),
        (np.full((2, 6, 2), np.nan), "NaN"),
        (np.zeros((0, 6, 2)), "0 sample"),
    ],
)
def test_bad_data_to_predict_are_refused(x: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        small().fit(*two_classes()).predict(x)


def test_validation_data_are_checked() -> None:
    x, y = two_classes()
    with pytest.raises(DataError, match="X_valid and y_valid must be given together"):
        small().fit(x, y, X_valid=x)
    with pytest.raises(DataError, match=r"y_valid holds classes that y has not: \[2, 3\]"):
        small().fit(x, y, x, y + 2)
    with pytest.raises(DataError, match="X has 3 features"):
        small().fit(x, y, np.zeros((60, 6, 3)), y)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("cell", "transformer"),
        ("hidden_size", 0),
        ("n_layers", 1.5),
        ("bidirectional", "yes"),
        ("max_epochs", 0),
        ("batch_size", -1),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("schedule", "linear"),
        ("warmup", 1.0),
        ("weight_decay", -1.0),
        ("gradient_clip", 0.0),
        ("label_smoothing", 1.0),
        ("averaging", 1.0),
        ("patience", 0),
        ("validation_fraction", 1.0),
        ("class_weight", "even"),
        ("forget_bias", "one"),
        ("standardize", 2),
        ("checkpoint_dir", 3),
        ("on_epoch", 3),
        ("device", "abacus"),
        ("device", "cuda:99"),
    ],
)
def test_bad_parameters_are_refused_by_name(parameter: str, value: Any) -> None:
    model = RNNClassifier(**{parameter: value})
    with pytest.raises(ParameterError, match=f"RNNClassifier: {parameter} must be .*, got "):
        model.fit(*two_classes())


def test_a_bad_method_or_budget_is_refused_by_compress() -> None:
    with pytest.raises(ParameterError, match="compress: method must be"):
        small(method="kron").fit(*two_classes())
    with pytest.raises(ParameterError, match="compress: budget must be"):
        small(method="kronecker", budget=3).fit(*two_classes())


@pytest.mark.parametrize(
    ("max_epochs", "how"), [(3, r"the loss of epoch \d is (nan|inf)"), (1, "a weight is not finite")]
)
def test_divergence_is_said_in_one_sentence(max_epochs: int, how: str) -> None:
    x, y = two_classes(8)
    model = small(max_epochs=max_epochs, learning_rate=1e39, schedule="constant", gradient_clip=None)
    with pytest.raises(DataError, match=f"training diverged: {how}; .*learning_rate"):
        model.fit(x, y)


def test_an_unfitted_model_says_so(tmp_path: Any) -> None:
    for call in (lambda m: m.predict(np.zeros((1, 2, 3))), lambda m: m.save(tmp_path / "m"), lambda m: m.module_):
        with pytest.raises(NotFittedError):
            call(RNNClassifier())


def test_a_column_of_classes_is_taken_with_a_warning() -> None:
    x, y = two_classes()
    with pytest.warns(DataConversionWarning):
        small().fit(x, y[:, None])


# scikit-learn's manners -------------------------------------------------------------------------------------------


def test_fit_leaves_the_parameters_as_they_were() -> None:
    model = small(class_weight={0: 1.0, 1: 2.0}, method="kronecker", shapes="auto")
    before = copy.deepcopy(model.get_params())
    model.fit(*two_classes())
    assert model.get_params() == before
    assert clone(model).get_params() == before


def test_grid_search_and_cross_validation() -> None:
    x, y = two_classes(90)
    grid = {"method": [None, "kronecker"], "hidden_size": [4, 6]}
    search = GridSearchCV(small(max_epochs=2), grid, cv=2, error_score="raise").fit(x, y)
    assert search.best_estimator_.predict(x).shape == (90,)
    assert cross_val_score(small(), x, y, cv=3, error_score="raise").shape == (3,)


def test_in_a_pipeline() -> None:
    x, y = two_classes()
    assert make_pipeline(FunctionTransformer(np.abs), small()).fit(x, y).predict(x).shape == (60,)


@pytest.mark.parametrize("method", [None, "kronecker", "pruned", "small"])
def test_a_fitted_classifier_pickles_and_copies(method: str | None) -> None:
    x, y = two_classes()
    model = small(method=method, averaging=0.9).fit(x, y)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert np.array_equal(twin.predict_proba(x), model.predict_proba(x))
        assert twin.history_ == model.history_
        assert twin.fit(x, y).predict(x).shape == (60,)


def test_example_of_the_docstring() -> None:
    results = doctest.testmod(laconic.rnn.classifier)
    assert results.attempted > 0
    assert results.failed == 0
