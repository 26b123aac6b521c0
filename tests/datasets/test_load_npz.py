"""load_npz gives back what was saved, and refuses everything else in one sentence."""

import re
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from laconic.core.checks import DataError, ParameterError
from laconic.datasets import load_npz

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
REAL = st.sampled_from(["uint8", "int16", "int64", "float16", "float32", "float64", "bool"])


def good(**changes):
    """Arrays of a good file, some of them replaced; None removes one."""
    x = np.linspace(0, 1, 20 * 4 * 3).reshape(20, 4, 3)
    arrays = {"x_train": x, "y_train": np.arange(20) % 2, "x_test": x[:6], "y_test": np.arange(6) % 2} | changes
    return {name: array for name, array in arrays.items() if array is not None}


def save(folder: Path, **arrays):
    np.savez(folder / "some.npz", **arrays)
    return folder / "some.npz"


# ---------------------------------------------------------------- round trips


@FEW
@given(data=st.data(), dtype=REAL, axes=st.integers(2, 3))
def test_values_come_back_as_float32(tmp_path, data, dtype, axes):
    shape = (6, *data.draw(st.lists(st.integers(1, 4), min_size=axes - 1, max_size=axes - 1)))
    kinds = hnp.from_dtype(np.dtype(dtype), allow_nan=False, allow_infinity=False, min_value=None)
    x = data.draw(hnp.arrays(dtype, shape, elements=kinds if dtype != "float64" else st.floats(-1e30, 1e30)))
    y = np.array([0, 1, 2, 2, 1, 0])
    loaded = load_npz(save(tmp_path, x_train=x, y_train=y, x_test=x[:3], y_test=y[:3]))
    expected = x / np.float32(255) if dtype == "uint8" else x
    assert loaded.x_train.dtype == np.float32
    assert loaded.x_train.shape == (shape if axes == 3 else (*shape, 1))
    np.testing.assert_array_equal(loaded.x_train, np.reshape(expected, loaded.x_train.shape).astype(np.float32))
    np.testing.assert_array_equal(loaded.x_test, loaded.x_train[:3])
    assert (loaded.n_steps, loaded.n_features) == loaded.x_train.shape[1:]


LABELS = st.one_of(
    st.lists(st.integers(-(2**40), 2**40), min_size=2, max_size=5, unique=True),
    st.lists(st.text("abcäöß日 <>&", min_size=1, max_size=6), min_size=2, max_size=5, unique=True),
)


@FEW
@given(distinct=LABELS, seed=st.integers(0, 99))
def test_labels_come_back_through_their_names(tmp_path, distinct, seed):
    y = np.random.default_rng(seed).permutation(np.repeat(np.array(distinct), 3))
    loaded = load_npz(save(tmp_path, x_train=np.zeros((len(y), 2)), y_train=y, x_test=np.ones((1, 2)), y_test=y[:1]))
    assert [loaded.classes[code] for code in loaded.y_train] == [str(label) for label in y]
    assert loaded.classes[loaded.y_test[0]] == str(y[0])
    assert loaded.classes == tuple(str(label) for label in np.unique(y))
    assert loaded.y_train.dtype == loaded.y_test.dtype == np.int64


@FEW
@given(sizes=st.lists(st.integers(4, 12), min_size=2, max_size=4), fraction=st.floats(0.2, 0.7), seed=st.integers(0, 9))
def test_a_split_is_a_stratified_partition_that_its_seed_repeats(tmp_path, sizes, fraction, seed):
    y = np.repeat(np.arange(len(sizes)), sizes)
    x = np.arange(len(y), dtype=np.float32)[:, np.newaxis]
    path = save(tmp_path, x_train=x, y_train=y)
    one, two = (load_npz(path, test_fraction=fraction, seed=seed) for _ in range(2))
    np.testing.assert_array_equal(np.sort(np.concatenate([one.x_train, one.x_test]).ravel()), x.ravel())
    np.testing.assert_array_equal(one.x_test, two.x_test)
    np.testing.assert_array_equal(one.y_test, y[one.x_test.ravel().astype(int)])
    given_away = np.bincount(one.y_test, minlength=len(sizes))
    assert np.all(np.abs(given_away - len(one.y_test) * np.array(sizes) / len(y)) <= 1)
    assert one.split == f"stratified {100 * fraction:.4g} % of x_train, seed {seed}"


@pytest.mark.parametrize(
    ("y", "classes", "names"),
    [
        (np.array([1.0, 2.0]), None, ("1", "2")),
        (np.array([True, False]), None, ("False", "True")),
        (np.array([b"left", b"right"]), None, ("left", "right")),
        (np.array([7, 3], np.uint64), None, ("3", "7")),
        (np.array([7, 3]), np.array(["three", "seven"]), ("three", "seven")),
        (np.array(["b", "a"]), np.array(["ignored: labels name themselves"]), ("a", "b")),
    ],
)
def test_kinds_of_labels(tmp_path, y, classes, names):
    optional = {} if classes is None else {"classes": classes}
    assert load_npz(save(tmp_path, **good(y_train=np.tile(y, 10), y_test=np.tile(y, 3)), **optional)).classes == names


def test_the_given_test_part_is_used_and_described(tmp_path):
    loaded = load_npz(save(tmp_path, **good(), other=np.zeros(3)))
    assert loaded.describe() == {
        "name": "some.npz",
        "n_train": 20,
        "n_test": 6,
        "n_steps": 4,
        "n_features": 3,
        "classes": ["0", "1"],
        "split": "x_test, y_test as given",
    }


@pytest.mark.parametrize(("dtype", "arrays"), [("uint8", 1.45), ("float32", 1.45), ("float64", 3.8)])
def test_reading_makes_no_needless_copies(tmp_path, dtype, arrays):
    """At most what is in the file and one float32 array of it, in float32 arrays' worth of memory, and a bit less than
    another copy of the file's array."""
    x = np.zeros((200, 100, 50), dtype)
    path = save(tmp_path, **good(x_train=x, y_train=np.arange(200) % 2, x_test=x[:6]))
    load_npz(path)
    tracemalloc.start()
    load_npz(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < arrays * x.size * 4


# ---------------------------------------------------------------- bad input

X = good()["x_train"]
BAD_ARRAYS = {
    "no x_train": (good(x_train=None), "the array x_train is missing, the file holds y_train, x_test, y_test"),
    "no y_train": (good(y_train=None), "the array y_train is missing, the file holds x_train, x_test, y_test"),
    "half a test part": (good(y_test=None), "x_test and y_test must both be there or neither, the file holds "),
    "text": (good(x_train=X.astype(str)), "x_train must hold real numbers, got <U32"),
    "complex": (good(x_test=X[:6] * 1j), "x_test must hold real numbers, got complex128"),
    "flat": (good(x_train=X[:, 0, 0]), "x_train must have shape (n, steps, features) or (n, steps), got shape (20,)"),
    "colour": (good(x_train=X[..., None]), "(n, steps, features) or (n, steps), got shape (20, 4, 3, 1)"),
    "scalar": (good(x_train=np.float64(1)), "x_train must have shape (n, steps, features) or (n, steps), got shape ()"),
    "no samples": (good(x_train=X[:0], y_train=np.arange(0)), "x_train must not be empty, got shape (0, 4, 3)"),
    "no steps": (good(x_train=X[:, :0]), "x_train must not be empty, got shape (20, 0, 3)"),
    "no tests": (good(x_test=X[:0], y_test=np.arange(0)), "x_test must not be empty, got shape (0, 4, 3)"),
    "lengths": (
        good(y_train=np.arange(19) % 2),
        "x_train and y_train must have the same number of samples, got 20 and 19",
    ),
    "test lengths": (good(x_test=X[:5]), "x_test and y_test must have the same number of samples, got 5 and 6"),
    "steps": (good(x_test=X[:6, :3]), "x_test must have the steps and features of x_train, (4, 3), got (3, 3)"),
    "axes": (good(x_test=X[:6, :, 0]), "x_test must have the steps and features of x_train, (4, 3), got (4,)"),
    "pixels and floats": (
        good(x_train=X.astype(np.uint8)),
        "x_train and x_test must both be uint8 (then scaled by 1/255) or neither, got uint8 and float64",
    ),
    "NaN": (
        good(x_train=np.where(np.arange(240).reshape(X.shape) == 18, np.nan, X)),
        "x_train as float32 must be finite, got 1 NaN or infinite values, the first at index (1, 2, 0)",
    ),
    "infinite test": (good(x_test=np.full((6, 4, 3), np.inf)), "x_test as float32 must be finite"),
    "too large for float32": (
        good(x_train=X * 1e300),
        "x_train as float32 must be finite, got 239 NaN or infinite values",
    ),
    "one label a step": (
        good(y_train=np.zeros((20, 4), int)),
        "y_train must have one label a sample, shape (n,), got shape (20, 4)",
    ),
    "fractions": (
        good(y_train=np.arange(20) / 2),
        "y_train must hold classes, as integers or strings, got float64 with the value 0.5",
    ),
    "NaN label": (
        good(y_test=np.array([0, 1, np.nan] * 2)),
        "y_test must hold classes, as integers or strings, got float64 with the value nan",
    ),
    "huge label": (good(y_train=np.full(20, 2.0**60)), "got float64 with values of 2**53 and more"),
    "dates": (
        good(y_train=np.arange(20).astype("M8[s]")),
        "y_train must hold classes, as integers or strings, got datetime64[s]",
    ),
    "one class": (good(y_train=np.ones(20, int)), "y_train must hold at least two classes, got only 1"),
    "unseen": (good(y_test=np.arange(6)), "y_test must hold only classes that y_train has, got also 2, 3, 4, 5"),
    "many unseen": (good(x_test=X, y_test=np.arange(20)), "got also 2, 3, 4, 5, 6, ..."),
    "other kind": (
        good(y_test=np.array(["0", "1"] * 3)),
        "y_test must hold labels of the same kind as y_train (int64), got <U1",
    ),
    "names": (
        good(classes=np.array(["a", "b", "c"])),
        "classes must hold 2 names, one for each label in y_train in ascending order, got <U1 of shape (3,)",
    ),
    "numbered names": (good(classes=np.arange(2)), "got int64 of shape (2,)"),
    "rare class": (
        good(x_test=None, y_test=None, y_train=np.arange(20) == 3),
        "a stratified split must leave every class in both parts, got 20 samples of 2 classes (the rarest has 1) "
        "and a test share of 0.2; give more samples, or x_test and y_test",
    ),
    "fewer tests than classes": (
        good(x_test=None, y_test=None, y_train=np.arange(20) // 2),
        "got 20 samples of 10 classes (the rarest has 2) and a test share of 0.2",
    ),
}


@pytest.mark.parametrize(("arrays", "sentence"), BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
def test_bad_arrays_get_one_sentence(tmp_path, arrays, sentence):
    path = save(tmp_path, **arrays)
    with pytest.raises(DataError, match=re.escape(sentence)) as caught:
        load_npz(path)
    assert str(caught.value).startswith("some.npz: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["x_train", "y_train", "x_test", "y_test", "classes"])
def test_objects_are_never_unpickled(tmp_path, name):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("was unpickled",))

    trap = np.empty(20, dtype=object)
    trap[:] = [Trap()] * 20
    path = save(tmp_path, **good(**{name: trap}))
    with pytest.raises(DataError, match=f"some.npz: {name} must be a plain array of one type, got objects .*ragged"):
        load_npz(path)


def test_ragged_rows(tmp_path):
    rows = np.array([np.zeros(3), np.zeros(4)], dtype=object)
    with pytest.raises(DataError, match="x_train must be a plain array of one type, got objects"):
        load_npz(save(tmp_path, **good(x_train=rows)))


def test_bad_files_get_one_sentence(tmp_path):
    names = {
        "absent.npz": (None, r"must be an \.npz file, but it cannot be read \(No such file or directory\)"),
        "empty.npz": (b"", r"cannot be read \(No data left in file\)"),
        "text.npz": (b"hello\nworld, this is no archive", r"cannot be read \(not an archive of arrays\)"),
        "cut.npz": (save(tmp_path, **good()).read_bytes()[:900], r"cannot be read \(File is not a zip file\)"),
        "n" * 300 + ".npz": (None, r"cannot be read \(File name too long\)"),
        "null\0.npz": (None, r"cannot be read \(embedded null byte\)"),
        "": (None, r"cannot be read \(Is a directory\)"),
    }
    for name, (content, pattern) in names.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=pattern):
            load_npz(tmp_path / name)


def test_a_single_array_is_not_an_archive(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(DataError, match=r"must be an \.npz file with x_train and y_train, got a single array"):
        load_npz(tmp_path / "x.npy")


def test_an_archive_of_other_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "docs.npz", "w") as archive:
        archive.writestr("x_train", "not an array")
        archive.writestr("y_train", "nor this")
    with pytest.raises(DataError, match=r"docs.npz: x_train must be an array, got a file of another kind"):
        load_npz(tmp_path / "docs.npz")


@FEW
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_but_never_crashes(tmp_path, data):
    np.savez_compressed(tmp_path / "some.npz", **good())
    content = bytearray((tmp_path / "some.npz").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged.npz").write_bytes(content)
    try:
        loaded = load_npz(tmp_path / "damaged.npz")
    except DataError as error:
        assert "damaged.npz: " in str(error)  # noqa: PT017  # either outcome is right
    else:
        assert np.isfinite(loaded.x_train).all()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"test_fraction": 0}, "load_npz: test_fraction must be a number in (0, 1), got 0"),
        ({"test_fraction": 1.0}, "load_npz: test_fraction must be a number in (0, 1), got 1.0"),
        ({"test_fraction": "0.2"}, "load_npz: test_fraction must be a number in (0, 1), got '0.2'"),
        ({"seed": -1}, "load_npz: seed must be a whole number from 0 to 2**32 - 1, got -1"),
        ({"seed": 0.5}, "load_npz: seed must be a whole number from 0 to 2**32 - 1, got 0.5"),
    ],
)
def test_bad_parameters_of_the_split(tmp_path, options, sentence):
    path = save(tmp_path, **good(x_test=None, y_test=None))
    with pytest.raises(ParameterError, match=re.escape(sentence)):
        load_npz(path, **options)
