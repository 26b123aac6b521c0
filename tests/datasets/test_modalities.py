"""Modalities from a user's own file: arrays by name, or columns of a matrix, with labels that nothing else holds."""

import re

import numpy as np
import pytest
import scipy.sparse
from scipy.io import savemat

from laconic.core.checks import DataError, ParameterError
from laconic.datasets import load_modalities

A, B = np.arange(12.0).reshape(4, 3), np.arange(24).reshape(4, 2, 3)
Y = np.array([0, 1, 0, 1])


def test_arrays_of_an_archive(tmp_path):
    np.savez(tmp_path / "d.npz", a=A, b=B, y=Y)
    found = load_modalities(tmp_path / "d.npz", {"one": "a", "two": "b"}, "y")
    np.testing.assert_array_equal(found.values["one"], A)
    np.testing.assert_array_equal(found.values["two"], B.reshape(4, 6))
    assert found.images == {"one": None, "two": (2, 3)}
    assert found.source == "d.npz"
    assert found.labels.tolist() == Y.tolist()
    assert found.matrix is None


def test_arrays_of_matlab_may_be_sparse(tmp_path):
    savemat(tmp_path / "d.mat", {"a": A, "b": scipy.sparse.csc_array(A), "y": Y})
    found = load_modalities(tmp_path / "d.mat", {"one": "a", "two": "b"}, "y")
    np.testing.assert_array_equal(found.values["two"], A)
    assert found.labels.tolist() == Y.tolist()


@pytest.mark.parametrize(
    ("places", "columns"),
    [({"a": "0:2", "b": "2"}, [[0, 1], [2]]), ({"b": "2:", "a": ":2"}, [[2, 3], [0, 1]])],
)
def test_columns_of_a_matrix(places, columns, tmp_path):
    X = np.arange(20.0).reshape(5, 4)
    np.save(tmp_path / "d.npy", X)
    found = load_modalities(tmp_path / "d.npy", places)
    for values, which in zip(found.values.values(), columns, strict=True):
        np.testing.assert_array_equal(values, X[:, which])
    assert isinstance(found.matrix, np.memmap)
    assert list(found.columns) == list(places)


def test_names_and_labels_of_a_table(tmp_path):
    (tmp_path / "d.csv").write_text("p,q,r,kind\n1,2,3,0\n4,,6,1\n7,8,9,1\n")
    found = load_modalities(tmp_path / "d.csv", {"a": "0:2", "b": "2"}, "kind")
    assert found.names == {"a": ("p", "q"), "b": ("r",)}
    assert np.isnan(found.values["a"][1, 1])
    assert found.labels.tolist() == [0, 1, 1]
    assert load_modalities(tmp_path / "d.csv", {"a": "0:2"}, "3").labels.tolist() == [0, 1, 1]


BAD = {
    "lengths": ({"a": "a", "b": "short"}, None, DataError, r"as many samples, got 4 of a, 3 of short"),
    "absent": ({"a": "c"}, None, DataError, "d.npz: the array c is missing, the file holds a, short, y, f"),
    "no labels": ({"a": "a"}, "z", DataError, "the array z is missing"),
    "few labels": ({"a": "short"}, "y", DataError, "y must have a label for each of the 3 samples, got 4"),
    "fractions": ({"a": "a"}, "f", DataError, "f must hold classes, as integers or strings"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_it_refuses_of_an_archive(name, tmp_path):
    places, labels, kind, words = BAD[name]
    np.savez(tmp_path / "d.npz", a=A, short=A[:3], y=Y, f=Y + 0.5)
    with pytest.raises(kind, match=words):
        load_modalities(tmp_path / "d.npz", places, labels)


@pytest.mark.parametrize(
    ("places", "labels", "words"),
    [
        ({"a": "0:5"}, None, "columns of a matrix that has 4 of them, such as 0:4, got '0:5'"),
        ({"a": "2:2"}, None, "got '2:2'"),
        ({"a": ":"}, None, "got ':'"),
        ({"a": "-1"}, None, "got '-1'"),
        ({"a": "x"}, None, "got 'x'"),
        ({"a": "0:2", "b": "1:3"}, None, "columns that nothing else has, got 'column 1, of a and of b'"),
        ({"a": "0:4"}, "3", "got 'column 3, of the labels and of a'"),
        ({"a": "0:2"}, "4", "labels must be the number of a column of d.npy, which has 4, or its name"),
        ({"a": "0:2"}, "kind", "labels must be the number"),
    ],
)
def test_what_it_refuses_of_a_matrix(places, labels, words, tmp_path):
    np.save(tmp_path / "d.npy", np.arange(20.0).reshape(5, 4))
    with pytest.raises(ParameterError, match=re.escape(words)):
        load_modalities(tmp_path / "d.npy", places, labels)


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "d.npz", a=np.array([[1, "x"], [None, {}]], dtype=object))
    with pytest.raises(DataError, match="must be a plain array of one type, got objects"):
        load_modalities(tmp_path / "d.npz", {"a": "a"})
