"""Checkpoints: a fit that was cut off ends with the numbers that it would have had, bit for bit."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import scipy.sparse

from laconic.core.blocks import LocalPool, as_source
from laconic.core.checks import DataError, ParameterError
from laconic.datasets import make_factors
from laconic.estimators import SparseNMF
from laconic.factorize import Settings, factorize, nmf, surveyed
from laconic.factorize.checkpoint import Checkpoint, identity_of
from laconic.factorize.solvers import Multiplicative
from laconic.priors import as_prior

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

K = 4
X = make_factors(230, 12, K, 2, random_state=0).X
HOLED = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, X)


def settings(prior="rgdp", **options):
    return Settings(K, prior=as_prior("test", prior, "type I"), **{"max_iter": 40, **options})


CASES = {
    "penalised": (settings(), X),
    "plain": (settings("flat"), X),
    "float32": (settings(max_iter=20), X.astype(np.float32)),
    "missing": (settings(max_iter=20), HOLED),
    "sparse": (settings(max_iter=20), scipy.sparse.csr_array(X)),
    "prior of the dictionary": (settings(dictionary_prior=as_prior("test", "laplacian", "type I"), max_iter=20), X),
    "multiplicative": (settings(solver=Multiplicative(), max_iter=30), X),
    "no annealing": (settings(anneal=False), X),
    "settled early": (settings(tol=0.3), X),
    "by the objective": (settings("flat", criterion="objective", tol=1e-2), X),
}


def pool_of(data):
    return LocalPool(as_source("test", data, block_size=50))


class Cut(BaseException):
    """The process has ended, as far as a test without one can say."""


def fitted(folder, data, wanted, stop=None, every=None, pool=None):
    """A fit that goes on from its checkpoint, if it has one, and is cut off at one after so many iterations."""
    every = every or stop or 1000
    pool = pool or pool_of(data)
    survey = surveyed("test", pool)
    kept = Checkpoint(folder, every, identity_of(pool, survey, wanted))

    def watch(fit, tick):
        kept.save(pool, fit)
        if len(fit.trace) == stop:
            raise Cut

    generator = np.random.default_rng(0)
    return factorize(pool, survey, wanted, generator, fit=kept.load(pool, wanted), watch=watch), list(pool.states())


def assert_identical(found, expected):
    (result, codes), (other, others) = found, expected
    np.testing.assert_array_equal(result.x, other.x)
    np.testing.assert_array_equal(result.trace, other.trace)
    for one, two in zip(codes, others, strict=True):
        np.testing.assert_array_equal(one, two)
    for name in ("gap", "status", "n_iter", "objective", "error", "noise", "density", "stages", "calibration"):
        assert getattr(result, name) == getattr(other, name), name


@pytest.mark.parametrize("case", CASES)
def test_wherever_a_fit_is_cut_off_it_ends_the_same(case, tmp_path):
    wanted, data = CASES[case]
    expected = fitted(tmp_path / "whole", data, wanted)
    ends, last = np.cumsum(expected[0].stages).tolist(), expected[0].n_iter
    for stop in sorted({1, last - 1, last, *ends[:4], *ends[-3:], *(end + 1 for end in ends[:-1][-2:])}):
        folder = tmp_path / str(stop)
        with pytest.raises(Cut):
            fitted(folder, data, wanted, stop)
        assert_identical(fitted(folder, data, wanted), expected)


def test_a_fit_may_be_cut_off_again_and_again(tmp_path):
    expected = fitted(tmp_path / "whole", X, settings())
    for stop in range(3, expected[0].n_iter, 5):
        with pytest.raises(Cut):
            fitted(tmp_path / "parts", X, settings(), stop, every=2)
    assert_identical(fitted(tmp_path / "parts", X, settings()), expected)


def test_a_fit_that_ended_too_early_goes_on_with_its_smaller_tol(tmp_path, monkeypatch):
    wanted = settings(tol=0.1, max_iter=80)
    once = fitted(tmp_path / "once", X, wanted)[0]
    monkeypatch.setattr(nmf, "_too_early", lambda result, _: len(result.stages) < len(once.stages) + 2)
    expected = fitted(tmp_path / "whole", X, wanted)
    assert expected[0].n_iter >= once.n_iter + 2
    for stop in range(once.n_iter, expected[0].n_iter + 1):
        folder = tmp_path / str(stop)
        with pytest.raises(Cut):
            fitted(folder, X, wanted, stop)
        assert_identical(fitted(folder, X, wanted), expected)


def test_what_is_not_a_checkpoint_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "other").mkdir()
    result = fitted(tmp_path, X, settings(), every=7)[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"laconic-nmf-{result.n_iter // 7 * 7:08d}",
        "notes.txt",
        "other",
    ]
    for path in tmp_path.rglob("*.npy"):
        assert np.load(path, allow_pickle=False).dtype != object
    assert json.loads(next(tmp_path.rglob("about.json")).read_text())["format"] == 1


def test_what_a_process_left_half_written_does_no_harm(tmp_path):
    expected = fitted(tmp_path / "whole", X, settings())
    folder = tmp_path / "parts"
    with pytest.raises(Cut):
        fitted(folder, X, settings(), 12, every=5)
    (folder / ".laconic-nmf-unfinished").mkdir()
    (folder / ".laconic-nmf-unfinished" / "codes-0.npy").write_bytes(b"half")
    assert_identical(fitted(folder, X, settings(), every=5), expected)
    assert not (folder / ".laconic-nmf-unfinished").exists()


OTHERS = {
    "data": (settings(), X + 1, "data energy was .*, now .*"),
    "type": (settings(), X.astype(np.float32), "data type was float64, now float32"),
    "shape": (settings(), X[:-1], r"data shape was \(230, 12\), now \(229, 12\)"),
    "solver": (settings(solver=Multiplicative()), X, "solver was Hals.*, now Multiplicative"),
    "prior": (settings("laplacian"), X, "prior was .*, now .*"),
    "tol": (settings(tol=1e-3), X, "tol was 0.0001, now 0.001"),
    "start": (settings(init=np.ones((K, 12))), X, "init was 'nndsvd', now an array [0-9a-f]{16}"),
}


@pytest.mark.parametrize("what", OTHERS)
def test_a_checkpoint_of_another_fit_is_refused(what, tmp_path):
    with pytest.raises(Cut):
        fitted(tmp_path, X, settings(), 5)
    wanted, data, words = OTHERS[what]
    with pytest.raises(DataError, match=rf"laconic-nmf-00000005 is a checkpoint of another fit \(.*{words}"):
        fitted(tmp_path, data, wanted)


def test_other_blocks_are_another_fit(tmp_path):
    with pytest.raises(Cut):
        fitted(tmp_path, X, settings(), 5)
    with pytest.raises(DataError, match="data blocks was an array"):
        fitted(tmp_path, X, settings(), pool=LocalPool(as_source("test", X, block_size=51)))


@pytest.mark.parametrize("name", ["about.json", "fit.npz", "codes-1.npy"])
@pytest.mark.parametrize("damage", ["cut short", "gone"])
def test_a_damaged_checkpoint_is_refused(name, damage, tmp_path):
    with pytest.raises(Cut):
        fitted(tmp_path, X, settings(), 5)
    path = tmp_path / "laconic-nmf-00000005" / name
    path.write_bytes(path.read_bytes()[:-9]) if damage == "cut short" else path.unlink()
    with pytest.raises(DataError, match="laconic-nmf-00000005.* damaged"):
        fitted(tmp_path, X, settings())


# The estimator ------------------------------------------------------------------------------------------------------

MODEL = {"n_components": K, "random_state": 0, "block_size": 50, "max_iter": 60}

SCRIPT = """
import sys, time
import numpy as np
from laconic.estimators import SparseNMF
X = np.load(sys.argv[1])
model = SparseNMF(**{model}, checkpoint=sys.argv[2], checkpoint_every=3, on_iteration=lambda tick: time.sleep(0.02))
model.fit(X)
"""


def test_a_process_that_is_killed_is_continued(tmp_path):
    np.save(tmp_path / "X.npy", X)
    folder = tmp_path / "kept"
    code = SCRIPT.replace("{model}", repr(MODEL))
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "X.npy"), str(folder)]) as process:
        end = time.monotonic() + 60
        while not list(folder.glob("laconic-nmf-*")) and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.1)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    done = max(int(path.name.rsplit("-", 1)[1]) for path in folder.glob("laconic-nmf-*"))  # of two, it may be
    seen = []
    more = {"checkpoint": folder, "checkpoint_every": 3, "on_iteration": lambda tick: seen.append(tick.iteration)}
    model, twin = SparseNMF(**MODEL, **more), SparseNMF(**MODEL)
    codes, expected = model.fit_transform(X), twin.fit_transform(X)
    assert seen[0] == done + 1
    np.testing.assert_array_equal(model.components_, twin.components_)
    np.testing.assert_array_equal(codes, expected)
    np.testing.assert_array_equal(model.trace_, twin.trace_)


def test_a_finished_fit_is_not_done_again(tmp_path):
    first = SparseNMF(**MODEL, checkpoint=str(tmp_path / "kept")).fit(X)
    seen = []
    again = SparseNMF(**MODEL, checkpoint=tmp_path / "kept", on_iteration=seen.append).fit(X)
    assert len(seen) <= 10
    np.testing.assert_array_equal(first.components_, again.components_)
    with pytest.raises(DataError, match="another fit"):
        SparseNMF(**MODEL, checkpoint=tmp_path / "kept").fit(2 * X)


BAD = [
    ({"checkpoint": 3}, "checkpoint must be the path of a folder, or None, got 3"),
    ({"checkpoint": __file__}, "checkpoint must be the path of a folder, or None"),
    ({"checkpoint": "kept", "n_init": 2}, "checkpoint must be None where n_init is more than 1, got 'kept'"),
    ({"checkpoint_every": 0}, "checkpoint_every must be a whole number of at least 1, got 0"),
]


@pytest.mark.parametrize(("parameters", "words"), BAD)
def test_bad_parameters(parameters, words):
    with pytest.raises(ParameterError, match=words):
        SparseNMF(**parameters).fit(X)


def test_a_fit_on_a_cluster_goes_on_too(tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    expected = fitted(tmp_path / "whole", X, settings())
    with pytest.raises(Cut):
        fitted(tmp_path / "parts", X, settings(), 12)
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        from laconic.core.blocks.cluster import ClusterPool
        from laconic.core.blocks.spread import of_source

        pool = ClusterPool(client, of_source(client, as_source("test", X, block_size=50)))
        with pytest.raises(Cut):
            fitted(tmp_path / "parts", X, settings(), 25, 1, pool)
    result, codes = fitted(tmp_path / "parts", X, settings())
    np.testing.assert_allclose(result.x, expected[0].x, rtol=1e-9)
    np.testing.assert_allclose(np.concatenate(codes), np.concatenate(expected[1]), rtol=1e-9, atol=1e-12)
