"""Blocks on a cluster: the numbers of one process, whatever the blocks are, and whoever dies."""

import os
import signal
import sys
import threading
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse
from blocks.sources import cluster_of
from sklearn.base import clone

distributed = pytest.importorskip("distributed")
import dask
import dask.array as da

from laconic.core.blocks import LocalPool, as_source
from laconic.core.blocks.cluster import ClusterPool
from laconic.core.blocks.spread import of_source
from laconic.core.checks import DataError, ParameterError
from laconic.datasets import make_factors
from laconic.estimators import SparseNMF
from laconic.factorize import Settings, factorize, surveyed
from laconic.priors import as_prior

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

K, SIZE = 5, 160


def samples(n=600, p=20, seed=0):
    return make_factors(n, p, K, 2, random_state=seed).X


def holed(X, share=0.1):
    X = X.copy()
    X[np.random.default_rng(1).random(X.shape) < share] = np.nan
    return X


def fitted(pool, max_iter=9, watch=None, init="random"):
    settings = Settings(K, prior=as_prior("test", "rgdp", "type I"), max_iter=max_iter, init=init)
    return factorize(pool, surveyed("test", pool), settings, np.random.default_rng(0), watch=watch)


def assert_same(pool, result, local, expected):
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-9, atol=1e-12)
    assert result.n_iter == expected.n_iter
    for codes, others in zip(pool.states(), local.states(), strict=True):
        assert codes.dtype == others.dtype
        np.testing.assert_allclose(codes, others, rtol=1e-9, atol=1e-12)


def saved(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


SOURCES = {
    "array": lambda X, _: {"X": X},
    "float32": lambda X, _: {"X": X.astype(np.float32)},
    "weights": lambda X, _: {"X": X, "weight": np.arange(len(X)) % 3 + 0.5},
    "missing": lambda X, _: {"X": holed(X)},
    "mask": lambda X, _: {"X": X, "mask": np.isnan(holed(X))},
    "sparse": lambda X, _: {"X": scipy.sparse.csr_array(X)},
    "sparse, mask": lambda X, _: {"X": scipy.sparse.csr_array(X), "mask": scipy.sparse.csr_array(np.isnan(holed(X)))},
    "memory map": lambda X, folder: {"X": saved(X, folder)},
    "memory map, weights, missing": lambda X, folder: {"X": saved(holed(X), folder), "weight": np.ones(len(X))},
    "pieces": lambda X, _: {"X": iter(np.split(X, 4))},
}


def quick(kinds, *names):
    """The kinds; all but those that are named are slow."""
    return [kind if kind in names else pytest.param(kind, marks=pytest.mark.slow) for kind in kinds]


@pytest.mark.parametrize("kind", quick(SOURCES, "array", "missing", "sparse", "memory map, weights, missing"))
def test_a_cluster_finds_what_one_process_does(client, tmp_path, kind):
    data = SOURCES[kind](samples(), tmp_path)
    source = as_source("test", **data, block_size=SIZE)
    local = LocalPool(source)
    expected = fitted(local)
    pool = ClusterPool(client, of_source(client, source), cut_every=4)
    assert_same(pool, fitted(pool), local, expected)
    pool.close()
    assert not pool._anchors.folder.exists()


CHUNKED = {
    "rows": lambda X: {"X": da.from_array(X, chunks=(SIZE, -1))},
    "rows and features": lambda X: {"X": da.from_array(X, chunks=(SIZE, 7))},
    "float32": lambda X: {"X": da.from_array(X.astype(np.float32), chunks=(SIZE, -1))},
    "missing": lambda X: {"X": da.from_array(holed(X), chunks=(SIZE, -1))},
    "mask": lambda X: {"X": da.from_array(X, chunks=(SIZE, -1)), "mask": np.isnan(holed(X))},
    "mask, chunked": lambda X: {"X": da.from_array(X, chunks=(SIZE, -1)), "mask": da.isnan(da.from_array(holed(X)))},
    "sparse": lambda X: {"X": da.from_array(X, chunks=(SIZE, -1)).map_blocks(lambda x: scipy.sparse.csr_array(x))},
    "weights": lambda X: {"X": da.from_array(X, chunks=(SIZE, -1)), "sample_weight": np.arange(len(X)) % 3 + 0.5},
    "weights, chunked": lambda X: {"X": da.from_array(X, chunks=(SIZE, -1)), "sample_weight": da.ones(len(X)) / 2},
    "of unknown sizes": lambda X: {"X": da.from_array(X, chunks=(SIZE, -1))[da.from_array(X.sum(axis=1) >= 0)]},
}


def here(value):
    return value.compute(scheduler="synchronous") if isinstance(value, da.Array) else value


def dense(values):
    return values.toarray() if scipy.sparse.issparse(values) else values


@pytest.mark.parametrize("kind", quick(CHUNKED, "rows and features", "mask, chunked", "sparse", "of unknown sizes"))
def test_a_chunked_array_is_fitted_where_it_is(client, kind):
    data = CHUNKED[kind](samples())
    model = SparseNMF(K, client=client, random_state=0, max_iter=6, init="random")
    codes = model.fit_transform(**data)
    local = {name: here(value) for name, value in data.items()}
    if kind == "sparse":
        local["X"] = scipy.sparse.csr_array(np.vstack([dense(here(block)) for block in data["X"].blocks]))
    twin = clone(model).set_params(client=None, block_size=SIZE)
    expected = twin.fit_transform(**local)
    assert isinstance(codes, da.Array)
    assert codes.shape == (len(samples()), K)
    np.testing.assert_allclose(model.components_, twin.components_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(client.compute(codes).result(), expected, rtol=1e-6, atol=1e-9)
    options = {"mask": data["mask"]} if "mask" in data else {}
    coded = model.transform(data["X"], **options)
    again = twin.transform(local["X"], **{name: local[name] for name in options})
    assert isinstance(coded, da.Array)
    assert coded.dtype == again.dtype
    np.testing.assert_allclose(coded.compute(scheduler="synchronous"), again, rtol=1e-6, atol=1e-9)


def held_as(client, pool):
    return set(client.gather(client.map(lambda held: type(held).__name__, pool.spread.blocks)))


def test_a_file_is_read_by_the_workers(client, tmp_path):
    X = saved(samples(4000, 50), tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "fromfile", None)  # of this process
        spread = of_source(client, as_source("test", X, block_size=500))
        pool = ClusterPool(client, spread)
        assert surveyed("test", pool).n_samples == len(X)
    homes = Counter(home for homes in client.who_has(pool.spread.blocks).values() for home in homes)
    assert homes.total() == 8  # one each; on which worker is for Dask to say
    assert held_as(client, pool) == {"DenseBlock"}


def test_what_does_not_fit_is_read_each_time(client, tmp_path, monkeypatch):
    monkeypatch.setattr("laconic.core.blocks.spread.KEPT", 0.0)
    source = as_source("test", saved(samples(), tmp_path), block_size=SIZE)
    local = LocalPool(source)
    expected = fitted(local)
    pool = ClusterPool(client, of_source(client, source))
    assert held_as(client, pool) == {"Reader"}
    assert_same(pool, fitted(pool), local, expected)


def test_wherever_arrays_begin_they_are_put_right(client):
    X = samples(n=2000, p=150).astype(np.float32)  # so large that the way through BLAS shows
    source = as_source("test", X, block_size=300)
    pool, local = ClusterPool(client, of_source(client, source)), LocalPool(source)
    result, expected = fitted(pool, 5), fitted(local, 5)
    np.testing.assert_array_equal(result.x, expected.x)
    np.testing.assert_array_equal(np.concatenate(list(pool.states())), np.concatenate(list(local.states())))


def test_states_go_and_come_back(client):
    source = as_source("test", samples(), block_size=SIZE)
    pool, local = ClusterPool(client, of_source(client, source)), LocalPool(source)
    assert list(pool.states()) == [None] * pool.n_blocks
    codes = np.random.default_rng(0).random((len(samples()), K))
    for one in (pool, local):
        one.restore(codes[first:last] for first, last in pairwise(one.edges))
    np.testing.assert_array_equal(np.concatenate(list(pool.states())), codes)
    assert pool.edges == local.edges
    assert (pool.n_samples, pool.n_features, pool.dtype) == (local.n_samples, local.n_features, local.dtype)
    assert pool.like().dtype == local.like().dtype


def test_a_worker_that_is_killed_costs_time_only(tmp_path):
    source = as_source("test", saved(samples(), tmp_path), block_size=SIZE)
    local = LocalPool(source)
    expected = fitted(local, 30, init="nndsvd")
    with cluster_of(2) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        pool = ClusterPool(client, of_source(client, source), cut_every=10)
        killed = []

        def kill():
            killed.append(min(client.run(os.getpid).values()))
            os.kill(killed[-1], signal.SIGKILL)

        def watch(_, tick):
            if tick.iteration == 7:
                kill()
            if tick.iteration == 19:
                threading.Timer(0.02, kill).start()  # in the middle of a step

        result = fitted(pool, 30, watch, "nndsvd")
        assert len(set(killed)) == 2
        assert not set(killed) & set(client.run(os.getpid).values())
        assert_same(pool, result, local, expected)


def test_a_step_over_which_workers_are_killed_is_tried_again(tmp_path):
    class Deadly:
        """Ends the first process that takes it."""

        def __call__(self, block, state):
            if not (tmp_path / "done").exists():
                (tmp_path / "done").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return state, block.shape[0]

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),  # none is forgiven
        cluster_of(1) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        pool = ClusterPool(client, of_source(client, as_source("test", samples(), block_size=SIZE)))
        assert pool.run(Deadly()) == 600


@pytest.mark.slow
def test_one_worker_fewer_is_enough():
    X = samples()
    with cluster_of(2) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        source = as_source("test", X, block_size=SIZE)
        local, pool = LocalPool(source), ClusterPool(client, of_source(client, source))
        expected = fitted(local)
        result = fitted(pool, watch=lambda _, tick: cluster.scale(1) if tick.iteration == 5 else None)
        assert_same(pool, result, local, expected)
        assert len(client.nthreads()) == 1


def moved(client):
    """Bytes that workers have got from each other so far."""
    counted = client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
    return sum(counted.values())


def bytes_of_a_fit(client, n):
    pool = ClusterPool(client, of_source(client, as_source("test", samples(n, 30), block_size=n // 8)), cut_every=5)
    counts = []
    fitted(pool, 16, lambda *_: counts.append(moved(client)))
    pool.close()
    return np.median(np.diff(counts))


def test_what_is_moved_does_not_depend_on_the_number_of_samples(client):
    """Of 8 blocks each part moves once at most, however they lie; the codes of one block of the larger fit do not."""
    part, codes_of_a_block = 2500, 2000 * K * 8
    few, many = bytes_of_a_fit(client, 2000), bytes_of_a_fit(client, 16000)
    assert min(few, many) > 0
    assert max(few, many) < 8 * part < codes_of_a_block


def test_history_is_cut(client):
    pool = ClusterPool(client, of_source(client, as_source("test", samples(), block_size=SIZE)), cut_every=5)
    known = []
    fitted(pool, 24, lambda *_: known.append(client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))))
    assert max(known) < 20 * pool.n_blocks
    folder = pool._anchors.folder
    assert len(list(folder.iterdir())) == 1
    pool.close()
    assert not folder.exists()


def test_without_a_common_folder_all_is_remembered(client, monkeypatch):
    monkeypatch.setattr("laconic.core.blocks.anchors.tasks.sees", lambda path: False)
    source = as_source("test", samples(), block_size=SIZE)
    pool, local = ClusterPool(client, of_source(client, source), cut_every=5), LocalPool(source)
    assert_same(pool, fitted(pool), local, fitted(local))


def test_a_disk_that_is_full_ends_no_fit(client, monkeypatch):
    def full(pair, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("laconic.core.blocks.tasks.written", full)
    source = as_source("test", samples(), block_size=SIZE)
    pool, local = ClusterPool(client, of_source(client, source), cut_every=5), LocalPool(source)
    assert_same(pool, fitted(pool), local, fitted(local))


def test_workers_use_one_thread_of_blas_each(client):
    from laconic.core.threads import n_threads

    assert set(client.run(n_threads).values()) == {1}


def test_a_model_is_copied_without_its_connection(client):
    import pickle

    model = SparseNMF(K, client=client, prior=None)
    assert clone(model).client is client
    assert clone(clone(model)).prior is None
    assert pickle.loads(pickle.dumps(model)).client == client.scheduler.address
    assert model.client is client


def test_an_address_will_do(client):
    X = samples(200)
    address = client.scheduler.address
    codes = SparseNMF(K, client=address, max_iter=10).fit_transform(X)
    assert isinstance(codes, np.ndarray)
    np.testing.assert_allclose(codes, SparseNMF(K, max_iter=10).fit_transform(X), rtol=1e-6, atol=1e-9)
    chunked = SparseNMF(K, client=address, max_iter=10).fit_transform(da.from_array(X, chunks=(200, -1)))
    np.testing.assert_allclose(chunked.compute(scheduler="synchronous"), codes, rtol=1e-6, atol=1e-9)


def test_without_a_cluster_one_is_made_for_the_fit():
    X = samples(200)
    model, twin = SparseNMF(K, max_iter=10), SparseNMF(K, max_iter=10, block_size=50)
    codes = model.fit_transform(da.from_array(X, chunks=(50, -1)))
    np.testing.assert_allclose(codes.compute(scheduler="synchronous"), twin.fit_transform(X), rtol=1e-6, atol=1e-9)
    with pytest.raises(ValueError, match="No global client"):
        distributed.get_client()


def test_the_active_client_is_used(client):
    with client.as_current():
        codes = SparseNMF(K, max_iter=10).fit_transform(da.from_array(samples(200), chunks=(50, -1)))
        assert len(client.who_has(codes)) == 4


BAD = [
    (
        {"client": 3},
        {},
        ParameterError,
        "client must be a distributed.Client, the address of a scheduler, or None, got 3",
    ),
    ({}, {"X": da.ones(5)}, DataError, r"X must be of shape \(n_samples, n_features\), got \(5,\)"),
    ({}, {"X": da.ones((5, 2), dtype=complex)}, DataError, "X must hold real numbers, got complex128"),
    ({}, {"X": da.ones((5, 0))}, DataError, "X must have at least one feature"),
    ({}, {"X": da.ones((0, 5))}, DataError, "X must have at least one sample"),
    ({}, {"X": -da.ones((5, 2))}, DataError, "Negative values in data"),
    ({}, {"X": da.ones((5, 2)), "mask": np.ones((4, 2), bool)}, DataError, r"mask must be of shape \(5, 2\)"),
    ({}, {"X": da.ones((5, 2)), "sample_weight": np.ones(4)}, ValueError, "sample_weight"),
    ({}, {"X": da.ones((5, 2)), "sample_weight": -np.ones(5)}, ValueError, "[Nn]egative"),
]


@pytest.mark.parametrize(("parameters", "data", "kind", "words"), BAD)
def test_bad_input(client, parameters, data, kind, words):
    model = SparseNMF(2, **({"client": client} | parameters))
    with pytest.raises(kind, match=words):
        model.fit(**({"X": da.ones((5, 2))} | data))


def test_the_width_is_checked_of_chunks_too(client):
    model = SparseNMF(2, client=client, max_iter=5).fit(da.from_array(samples(50, 8)))
    with pytest.raises(ValueError, match="9 features"):
        model.transform(da.ones((5, 9)))
    with pytest.raises(DataError, match="mask must be of shape"):
        model.transform(da.ones((5, 8)), mask=np.ones((4, 8), bool))


def test_without_dask_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"need distributed, which is not installed: pip install 'laconic\[distrib"):
        SparseNMF(2, client="tcp://127.0.0.1:1").fit(samples(50))


def test_several_fits_share_the_blocks(client):
    options = {"n_init": 2, "max_iter": 6, "random_state": 0}
    model, twin = SparseNMF(K, client=client, **options), SparseNMF(K, block_size=50, **options)
    codes = model.fit_transform(da.from_array(samples(200), chunks=(50, -1)))
    expected = twin.fit_transform(samples(200))
    np.testing.assert_allclose(client.compute(codes).result(), expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(model.stability_, twin.stability_)


def test_an_error_on_a_worker_comes_here(client):
    X = np.ones((100, 4))
    X[77, 2] = np.inf
    with pytest.raises(DataError, match="X must be finite"):
        SparseNMF(2, client=client).fit(da.from_array(X, chunks=(10, -1)))
