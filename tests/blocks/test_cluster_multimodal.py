"""Dictionaries of several modalities on a cluster: the numbers of one process for the same blocks."""

import numpy as np
import pytest

pytest.importorskip("distributed")
import dask.array as da

from laconic import MultimodalDictionary
from laconic.datasets import make_sensors

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PLANTED = make_sensors(160, (6, 5), 8, 1, snr=(20.0, 10.0), missing=0.2)
X = np.hstack(list(PLANTED.X.values()))
X[np.random.default_rng(1).random(X.shape) < 0.05] = np.nan
COLUMNS = {"a": slice(0, 6), "b": slice(6, 11)}
SIZE = 40


def model(**options):
    known = {"noise": PLANTED.noise, "sparsity": 1, "cycles": 0, "max_iter": 3, "random_state": 0}
    return MultimodalDictionary(8, modalities=COLUMNS, **{**known, **options})


def assert_same(one, two):
    for name, atoms in one.components_.items():
        np.testing.assert_allclose(two.components_[name], atoms, atol=1e-6)
        assert two.noise_[name] == pytest.approx(one.noise_[name], rel=1e-6)
    np.testing.assert_allclose(two.trace_, one.trace_, rtol=1e-6)


OPTIONS = [{}, pytest.param({"noise": "auto", "scaling": "standardize"}, marks=pytest.mark.slow)]


@pytest.mark.parametrize("options", OPTIONS, ids=["known", "auto"])
def test_a_cluster_finds_what_one_process_does(client, options):
    local = model(block_size=SIZE, **options).fit(X)
    assert_same(local, model(client=client, block_size=SIZE, **options).fit(X))
    chunked = da.from_array(X, chunks=(SIZE, -1))
    spread = model(client=client, **options)
    codes = spread.fit_transform(chunked)
    assert_same(local, spread)
    for found in (codes, spread.transform(chunked)):
        assert isinstance(found, da.Array)
        assert found.shape == (160, 16)
    np.testing.assert_allclose(codes.compute(scheduler="synchronous"), local.transform(X), atol=1e-6)


def test_chunks_of_features_and_of_single_precision(client):
    small = X.astype(np.float32)
    local = model(block_size=SIZE).fit(small)
    spread = model(client=client).fit(da.from_array(small, chunks=(SIZE, 4)))
    for name, atoms in local.components_.items():
        assert spread.components_[name].dtype == np.float32
        np.testing.assert_allclose(spread.components_[name], atoms, atol=1e-4)


def test_without_a_cluster_one_is_made_for_the_fit():
    assert_same(model(block_size=SIZE).fit(X), model().fit(da.from_array(X, chunks=(SIZE, -1))))


def test_a_batch_of_a_stream_may_be_a_dask_array():
    one, two = model().fit(X), model().fit(X)
    one.partial_fit(X)
    two.partial_fit(da.from_array(X, chunks=(SIZE, -1)))
    for name, atoms in one.components_.items():
        np.testing.assert_allclose(two.components_[name], atoms, atol=1e-6)
