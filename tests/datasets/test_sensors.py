"""Planted dictionaries of several sensors, checked against their definition."""

import re

import numpy as np
import pytest

from laconic.core.checks import ParameterError
from laconic.datasets import make_sensors

CASES = {
    "one-to-one": {"n_features": (20, 30, 8), "snr": (30.0, 20.0, 10.0), "n_atoms": 40},
    "one modality": {"n_features": (6,), "snr": (np.inf,), "n_atoms": (5,)},
    "tree": {"n_features": (20, 30), "snr": (30.0, 8.0), "tree": True},
    "groups": {"n_features": (20, 30), "n_atoms": (12, 25), "groups": 6},
    "smallest": {"n_samples": 1, "n_features": [1], "snr": [0.0], "n_atoms": 1, "n_nonzero": 1},
}


@pytest.mark.parametrize("options", CASES.values(), ids=CASES)
def test_samples_are_the_product_and_noise_of_the_variance_that_is_stated(options):
    planted = make_sensors(**options)
    assert list(planted.X) == list("abc")[: len(options["n_features"])]
    for (name, X), ratio in zip(planted.X.items(), options.get("snr", (30.0, 10.0)), strict=True):
        np.testing.assert_allclose(np.linalg.norm(planted.components[name], axis=1), 1)
        clean = planted.codes[name] @ planted.components[name]
        assert planted.noise[name] == pytest.approx(np.mean(clean**2) / 10 ** (ratio / 10))
        if X.size > 5000:
            assert np.var(X - clean) == pytest.approx(planted.noise[name], rel=0.05)
    assert (planted.parents is not None) == options.get("tree", False)


def test_without_noise_the_samples_are_the_product():
    planted = make_sensors(snr=(np.inf, np.inf))
    for name, X in planted.X.items():
        np.testing.assert_array_equal(X, planted.codes[name] @ planted.components[name])


def test_one_to_one_is_the_same_support_with_independent_normal_values():
    planted = make_sensors(4000, (5, 5, 5), 20, 4, snr=(0.0, 0.0, 0.0), random_state=1)
    support = planted.codes["a"] != 0
    np.testing.assert_array_equal(support.sum(axis=1), 4)
    np.testing.assert_allclose(support.mean(axis=0), 0.2, atol=0.03)  # any place as often as any other
    values = np.stack([codes[support] for codes in planted.codes.values()])
    assert values.shape == (3, 16_000)
    np.testing.assert_allclose(np.cov(values), np.eye(3), atol=0.03)
    assert all(np.array_equal(codes != 0, support) for codes in planted.codes.values())
    np.testing.assert_array_equal(planted.links["c"], np.eye(20))


def test_a_root_has_the_variance_of_its_branches():
    planted = make_sensors(20_000, (4, 4), (3, 6), 3, tree=True, random_state=2)
    np.testing.assert_array_equal(planted.parents, [0, 0, 1, 1, 2, 2])
    on = planted.codes["b"] != 0
    np.testing.assert_array_equal(on.sum(axis=1), 3)
    branches = on @ np.eye(3)[planted.parents]
    np.testing.assert_array_equal(planted.codes["a"] != 0, branches > 0)
    for count in (1, 2):
        assert planted.codes["a"][branches == count].var() == pytest.approx(count, rel=0.05)
    assert planted.codes["b"][on].var() == pytest.approx(1, rel=0.05)
    np.testing.assert_array_equal(planted.links["a"], np.eye(3)[:, planted.parents])
    assert {name: len(one) for name, one in make_sensors(tree=True).components.items()} == {"a": 30, "b": 60}


def test_atoms_of_a_group_are_in_use_together():
    planted = make_sensors(500, (4, 4), (3, 7), 1, groups=3, random_state=3)
    np.testing.assert_array_equal(planted.links["b"].argmax(axis=1), [0, 0, 0, 1, 1, 2, 2])
    active = (planted.codes["a"] != 0).astype(float)  # an atom of "a" is a group here
    np.testing.assert_array_equal(planted.codes["b"] != 0, active @ planted.links["b"].T > 0)


def test_the_last_modality_is_missing_from_a_share_of_the_samples():
    whole, half, most = (make_sensors(missing=share, random_state=4) for share in (0.0, 0.5, 0.9))
    gone = [np.isnan(planted.X["b"]) for planted in (half, most)]
    for lost, count in zip(gone, (500, 900), strict=True):
        np.testing.assert_array_equal(lost, lost.all(axis=1, keepdims=True).repeat(20, axis=1))
        assert lost[:, 0].sum() == count
    assert not (gone[0] & ~gone[1]).any()
    np.testing.assert_array_equal(half.X["b"][~gone[0]], whole.X["b"][~gone[0]])
    np.testing.assert_array_equal(half.X["a"], whole.X["a"])


def test_the_same_seed_gives_the_same_problem():
    one, two, other = (make_sensors(random_state=seed) for seed in (3, np.random.default_rng(3), 4))
    assert all(np.array_equal(one.X[name], two.X[name]) for name in one.X)
    assert (one.codes["a"] != other.codes["a"]).any()
    quiet = make_sensors(random_state=3, snr=(60.0, 40.0))
    assert all(np.array_equal(one.codes[name], quiet.codes[name]) for name in one.X)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n_samples": 0}, "n_samples must be a whole number of at least 1, got 0"),
        ({"n_features": 20}, "n_features must be a sequence of whole numbers, got 20"),
        ({"n_features": (20, 2.5)}, "n_features must be a whole number of at least 1, got 2.5"),
        ({"n_features": ()}, "n_features must be 1 to 26 numbers, one for each modality, got ()"),
        ({"n_atoms": True}, "n_atoms must be a whole number of at least 1, got True"),
        ({"n_atoms": (5, 5, 5)}, "n_atoms must be one number or 2, one for each modality, got (5, 5, 5)"),
        ({"n_atoms": (50, 60)}, "n_atoms must be the same for all modalities, where neither tree nor groups"),
        ({"n_atoms": (30, 50), "tree": True}, "n_atoms must be of two modalities in a tree, the second a multiple"),
        ({"n_atoms": 4}, "n_nonzero must be at most 4, the number of scales, got 5"),
        ({"n_nonzero": 0}, "n_nonzero must be a whole number of at least 1, got 0"),
        ({"snr": 30.0}, "snr must be 2 numbers, one for each modality, got 30.0"),
        ({"snr": (30.0, np.nan)}, "snr must be a number in (-inf, inf], got nan"),
        ({"groups": 51}, "groups must be at most 50, the atoms of the smallest dictionary, got 51"),
        ({"groups": 3, "tree": True}, "groups must be None in a tree, got 3"),
        ({"missing": 1.0}, "missing must be a number in [0, 1), got 1.0"),
        ({"random_state": -1}, "random_state must be a whole number of at least 0, a numpy.random"),
    ],
)
def test_bad_parameters_get_one_sentence(options, sentence):
    with pytest.raises(ParameterError, match=re.escape(f"make_sensors: {sentence}")):
        make_sensors(**options)
