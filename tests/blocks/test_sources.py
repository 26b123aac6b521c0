"""Whatever holds the samples, blocks of any size say what one dense twin says, missing entries and weights among it."""

import gc
import mmap
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from blocks.sources import KINDS, WHOLE, Sliced, Twin, assert_like, drawn, is_small, moved, pieces, raw, saved

from laconic.core.arrays import to_numpy
from laconic.core.blocks import ArraySource, FileSource, SlicedSource, SparseSource, as_source
from laconic.core.checks import DataError

SIZES = [(1, False), (5, True), (23, False), (None, True)]
"""How many samples in a block, and whether they have weights."""

MISSING = ["nothing", "NaN", "mask", "sparse mask", "NaN and mask"]


def missing_in(X, how, seed=1):
    """Samples, a mask to hand in, and which entries are there, by the way in which some are missing."""
    lost = np.random.default_rng(seed).random(X.shape) < 0.2
    lost[2], lost[:, 3], lost[-4:] = True, True, False  # a whole sample, and the blocks at the end have them all
    X = np.where(lost, np.nan, X) if how.startswith("NaN") else X
    mask = {"mask": lost, "sparse mask": scipy.sparse.coo_array(lost), "NaN and mask": X > 1}.get(how)
    marked = np.zeros_like(lost) if mask is None else mask.toarray() if scipy.sparse.issparse(mask) else mask
    return X, mask, ~(np.isnan(X) | marked)


@pytest.mark.parametrize("how", MISSING)
@pytest.mark.parametrize("name", KINDS)
def test_blocks_say_what_the_dense_twin_says(name, how, tmp_path):
    X, mask, there = missing_in(drawn(), how)
    tolerance = 1e-6 if is_small(name) else 1e-13
    for size, weighs in SIZES:
        source = as_source("test", KINDS[name](X, tmp_path), mask=mask, block_size=size)
        weight = np.rint(4 * np.random.default_rng(2).random(len(X))) / 4 if weighs else np.ones(len(X))
        source.weight = moved(weight, source.block(0).like) if weighs else None
        twin = Twin(X, there, weight)
        assert (source.n_samples, source.n_features) == X.shape
        assert str(source.dtype).endswith("float32" if is_small(name) else "float64")
        for i in [*range(source.n_blocks), 0, -1 % source.n_blocks]:  # the second time it is known which are complete
            block, (first, last) = source.block(i), source.edges[i : i + 2]
            assert block.first == first
            assert_like(block, twin.rows(first, last), tolerance)


@pytest.mark.parametrize("how", ["nothing", "mask"])
@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_are_float64(name, how, tmp_path):
    X, mask, there = missing_in(np.rint(drawn()) % 2 if name == "bool" else np.rint(drawn() * 8), how)
    source = as_source("test", WHOLE[name](X, tmp_path), mask=mask, block_size=6)
    assert str(source.dtype).endswith("float64")
    for i in range(source.n_blocks):
        assert_like(source.block(i), Twin(X, there, np.ones(len(X))).rows(*source.edges[i : i + 2]), 1e-13)


@pytest.mark.parametrize("how", ["nothing", "NaN and mask"])
@pytest.mark.parametrize("name", ["float64", "strict float64", "csr", "torch float32"])
def test_some_of_the_samples_of_a_block(name, how, tmp_path):
    if name not in KINDS:
        pytest.skip("no torch")
    X, mask, there = missing_in(drawn(), how)
    weight = np.arange(len(X)) / 4
    places = np.array([7, 2, 2, 0, 11])
    source = as_source("test", KINDS[name](X, tmp_path), mask=mask)
    source.weight = moved(weight, source.block(0).like)
    some = source.block(0).take(places)
    assert_like(some, Twin(X, there, weight).take(places), 1e-5 if is_small(name) else 1e-13)


def test_what_is_read_lazily_and_what_is_not(tmp_path):
    X = drawn()
    found = {
        ArraySource: [X, X.tolist(), np.asfortranarray(X), saved(X, tmp_path, "c"), saved(X, tmp_path)[:, 1:]],
        FileSource: [saved(X, tmp_path), raw(X, tmp_path), raw(X, tmp_path)[2:9], saved(X, tmp_path, "r+"), pieces(X)],
        SlicedSource: [Sliced(X)],
        SparseSource: [scipy.sparse.csr_array(X), pieces(X, scipy.sparse.csr_array)],
    }
    for kind, many in found.items():
        assert {type(as_source("test", one)) for one in many} == {kind}


def test_arrays_in_memory_are_not_copied():
    X = drawn()
    block = as_source("test", X, block_size=5).block(1)
    assert np.shares_memory(block.values, X)


def test_data_are_left_as_they_came():
    X = drawn(lost=0.2)
    twice = scipy.sparse.csr_array((np.ones(4), np.array([1, 1, 0, 0]), np.array([0, 2, 4])), shape=(2, 2))
    stored = scipy.sparse.csr_array(X)
    for one, values in ((twice, twice.data), (stored, stored.data), (X, X)):
        before = values.copy()
        values.setflags(write=False)
        source = as_source("test", one, mask=np.eye(*one.shape, dtype=bool))
        block = source.block(0)
        block.completed(np.ones((block.shape[0], 2)), np.ones((2, block.shape[1])))
        np.testing.assert_array_equal(values, before)


def test_what_was_written_into_a_map_counts(tmp_path):
    for mode in ("r+", "c"):
        values = saved(drawn(), tmp_path, mode)
        values[:] = 2
        assert np.all(as_source("test", values).block(0).squares() == 28)


def test_blocks_of_a_file_without_a_block_size_keep_to_the_bytes(tmp_path):
    X = drawn(100, 8)
    for held in (X, saved(X, tmp_path), Sliced(X)):
        assert as_source("test", held, block_bytes=640).n_blocks == 10
        assert as_source("test", held, block_bytes=1).n_blocks == 100
    narrow = as_source("test", scipy.sparse.csr_array(X), block_bytes=2000)
    assert 2 <= narrow.n_blocks <= 10


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="where Linux tells which pages are there")
def test_a_file_is_read_and_its_pages_are_not_mapped(tmp_path):
    X = np.ones((64, mmap.PAGESIZE))
    values = saved(X, tmp_path)
    source = as_source("test", values, block_size=16)
    assert sum(float(source.block(i).squares().sum()) for i in range(4)) == X.size
    lines = Path("/proc/self/smaps").read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if line.endswith("X.npy"))
    held = next(line for line in lines[place:] if line.startswith("Rss:"))
    assert int(held.split()[1]) < X.nbytes / 1024 / 100


def test_a_file_that_was_cut_short_is_named(tmp_path):
    values = saved(drawn(), tmp_path)
    source = as_source("test", values, block_size=10)
    path = tmp_path / "X.npy"
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 8)
    source.block(1)
    with pytest.raises(DataError, match=r"X\.npy: ends before sample 23; was it cut short\?"):
        source.block(2)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"X\.npy"):
        source.block(0)


def test_pieces_are_in_a_file_that_goes_with_the_source(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    source = as_source("test", pieces(drawn()), block_size=4)
    gc.collect()
    assert len(list(tmp_path.iterdir())) == 1
    assert source.block(2).shape == (4, 7)
    del source
    gc.collect()
    assert not list(tmp_path.iterdir())


def failing():
    yield np.ones((2, 3))
    raise OSError("gone")


@pytest.mark.parametrize("given", [failing, lambda: iter([np.ones((2, 3)), np.ones((2, 4))])])
def test_pieces_that_fail_leave_no_file(given, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises((OSError, DataError), match="gone|3 columns"):
        as_source("test", given())
    assert not list(tmp_path.iterdir())


def test_pieces_are_asked_for_one_at_a_time(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    alive = []

    class Piece(np.ndarray):
        def __del__(self):
            alive.pop()

    def made():
        for _ in range(5):
            alive.append(1)
            assert len(alive) <= 3
            yield np.ones((2, 3)).view(Piece)

    assert as_source("test", made()).n_samples == 10


def test_datasets_of_h5py(tmp_path):
    h5py = pytest.importorskip("h5py")
    X, mask, there = missing_in(drawn(), "NaN and mask")
    with h5py.File(tmp_path / "X.h5", "w") as file:
        held = file.create_dataset("X", data=X, chunks=(4, 3))
        source = as_source("test", held, mask=mask, block_size=6)
        assert isinstance(source, SlicedSource)
        for i in range(source.n_blocks):
            assert_like(source.block(i), Twin(X, there, np.ones(len(X))).rows(*source.edges[i : i + 2]), 1e-13)


def test_squares_of_other_libraries_are_taken_in_parts(monkeypatch):
    array_api_strict = pytest.importorskip("array_api_strict")
    monkeypatch.setattr("laconic.core.blocks.block.ROWS_AT_ONCE", 20)
    X = drawn()
    found = as_source("test", array_api_strict.asarray(X)).block(0).squares()
    np.testing.assert_allclose(to_numpy(found), np.sum(X**2, axis=1), rtol=1e-13)


def test_made_up_entries_are_taken_in_parts(monkeypatch):
    monkeypatch.setattr("laconic.core.blocks.sparse.ENTRIES_AT_ONCE", 4)
    X = drawn(lost=0.3)
    block = as_source("test", scipy.sparse.csr_array(X)).block(0)
    assert_like(block, Twin(X, ~np.isnan(X), np.ones(len(X))), 1e-13)
