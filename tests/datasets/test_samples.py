"""load_samples gives back what was saved, dense or sparse, and refuses everything else in one sentence."""

import gzip
import re

import numpy as np
import pytest
import scipy.sparse
from scipy.io import mmwrite, savemat

from laconic.core.checks import DataError
from laconic.datasets import load_array, load_samples

X = np.arange(12, dtype=np.float32).reshape(4, 3)
COUNTS = np.array([[0, 2, 0], [1, 0, 0], [0, 0, 0], [0, 5, 7]])
KINDS = ("csr", "csc", "coo", "bsr", "dia")
TYPES = ("bool", "uint8", "int64", "float32", "float64")


def npz(path, *places, **arrays):
    np.savez(path / "some.npz", *places, **arrays)
    return path / "some.npz"


def mtx(path, matrix):
    mmwrite(path / "some.mtx", matrix)
    return path / "some.mtx"


def csr(**changes):
    """Parts of a good sparse file, some of them replaced; None removes one."""
    matrix = scipy.sparse.csr_array(COUNTS.astype(float))
    parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": matrix.shape}
    return {name: part for name, part in ({"format": "csr"} | parts | changes).items() if part is not None}


def assert_csr(values, expected):
    assert isinstance(values, scipy.sparse.csr_array)
    assert values.has_canonical_format
    np.testing.assert_array_equal(values.toarray(), expected)


# ---------------------------------------------------------------- dense


@pytest.mark.parametrize("dtype", [*TYPES, "float16", ">f4"])
@pytest.mark.parametrize("ending", ["npz", "npy"])
def test_dense_arrays_keep_their_type(tmp_path, dtype, ending):
    values, path = COUNTS.astype(dtype), tmp_path / f"some.{ending}"
    {"npz": np.savez, "npy": np.save}[ending](path, values)
    loaded = load_samples(path)
    assert loaded.values.dtype == dtype
    np.testing.assert_array_equal(loaded.values, values)
    assert (loaded.names, loaded.image) == ((), None)
    assert loaded.source == load_array(path).source


@pytest.mark.parametrize("shape", [(4, 3), (4, 5, 3), (4, 5, 3, 2)])
def test_an_npy_file_stays_where_it_is(tmp_path, shape):
    values = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    np.save(tmp_path / "some.npy", values)
    loaded = load_samples(tmp_path / "some.npy")
    assert isinstance(loaded.values, np.memmap)
    assert loaded.values.base is not None
    assert loaded.values.flags.writeable is False
    np.testing.assert_array_equal(loaded.values, values.reshape(4, -1))
    assert loaded.image == (None if len(shape) == 2 else shape[1:])


@pytest.mark.parametrize("order", ["C", "F"])
def test_images_are_flattened_row_by_row(tmp_path, order):
    images = np.random.default_rng(0).random((6, 4, 5))
    np.save(tmp_path / "faces.npy", np.asarray(images, order=order))
    for path in (npz(tmp_path, images), tmp_path / "faces.npy"):
        loaded = load_samples(path)
        np.testing.assert_array_equal(loaded.values.reshape(6, *loaded.image), images)


def test_names_come_from_the_first_line(tmp_path):
    (tmp_path / "some.csv").write_text("red;green;blue\n1;2;3\n4;;6\n")
    loaded = load_samples(tmp_path / "some.csv")
    assert loaded.names == ("red", "green", "blue")
    np.testing.assert_array_equal(loaded.values, [[1, 2, 3], [4, np.nan, 6]])
    (tmp_path / "none.csv").write_text("1;2;3\n4;5;6\n")
    assert load_samples(tmp_path / "none.csv").names == ()


def test_nan_infinite_and_negative_values_are_kept(tmp_path):
    values = np.array([[np.nan, -1.0], [np.inf, 0.0]])
    np.testing.assert_array_equal(load_samples(npz(tmp_path, values)).values, values)
    scipy.sparse.save_npz(tmp_path / "s.npz", scipy.sparse.csr_array(values))
    assert_csr(load_samples(tmp_path / "s.npz").values, values)


@pytest.mark.parametrize("ending", ["npz", "mat"])
def test_an_array_is_chosen_by_name(tmp_path, ending):
    path, arrays = tmp_path / f"some.{ending}", {"a": X, "b": COUNTS}
    np.savez(path, **arrays) if ending == "npz" else savemat(path, arrays)
    for loaded in (load_samples(f"{path}:b"), load_samples(path, "b")):
        np.testing.assert_array_equal(loaded.values, COUNTS)
        assert loaded.source == f"some.{ending}:b"
    with pytest.raises(DataError, match=rf"some.{ending}: which array is meant\? Write some.{ending}:NAME"):
        load_samples(path)


# ---------------------------------------------------------------- sparse


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("container", ["array", "matrix"])
def test_every_sparse_format_becomes_rows(tmp_path, dtype, kind, container):
    scipy.sparse.save_npz(tmp_path / "some.npz", getattr(scipy.sparse, f"{kind}_{container}")(COUNTS.astype(dtype)))
    loaded = load_samples(tmp_path / "some.npz")
    assert_csr(loaded.values, COUNTS.astype(dtype))
    assert loaded.values.dtype == dtype
    assert (loaded.source, loaded.names, loaded.image) == ("some.npz", (), None)


def test_duplicates_are_summed_and_indices_sorted(tmp_path):
    parts = {"data": np.array([1.0, 2, 3, 4]), "indices": np.array([2, 0, 2, 1]), "indptr": np.array([0, 3, 4])}
    path = npz(tmp_path, format="csr", shape=(2, 3), **parts)
    assert_csr(load_samples(path).values, [[2, 0, 4], [0, 4, 0]])


@pytest.mark.parametrize(("stored", "read"), [("float16", "float32"), (">f4", "float32"), (">i2", "int16")])
def test_types_that_scipy_cannot_work_with_are_widened_or_turned(tmp_path, stored, read):
    loaded = load_samples(npz(tmp_path, **csr(data=np.array([2, 1, 5, 7], stored))))
    assert_csr(loaded.values, COUNTS)
    assert loaded.values.dtype == np.dtype(read)


def test_a_member_of_a_sparse_file_can_be_named(tmp_path):
    scipy.sparse.save_npz(tmp_path / "some.npz", scipy.sparse.bsr_array(COUNTS, blocksize=(2, 1)))
    assert load_samples(tmp_path / "some.npz:data").source == "some.npz:data"


def test_a_sparse_matrix_in_a_mat_file_stays_sparse(tmp_path):
    savemat(tmp_path / "some.mat", {"counts": scipy.sparse.csc_array(COUNTS.astype(float)), "other": X})
    loaded = load_samples(tmp_path / "some.mat:counts")
    assert_csr(loaded.values, COUNTS)
    assert loaded.source == "some.mat:counts"
    assert isinstance(load_array(tmp_path / "some.mat:counts").values, np.ndarray)  # as it was


@pytest.mark.parametrize("ending", ["mtx", "mtx.gz", "MTX.GZ"])
@pytest.mark.parametrize("matrix", [COUNTS, X, scipy.sparse.coo_array(COUNTS), scipy.sparse.coo_array(X)])
def test_matrix_market(tmp_path, ending, matrix):
    content = mtx(tmp_path, matrix).read_bytes()
    path = tmp_path / f"other.{ending}"
    path.write_bytes(gzip.compress(content) if ending.lower().endswith("gz") else content)
    loaded = load_samples(path)
    dense = matrix.toarray() if scipy.sparse.issparse(matrix) else matrix
    (assert_csr if scipy.sparse.issparse(matrix) else np.testing.assert_array_equal)(loaded.values, dense)
    assert loaded.values.dtype == (np.float64 if dense is X or dense.dtype == np.float32 else np.int64)
    assert loaded.source == path.name


def test_matrix_market_symmetric_and_patterns(tmp_path):
    head = "%%MatrixMarket matrix coordinate "
    (tmp_path / "s.mtx").write_text(head + "integer symmetric\n2 2 2\n1 1 5\n2 1 3\n")
    assert_csr(load_samples(tmp_path / "s.mtx").values, [[5, 3], [3, 0]])
    (tmp_path / "p.mtx").write_text(head + "pattern general\n2 2 1\n1 2\n")
    assert_csr(load_samples(tmp_path / "p.mtx").values, [[0, 1], [0, 0]])


# ---------------------------------------------------------------- bad input

OBJECTS = np.array([[1, "a"]], dtype=object)
BAD_ARRAYS = {
    "complex": (X * 1j, "must hold real numbers, got complex64"),
    "text": (X.astype(str), "must hold real numbers, got <U32"),
    "dates": (X.astype("M8[s]"), "must hold real numbers, got datetime64[s]"),
    "objects": (OBJECTS, "must be a plain array of one type, got objects"),
    "no samples": (X[:0], "must not be empty, got shape (0, 3)"),
    "no features": (X[:, :0], "must not be empty, got shape (4, 0)"),
    "one axis": (X[0], "must have one sample a row, two axes or more, got shape (3,)"),
    "a number": (np.float64(1), "must have one sample a row, two axes or more, got shape ()"),
}


@pytest.mark.parametrize("ending", ["npz", "npy"])
@pytest.mark.parametrize(("array", "sentence"), BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
def test_bad_arrays_get_one_sentence(tmp_path, ending, array, sentence):
    path = tmp_path / f"some.{ending}"
    np.savez(path, X=array) if ending == "npz" else np.save(path, array)
    with pytest.raises(DataError, match=re.escape(sentence)) as caught:
        load_samples(path)
    assert str(caught.value).startswith("some.")


BAD_SPARSE = {
    "complex": (csr(data=np.ones(4) * 1j), "some.npz: must hold real numbers, got complex128"),
    "empty": (csr(shape=(0, 3), indptr=[0], data=[], indices=[]), "some.npz: must not be empty, got shape (0, 3)"),
    "outside": (csr(indices=[0, 1, 2, 3]), "cannot be read ("),
    "negative": (csr(indices=[0, -1, 2, 1]), "cannot be read ("),
    "falling": (csr(indptr=[0, 3, 1, 2, 4]), "cannot be read ("),
    "short": (csr(indptr=[0, 4]), "cannot be read ("),
    "few values": (csr(data=[1.0]), "cannot be read ("),
    "no indices": (csr(indices=None), "cannot be read ("),
    "unknown": (csr(format="lil"), "cannot be read ("),
    "numbered": (csr(format=3), "cannot be read ("),
    "nonsense": (csr(format="dense"), "cannot be read ("),
    "object values": (csr(data=OBJECTS[0]), "cannot be read (it holds objects, which are never unpickled)"),
    "one axis": (
        {"format": "coo", "_is_array": True, "shape": (3,), "data": [1.0], "coords": [[1]]},
        "some.npz: ",  # older SciPy cannot read it at all
    ),
    "coordinates": (
        {"format": "coo", "shape": (3, 3), "data": [1.0], "row": [3], "col": [0]},
        "cannot be read (",
    ),
}


@pytest.mark.parametrize(("parts", "sentence"), BAD_SPARSE.values(), ids=BAD_SPARSE.keys())
def test_bad_sparse_files_get_one_sentence(tmp_path, parts, sentence):
    with pytest.raises(DataError, match=re.escape(sentence)) as caught:
        load_samples(npz(tmp_path, **parts))
    assert "some.npz: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_objects_are_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("was unpickled",))

    trap = np.array([[Trap()]])
    np.save(tmp_path / "some.npy", trap)
    for path in (npz(tmp_path, X=trap), tmp_path / "some.npy", npz(tmp_path, **csr(data=trap))):
        with pytest.raises(DataError, match=r"some.np[yz]"):
            load_samples(path)


HEAD = b"%%MatrixMarket matrix coordinate real general\n"
BAD_FILES = {
    "absent.mtx": (None, "absent.mtx: cannot be read (No such file or directory)"),
    "absent.npz": (None, "absent.npz: cannot be read (No such file or directory)"),
    "": (None, "cannot be read (Is a directory)"),
    "empty.mtx": (b"", "empty.mtx: cannot be read ("),
    "other.mtx": (b"1 2 3\n", "other.mtx: cannot be read ("),
    "complex.mtx": (b"%%MatrixMarket matrix array complex general\n1 1\n1 2\n", "got complex128"),
    "cut.mtx": (HEAD + b"2 2 2\n1 1 5.0\n", "cut.mtx: cannot be read ("),
    "outside.mtx": (HEAD + b"2 2 1\n3 1 5.0\n", "outside.mtx: cannot be read ("),
    "text.mtx": (HEAD + b"2 2 1\n1 1 many\n", "text.mtx: cannot be read ("),
    "none.mtx": (HEAD + b"0 2 0\n", "none.mtx: must not be empty, got shape (0, 2)"),
    "cut.mtx.gz": (gzip.compress(HEAD + b"2 2 1\n1 1 5.0\n", mtime=0)[:-12], "cut.mtx.gz: cannot be read ("),
    "other.mtx.gz": (HEAD, "other.mtx.gz: cannot be read (Not a gzipped file (b'%%'))"),
    "other.npz": (b"hello\nworld", "other.npz: cannot be read (not an archive of arrays)"),
    "other.mat": (b"hello\nworld" * 30, "other.mat: cannot be read"),
    "header.csv": (b"a,b,c\n1,2\n", "header.csv: must have a name a feature, got 3 for 2"),
    "words.csv": (b"a,b\n1,two\n", "words.csv: line 2 must hold numbers, got 'two'"),
}


@pytest.mark.parametrize(("name", "content", "sentence"), [(n, *rest) for n, rest in BAD_FILES.items()])
def test_bad_files_get_one_sentence(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=re.escape(sentence)) as caught:
        load_samples(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["npz", "npy", "sparse"])
def test_a_file_cut_short_is_refused(tmp_path, kind, share):
    path = tmp_path / ("cut.npy" if kind == "npy" else "cut.npz")
    if kind == "sparse":
        scipy.sparse.save_npz(path, scipy.sparse.csr_array(np.random.default_rng(0).random((50, 40))))
    else:
        {"npz": np.savez, "npy": np.save}[kind](path, np.ones((50, 40)))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DataError, match=r"cut.np[yz]: cannot be read"):
        load_samples(path)


def test_a_damaged_sparse_file_is_refused_or_read_but_never_crashes(tmp_path):
    rng = np.random.default_rng(0)
    scipy.sparse.save_npz(tmp_path / "good.npz", scipy.sparse.csr_array(rng.binomial(1, 0.4, (9, 7))))
    good = np.frombuffer((tmp_path / "good.npz").read_bytes(), np.uint8)
    for _ in range(60):
        content = good.copy()
        content[rng.integers(len(content), size=3)] = rng.integers(256, size=3)
        (tmp_path / "damaged.npz").write_bytes(content.tobytes())
        try:
            assert load_samples(tmp_path / "damaged.npz").values.shape == (9, 7)
        except DataError as error:
            assert "damaged.npz" in str(error)  # noqa: PT017  # either outcome is right


def test_names_go_with_files_that_hold_several_arrays(tmp_path):
    for path in (mtx(tmp_path, X), tmp_path / "some.npy"):
        np.save(tmp_path / "some.npy", X)
        with pytest.raises(DataError, match=f"{path.name}: holds a single array without a name, got the name X"):
            load_samples(path, "X")


@pytest.mark.parametrize("ending", [".mtx", ".mtx.gz"])
def test_garbage_in_matrix_market_is_an_error_and_not_the_end(tmp_path, ending):
    path = tmp_path / f"bad{ending}"
    path.write_bytes(gzip.compress(b"no matrix") if ending.endswith("gz") else b"no matrix")
    with pytest.raises(DataError, match=r"bad\.mtx.*cannot be read"):
        load_samples(path)
