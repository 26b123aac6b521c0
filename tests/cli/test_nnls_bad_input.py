"""What `laconic nnls` cannot use: one sentence that names file or option, exit code 2, and no folder left behind."""

import re

import numpy as np
import pytest
from nnls_cli_helpers import A, Y, write, write_mat_73, write_npz


def assert_refused(answer, pattern):
    code, out, error = answer
    assert code == 2, error
    assert out == ""
    lines = error.splitlines()
    assert all(re.match(r"signals: ", line) for line in lines[:-1]), error
    assert re.fullmatch(r"laconic: [^\n]+", lines[-1]), error
    assert re.search(pattern, lines[-1]), error


def with_value(array, value):
    changed = array.copy()
    changed[3, 4] = value
    return changed


def objects():
    return np.array([[1, "a"], [None, {}]], dtype=object)


SIGNALS = {
    "infinity": (with_value(Y, np.inf), "infinite entry, the first in entry 3 of signal 4"),
    "other length": (Y[:-1], r"as many entries as the 24 rows of the dictionary A.npy, got 23"),
    "rows": (np.ones((7, 24)), r"got 7 \(--transpose takes rows as signals\)"),
    "complex": (Y * 1j, "must hold real numbers, got complex128"),
    "text": (Y.astype(str), "must hold real numbers, got <U"),
    "three axes": (Y[None], r"must have one axis or two, got shape \(1, 24, 30\)"),
    "empty": (Y[:, :0], r"must not be empty, got shape \(24, 0\)"),
    "objects": (objects(), "must be a plain array of one type, got objects"),
}


@pytest.mark.parametrize("kind", ["npy", "npz"])
@pytest.mark.parametrize("name", SIGNALS)
def test_signals(name, kind, laconic, tmp_path):
    array, pattern = SIGNALS[name]
    files = ["--dictionary", write(tmp_path, "npy", A, "A"), "--signals", write(tmp_path, kind, array, "Y")]
    answer = laconic("nnls", *files, "--out", tmp_path / "deep" / "out", "--method", "nnls")
    assert_refused(answer, rf"Y\.{kind}.*{pattern}")
    assert not (tmp_path / "deep").exists()


DICTIONARIES = {
    "NaN": (with_value(A, np.nan), "A.npy: the dictionary must be finite, got 1 NaN.* row 3, column 4"),
    "infinity": (with_value(A, -np.inf), "A.npy: the dictionary must be finite"),
    "objects": (objects(), "A.npy: the array must be a plain array of one type, got objects"),
}


@pytest.mark.parametrize("name", DICTIONARIES)
def test_dictionaries(name, laconic, tmp_path):
    array, pattern = DICTIONARIES[name]
    files = ["--dictionary", write(tmp_path, "npy", array, "A"), "--signals", write(tmp_path, "npy", Y, "Y")]
    assert_refused(laconic("nnls", *files, "--out", tmp_path / "out"), pattern)
    assert not (tmp_path / "out").exists()


CSV = {
    "text": ("1,2\n3,four\n", "line 2 must hold numbers, got 'four'"),
    "text in the first line": ("1,two\n3,4\n", "line 1 must hold numbers, got 'two'"),
    "ragged": ("a,b\n1,2\n\n3\n", "line 4 has 1 fields, the first of numbers has 2"),
    "names alone": ("a,b\n", "must hold numbers, got a line of names alone"),
    "empty": ("", "must hold numbers, got an empty file"),
    "bytes": ("\udcff\udcfe", "must be a text file of numbers, got bytes that are no text"),
}


@pytest.mark.parametrize("name", CSV)
def test_csv(name, laconic, tmp_path):
    text, pattern = CSV[name]
    (tmp_path / "Y.csv").write_text(text, "utf-8", "surrogateescape")
    files = ["--dictionary", write(tmp_path, "npy", A, "A"), "--signals", tmp_path / "Y.csv"]
    assert_refused(laconic("nnls", *files, "--out", tmp_path / "out"), rf"Y\.csv: {pattern}")


def files_of(tmp_path):
    from scipy.io import savemat

    write_npz(tmp_path / "both.npz", A=A, Y=Y)
    write(tmp_path, "npy", Y, "Y")
    write_mat_73(tmp_path / "new.mat")
    savemat(tmp_path / "cells.mat", {"c": np.array([1, "a"], dtype=object)})
    savemat(tmp_path / "two.mat", {"a": A, "b": A})
    for name in ("bad.npz", "bad.npy", "bad.mat"):
        (tmp_path / name).write_bytes(b"\x80\x04\x95cos\nsystem\n.")
    (tmp_path / "cut.npy").write_bytes((tmp_path / "Y.npy").read_bytes()[:-100])


FILES = {
    "none.npz": "none.npz: cannot be read .No such file",
    "none.npy": "none.npy: cannot be read .No such file",
    "none.csv": "none.csv: cannot be read .No such file",
    "none.mat": "none.mat: cannot be read",
    ".": "cannot be read .Is a directory",
    "both.npz": "both.npz: which array is meant. Write both.npz:NAME; the file holds A, Y",
    "both.npz:B": "both.npz: the array B is missing, the file holds A, Y",
    "two.mat": "two.mat: which array is meant.* holds a, b",
    "two.mat:c": "two.mat: the array c is missing, the file holds a, b",
    "new.mat": "new.mat: is a MATLAB 7.3 file .HDF5., which is not read",
    "cells.mat": "cells.mat:c: must be a plain array of one type, got a cell array",
    "bad.npz": "bad.npz: cannot be read .not an archive of arrays",
    "bad.npy": "bad.npy: cannot be read",
    "bad.mat": "bad.mat: cannot be read",
    "cut.npy": "cut.npy: cannot be read",
}


@pytest.mark.parametrize("name", FILES)
def test_files(name, laconic, tmp_path):
    files_of(tmp_path)
    answer = laconic(
        "nnls", "--dictionary", tmp_path / name, "--signals", tmp_path / "Y.npy", "--out", tmp_path / "out"
    )
    assert_refused(answer, FILES[name])
    assert not (tmp_path / "out").exists()


def test_a_name_where_there_are_none(laconic, tmp_path):
    files = ["--dictionary", write(tmp_path, "npy", A, "A"), "--signals", write(tmp_path, "npy", Y, "Y")]
    answer = laconic("nnls", *files, "--signals-name", "Y", "--out", tmp_path / "out")
    assert_refused(answer, "Y.npy: holds a single array without a name, got the name Y")


def test_objects_are_never_unpickled(laconic, tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path / "sprung").mkdir, ()

    trap = np.array([Trap()] * 3, dtype=object)
    np.save(tmp_path / "A.npy", trap, allow_pickle=True)
    np.savez(tmp_path / "A.npz", A=trap)
    for name in ("A.npy", "A.npz"):
        words = ["--dictionary", tmp_path / name, "--signals", tmp_path / name, "--out", tmp_path / "out"]
        assert_refused(laconic("nnls", *words), "got objects")
    assert not (tmp_path / "sprung").exists()


OPTIONS = {
    "method": (["--method", "lasso"], "--method must be one of 'rsbl', 'sparse', 'nnls', 'omp', got 'lasso'"),
    "e-step": (["--e-step", "exact"], "--e-step must be one of 'diagonal'"),
    "prior": (["--prior", "cauchy"], "--prior must be one of"),
    "noise": (["--noise", "little"], "--noise must be a variance, auto or cv, got 'little'"),
    "negative noise": (["--noise", "-1"], "--noise must be a variance of at least 0"),
    "noise and snr": (["--noise", "1", "--snr", "20"], "--snr must be left out where noise is given"),
    "estimate": (["--estimate", "median"], "--estimate must be one of 'mode', 'mean'"),
    "option of another method": (
        ["--method", "nnls", "--e-step", "ep"],
        r"--e-step must be left out with --method nnls \(it is for rsbl\), got 'ep'",
    ),
    "cv for another method": (["--method", "sparse", "--noise", "cv"], "--noise must be"),
    "too few columns": (["--method", "omp", "--n-nonzero", "0"], "--n-nonzero must be a whole number of at least 1"),
    "memory": (["--memory", "much"], "--memory must be a size"),
    "seed": (["--seed", "-1"], "--seed must be"),
    "image": (["--image", "30"], "--image must be lines and columns such as 95x95, got '30'"),
    "image of another size": (["--image", "6x6"], "Y.npy: an image of 6x6 needs as many signals, got 30"),
    "order": (["--image", "6x5", "--order", "K"], "--order must be one of 'C', 'F', got 'K'"),
    "names of another file": (["--names", "none.txt"], "none.txt: cannot be read as names"),
    "no option": (["--colour"], "no such option: --colour"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name, laconic, tmp_path):
    words, pattern = OPTIONS[name]
    files = ["--dictionary", write(tmp_path, "npy", A, "A"), "--signals", write(tmp_path, "npy", Y, "Y")]
    assert_refused(laconic("nnls", *files, "--out", tmp_path / "out", *words), pattern)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("names", [np.array(["a", "b"]), np.arange(9), np.array([], dtype=str)])
def test_names_that_do_not_fit(names, laconic, tmp_path):
    files = ["--dictionary", write(tmp_path, "npy", A, "A"), "--signals", write(tmp_path, "npy", Y, "Y")]
    answer = laconic("nnls", *files, "--out", tmp_path / "out", "--names", write(tmp_path, "npy", names, "names"))
    assert_refused(answer, "a name for each of the 9 columns|must hold names")


@pytest.mark.parametrize("there", ["codes.npz", "metrics.json", "report.html"])
def test_results_are_not_overwritten_unasked(there, laconic, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / there).write_text("mine")
    files = ["--dictionary", write(tmp_path, "npy", A, "A"), "--signals", write(tmp_path, "npy", Y, "Y")]
    assert_refused(laconic("nnls", *files, "--out", tmp_path / "out"), "--out must be a folder without results")
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_folder_that_cannot_be_written_to(laconic, tmp_path):
    (tmp_path / "file").write_text("mine")
    files = ["--dictionary", write(tmp_path, "npy", A, "A"), "--signals", write(tmp_path, "npy", Y, "Y")]
    for out in ("file", "file/below"):
        answer = laconic("nnls", *files, "--out", tmp_path / out)
        assert_refused(answer, "--out must be a folder that can be written to")
    assert (tmp_path / "file").read_text() == "mine"
