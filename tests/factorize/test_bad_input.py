"""A parameter outside its limits gets one sentence with the owner, the parameter, what is allowed and what came."""

import numpy as np
import pytest

from laconic import SparseNMF
from laconic.core.checks import DataError, ParameterError

X = np.random.default_rng(0).random((6, 4))

WRONG = {
    "n_components": [0, -1, 2.5, "many", True, np.nan],
    "prior": ["ridge", 3, "", ["rgdp"]],
    "dictionary_prior": ["ridge", 3],
    "noise": [-1.0, np.nan, np.inf, "cv", None, [1.0], True],
    "snr": [np.nan, np.inf, "high", 301.0, -301.0, True],
    "scale": [0, -1.0, np.inf, np.nan, "big", None, [1.0]],
    "solver": ["magic", None, "HALS", ["hals"]],
    "init": ["nndsvda", None, "", "Random"],
    "n_init": [0, -2, 1.5, "two", None],
    "anneal": ["yes", None, 3, 0.5],
    "max_iter": [0, -1, 1.5, None, "inf"],
    "tol": [-1e-9, 1.1, np.nan, None, "small"],
    "criterion": ["gap", None, 1],
    "random_state": [-1, "seed", 1.5],
    "memory": ["much", -1, 0, None],
    "block_size": [0, -1, 2.5, "big"],
}
CASES = [(name, value) for name, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=[f"{name}={value!r}" for name, value in CASES])
def test_a_parameter_outside_its_limits_is_refused_by_name(name, value):
    with pytest.raises(ParameterError, match=f"^SparseNMF: {name} must be .*, got ") as caught:
        SparseNMF(**{name: value}).fit(X)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_every_parameter_is_in_the_table():
    unlimited = {"on_iteration", "warm_start", "client", "checkpoint", "checkpoint_every", "resume"}
    assert SparseNMF().get_params().keys() - unlimited <= WRONG.keys()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_ends_of_the_limits_are_allowed():
    ends = {"tol": 1.0, "snr": 300.0, "noise": 0, "max_iter": np.int64(50), "n_init": np.int32(1), "block_size": 1}
    for name, value in {**ends, "prior": None, "memory": 1}.items():
        SparseNMF(**{"n_components": 2, "random_state": 0, name: value}).fit(X)


TOGETHER = [
    ({"noise": 0.1, "snr": 10.0}, "SparseNMF: snr must be None where noise is given, got 10.0"),
    ({"prior": None, "dictionary_prior": "rgdp"}, "SparseNMF: dictionary_prior must be None where codes have no prior"),
]


@pytest.mark.parametrize(("parameters", "sentence"), TOGETHER)
def test_parameters_that_do_not_go_together_are_refused(parameters, sentence):
    with pytest.raises(ParameterError, match=f"^{sentence}"):
        SparseNMF(**parameters).fit(X)


STARTS = [
    (np.ones((2, 3)), r"init must be of shape \(2, 4\), n_components and n_features, got \(2, 3\)"),
    (np.ones((3, 4)), r"init must be of shape \(2, 4\)"),
    (np.ones(4), r"init must be of shape \(2, 4\)"),
    (-np.ones((2, 4)), "init must be at least 0, got -1"),
    (np.full((2, 4), np.nan), "init must be finite"),
    (np.zeros((2, 4)), "init must have an entry above 0 in each row"),
    (np.eye(2, 4) * 1j, "init must hold real numbers, got complex128"),
    (np.array([["a"] * 4] * 2), "init must hold real numbers, got <U1"),
    ((np.ones((6, 3)), np.ones((2, 4))), r"codes to begin with must be of shape \(n_samples, 2\), got \(6, 3\)"),
    ((np.full((6, 2), -1.0), np.ones((2, 4))), "codes must be at least 0, got -1"),
    ((np.full((6, 2), np.inf), np.ones((2, 4))), "codes must be finite"),
    ((np.ones((6, 2)), np.ones((2, 3))), r"init must be of shape \(2, 4\)"),
    ((np.ones((5, 2)), np.ones((2, 4))), "codes to begin with must be those of the 6 samples, got 5"),
]


@pytest.mark.parametrize(("init", "sentence"), STARTS, ids=[sentence[:50] for _, sentence in STARTS])
def test_a_start_that_cannot_be_one_is_refused(init, sentence):
    with pytest.raises(DataError, match=sentence):
        SparseNMF(2, init=init).fit(X)
