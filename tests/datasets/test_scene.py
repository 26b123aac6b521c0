"""The made-up hyperspectral scene, checked against its definition."""

import re

import numpy as np
import pytest

from laconic.core.checks import ParameterError
from laconic.datasets import make_spectral_scene


@pytest.fixture(scope="module")
def scene():
    return make_spectral_scene()


def test_the_scene_is_its_library_times_its_codes(scene):
    v = scene.Y - scene.library @ scene.codes
    assert v.var() == pytest.approx(scene.noise, rel=0.02)
    np.testing.assert_allclose(scene.endmembers @ scene.abundances, scene.library @ scene.codes, atol=1e-14)
    np.testing.assert_allclose(scene.by_material(scene.codes), scene.abundances)
    assert list(scene.group[scene.members]) == [0, 1, 2]


def test_abundances_are_shares_that_are_sparse_and_smooth(scene):
    assert scene.abundances.min() == 0
    np.testing.assert_allclose(scene.abundances.sum(axis=0), 1)
    assert scene.abundances[scene.abundances > 0].min() >= 0.05
    pure = (scene.abundances > 0).sum(axis=0) == 1
    assert 0.1 < pure.mean() < 0.9
    maps = scene.maps(scene.abundances)
    assert maps.shape == (3, 40, 40)
    assert maps[1, 2, 3] == scene.abundances[1, 2 * 40 + 3]
    steps = np.abs(np.diff(maps, axis=1)).mean(), np.abs(np.diff(maps, axis=2)).mean()
    assert max(steps) < maps.std() / 5


def test_the_library_is_coherent_and_a_reflectance(scene):
    assert scene.library.shape == (120, 105)
    assert scene.library.min() > 0
    assert scene.library.max() <= 1
    unit = scene.library / np.linalg.norm(scene.library, axis=0)
    cosines = np.triu(unit.T @ unit, 1)
    assert cosines.max() > 0.999
    across = unit[:, scene.group == 0].T @ unit[:, scene.group != 0]
    assert across.max() < 0.99
    assert np.abs(np.diff(scene.library, axis=0)).max() < 0.05  # smooth over the bands


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1, 1), (3, 7, 40, 8, 2)])
def test_any_size(sizes):
    lines, cols, bands, materials, variants = sizes
    scene = make_spectral_scene(lines, cols, n_bands=bands, n_materials=materials, n_variants=variants, snr=None)
    assert scene.Y.shape == (bands, lines * cols)
    assert scene.library.shape == (bands, materials * variants)
    assert scene.noise == 0
    assert len(set(scene.names)) == materials
    np.testing.assert_array_equal(scene.Y, scene.endmembers @ scene.abundances)


def test_the_same_seed_gives_the_same_scene():
    one, two, other = (make_spectral_scene(5, 5, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.Y, two.Y)
    assert (one.Y != other.Y).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"lines": 0}, "make_spectral_scene: lines must be a whole number of at least 1, got 0"),
        ({"n_materials": 9}, "make_spectral_scene: n_materials must be at most 8, got 9"),
        ({"variability": 1}, "make_spectral_scene: variability must be a number in [0, 1), got 1"),
        ({"snr": "20"}, "make_spectral_scene: snr must be a number in (-inf, inf), got '20'"),
    ],
)
def test_bad_parameters_get_one_sentence(options, sentence):
    with pytest.raises(ParameterError, match=re.escape(sentence)):
        make_spectral_scene(**options)
