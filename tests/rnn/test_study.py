"""The networks of a comparison: equal bytes, the dense one first, reasons for the methods that cannot keep them."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from laconic.core.checks import ParameterError
from laconic.rnn import RNNClassifier, count_parameters
from laconic.rnn.methods import METHODS
from laconic.rnn.study import Study, candidates, make_classifier, train_candidate

OTHERS = tuple(method for method in METHODS if method != "dense")


def test_the_dense_network_comes_first_and_all_keep_the_budget():
    study = Study(cell="lstm", hidden=40, budget=6000, methods=OTHERS)
    found, skipped = candidates(study, 28, 10)
    assert [c.method for c in found] == ["dense", *OTHERS]
    assert not skipped
    assert found[0].account.bytes_after == 45800
    assert all(c.account.bytes_after <= 6000 for c in found[1:])


def test_without_a_budget_all_have_the_bytes_of_the_papers_rule():
    found, _ = candidates(Study(cell="lstm", hidden=40, shapes="paper"), 28, 10)
    sizes = {c.method: c.account.bytes_after for c in found}
    assert sizes["kronecker"] == 4152
    assert all(3300 <= size <= 4152 for method, size in sizes.items() if method != "dense")


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "fastrnn", "fastgrnn"])
def test_the_small_network_is_the_widest_that_fits(cell):
    study = Study(cell=cell, hidden=24, budget=3000, methods=("small",))
    (_, small), _ = candidates(study, 8, 5)
    wider = Study(cell=cell, hidden=small.hidden + 1)
    (dense, *_), _ = candidates(wider, 8, 5)
    assert small.account.bytes_after <= 3000 < dense.account.bytes_after
    assert small.account.method == "small"


def test_methods_that_cannot_keep_the_budget_are_named_with_the_reason():
    study = Study(cell="lstm", hidden=40, budget=2900, methods=OTHERS)
    found, skipped = candidates(study, 28, 10)
    assert skipped
    assert {c.method for c in found} | set(skipped) == {"dense", *OTHERS}
    assert all("budget must be at least" in reason for reason in skipped.values())


def test_a_budget_that_no_method_keeps_is_an_error():
    with pytest.raises(ParameterError, match="budget must be at least") as caught:
        candidates(Study(hidden=40, budget=100), 28, 10)
    assert str(caught.value).count("got") == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cell": "elman"}, "cell must be one of"),
        ({"hidden": 0}, "hidden must be a whole number"),
        ({"n_layers": 1.5}, "n_layers must be"),
        ({"epochs": -1}, "epochs must be"),
        ({"methods": ("kronecker", "zip")}, "methods must be one of .*got 'zip'"),
    ],
)
def test_wrong_settings(wrong, message):
    with pytest.raises(ParameterError, match=message):
        Study(**wrong)


def test_settings_are_json():
    study = Study(shapes=((8, 4), (5, 17)))
    assert json.loads(json.dumps(study.to_dict()))["methods"] == list(study.methods)


def test_classifiers_are_built_as_the_study_says():
    study = Study(cell="gru", hidden=12, n_layers=2, bidirectional=True, batch_size=7, learning_rate=0.02, seed=5)
    for candidate in candidates(study, 8, 5)[0]:
        parameters = make_classifier(study, candidate).get_params()
        assert parameters["hidden_size"] == candidate.hidden
        expected = {"cell": "gru", "n_layers": 2, "bidirectional": True, "batch_size": 7, "random_state": 5}
        assert expected.items() <= parameters.items()
        assert parameters["method"] == ("dense" if candidate.method == "small" else candidate.method)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    labels = np.array(["a", "b"])[rng.integers(2, size=60)]
    x = rng.standard_normal((60, 5, 4)).astype(np.float32) + 2 * (labels == "b")[:, None, None]
    return x[:40], labels[:40], x[40:], labels[40:]


@pytest.mark.parametrize("method", METHODS)
def test_a_trained_row_says_what_was_trained(method, data, tmp_path):
    study = Study(hidden=8, budget=1000, methods=(method,), epochs=2, batch_size=10, shapes="auto")
    found, _ = candidates(study, 4, 2)
    dense, candidate = found[0], found[-1]
    seen = []
    row = train_candidate(study, candidate, dense, data, tmp_path, seen.append)
    json.dumps(row)
    assert row["method"] == method
    assert row["epochs"] == len(row["curve"]) == len(seen) == 2
    assert row["bytes"] == candidate.account.bytes_after
    assert row["factor"] == pytest.approx(dense.account.bytes_after / row["bytes"])
    assert np.sum(row["confusion"]) == 20
    assert row["accuracy"] == pytest.approx(np.trace(row["confusion"]) / 20)
    assert row["macs"] == 5 * candidate.account[0].macs_after + 2 * candidate.hidden
    loaded = RNNClassifier.load(tmp_path / row["model"])
    assert 4 * count_parameters(loaded.module_) == row["bytes"]
    assert np.mean(loaded.predict(data[2]) == data[3]) == row["accuracy"]


def test_a_finished_network_is_not_trained_again(data, tmp_path):
    study = Study(hidden=8, methods=("kronecker",), epochs=2, batch_size=10)
    (dense, candidate), _ = candidates(study, 4, 2)
    first = train_candidate(study, candidate, dense, data, tmp_path)
    seen = []
    again = train_candidate(study, candidate, dense, data, tmp_path, seen.append)
    assert not seen
    assert {**first, "seconds": 0} == {**again, "seconds": 0}


def taught(method, data, folder, **settings):
    """Train the dense network of a study, then another one, whose classifier is returned."""
    study = Study(hidden=8, budget=1000, methods=(method,), epochs=2, batch_size=10, **settings)
    dense, candidate = candidates(study, 4, 2)[0]
    assert study.needs_dense
    for one in (dense, candidate):
        train_candidate(study, one, dense, data, folder)
    return RNNClassifier.load(folder / "models" / f"{candidate.name}.safetensors")


@pytest.mark.parametrize("method", ["kronecker", "small", "pruned"])
def test_all_but_the_dense_network_learn_from_its_answers(method, data, tmp_path):
    learner = taught(method, data, tmp_path, distillation=0.7, temperature=3.0)
    dense = RNNClassifier.load(tmp_path / "models" / "dense.safetensors")
    assert dense.teacher is None
    assert learner.teacher.endswith("dense.safetensors")
    assert (learner.distillation, learner.temperature) == (0.7, 3.0)


def test_compressed_layers_of_its_width_start_from_the_dense_network(data, tmp_path):
    wide, narrow = (taught(method, data, tmp_path, start="dense") for method in ("lowrank", "lowrank-6"))
    assert wide.start.endswith("dense.safetensors")
    assert (wide.init, narrow.init, narrow.start) == ("nearest", "random", None)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rates": {"kronecker": 0.0}}, "rates must be a number in"),
        ({"rates": {"magic": 0.1}}, "rates must be one of"),
        ({"distillation": 1.5}, "distillation must be a number in"),
        ({"quantization": -0.1}, "quantization must be a number in"),
        ({"start": "trained"}, "start must be one of 'random', 'dense'"),
    ],
)
def test_ways_to_learn_from_the_dense_network_are_checked(wrong, message):
    with pytest.raises(ParameterError, match=message):
        Study(**wrong)


def test_a_method_and_a_contender_may_be_given_rates_of_their_own():
    names = ("kronecker", "kronecker-paper", "kronecker-6", "pruned")
    study = Study(hidden=8, methods=names, rates={"kronecker": 0.07, "kronecker-6": 0.03})
    rates = [make_classifier(study, one).learning_rate for one in candidates(study, 4, 2)[0]]
    assert rates == [METHODS["dense"].learning_rate, 0.07, 0.07, 0.03, METHODS["pruned"].learning_rate]


def test_all_networks_are_trained_with_rounding():
    study = Study(hidden=8, methods=("kronecker",), quantization=0.4)
    assert [make_classifier(study, one).quantization for one in candidates(study, 4, 2)[0]] == [0.4, 0.4]
