"""What `laconic fuse` cannot use: one sentence that names file or option, exit code 2, and no folder left behind."""

import numpy as np
import pytest
from cli.test_fuse import QUICK, TWO, X, Y
from cli.test_nmf_bad_input import assert_refused


def with_value(value):
    changed = X["a"].copy()
    changed[3, 4] = value
    return changed


ARRAYS = {
    "infinity": ({"x_a": with_value(np.inf)}, r"d\.npz: must be finite .*, got an infinite entry of a"),
    "nothing": ({"x_a": np.full((90, 6), np.nan)}, r"d\.npz: modality 'a' is missing in every sample"),
    "one axis": ({"x_a": X["a"][0]}, r"d\.npz:x_a: must have one sample a row, two axes or more, got shape \(6,\)"),
    "empty": ({"x_a": X["a"][:0]}, r"d\.npz:x_a: must not be empty"),
    "text": ({"x_a": X["a"].astype(str)}, r"d\.npz:x_a: must hold real numbers"),
    "objects": ({"x_a": np.array([[1, "a"], [None, {}]], dtype=object)}, "must be a plain array of one type"),
    "fewer samples": ({"x_a": X["a"][:80]}, "as many samples, got 80 of x_a, 90 of x_b"),
    "absent": ({"x_a": None}, "d.npz: the array x_a is missing, the file holds x_b, y"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(name, laconic, tmp_path):
    changes, pattern = ARRAYS[name]
    arrays = {"x_a": X["a"], "x_b": X["b"], "y": Y} | changes
    np.savez(tmp_path / "d.npz", **{key: one for key, one in arrays.items() if one is not None})
    answer = laconic("fuse", tmp_path / "d.npz", *TWO, *QUICK, "--out", tmp_path / "a" / "out", "--quiet")
    assert_refused(answer, pattern)
    assert not (tmp_path / "a").exists()


LABELS = {
    "one class": (np.zeros(90, int), r"labels must be of two classes at least, got only 0"),
    "a rare class": (np.r_[np.zeros(89, int), 1], r"leave every class in both parts.*; give more samples of it"),
    "fewer": (Y[:80], "y must have a label for each of the 90 samples, got 80"),
    "fractions": (np.linspace(0, 1, 90), "y must hold classes"),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels(name, laconic, tmp_path):
    labels, pattern = LABELS[name]
    np.savez(tmp_path / "d.npz", x_a=X["a"], x_b=X["b"], y=labels)
    answer = laconic("fuse", tmp_path / "d.npz", *TWO, *QUICK, "--labels", "y", "--out", tmp_path / "out")
    assert_refused(answer, pattern)
    assert not (tmp_path / "out").exists()


OPTIONS = {
    "no modality": ([], "--modality must be NAME=ARRAY at least once, got None"),
    "no array": (["--modality", "a"], "--modality must be NAME=ARRAY, or NAME=FIRST:LAST .*, got 'a'"),
    "a name that is none": (["--modality", "../a=x_a"], r"--modality must be NAME=ARRAY.*, got '\.\./a=x_a'"),
    "a name twice": ([*TWO, "--modality", "a=x_b"], "--modality must be given once for each name, got 'a=x_b'"),
    "atoms": ([*TWO, "--atoms", "0"], "--atoms must be a whole number of at least 1, or 2 of them with commas"),
    "too many atoms": ([*TWO, "--atoms", "1,2,3"], "--atoms must be a whole number of at least 1, or 2 of them"),
    "atoms that differ": (
        [*TWO, "--atoms", "4,3", "--coupling", "one-to-one"],
        "--atoms must be the same for all modalities where they are coupled one-to-one",
    ),
    "coupling": ([*TWO, "--coupling", "all"], "--coupling must be one of 'one-to-one', 'groups', 'tree', 'separate'"),
    "noise": (
        [*TWO, "--noise", "little"],
        "--noise must be auto, a variance above 0, or NAME=VARIANCE for each of a, b",
    ),
    "no noise": ([*TWO, "--noise", "0"], "--noise must be auto, a variance above 0"),
    "noise of one": ([*TWO, "--noise", "a=0.1"], "--noise must be auto, a variance above 0, or NAME=VARIANCE for each"),
    "scaling": ([*TWO, "--scaling", "log"], "--scaling must be one of 'none', 'center', 'standardize', got 'log'"),
    "method": ([*TWO, "--method", "half"], "--method must be one of 'full', 'reference', got 'half'"),
    "reference without noise": (
        [*TWO, "--method", "reference", "--noise", "auto"],
        "--noise must be given where method is 'reference'",
    ),
    "sparsity": ([*TWO, "--sparsity", "0"], "--sparsity must be a whole number of at least 1, got 0"),
    "cycles": ([*TWO, "--cycles", "-1"], "--cycles must be a whole number of at least 0, got -1"),
    "n-init": ([*TWO, "--n-init", "0"], "--n-init must be a whole number of at least 1, got 0"),
    "max-iter": ([*TWO, "--max-iter", "0"], "--max-iter must be a whole number of at least 1, got 0"),
    "tol": ([*TWO, "--tol", "-1"], r"--tol must be a number in \[0, 2\], got -1"),
    "label noise alone": ([*TWO, "--label-noise", "1"], "--label-noise must be left out without --labels, got 1"),
    "label noise": (
        [*TWO, "--labels", "y", "--label-noise", "0"],
        r"--label-noise must be a number in \(0, inf\), got 0",
    ),
    "checkpoint of classes": (
        [*TWO, "--labels", "y", "--checkpoint", "kept"],
        "--checkpoint must be left out with --labels, got 'kept'",
    ),
    "checkpoint of several": (
        [*TWO, "--n-init", "2", "--checkpoint", "kept"],
        "--checkpoint must be None where n_init is more than 1",
    ),
    "test fraction": (
        [*TWO, "--labels", "y", "--test-fraction", "1"],
        r"--test-fraction must be a number in \(0, 1\), got 1",
    ),
    "image": ([*TWO, "--image", "a=6"], "--image must be lines and columns such as 28x28, got '6'"),
    "image of none": ([*TWO, "--image", "c=2x3"], "--image must be NAME=HxW of one of a, b, got 'c'"),
    "image of another size": ([*TWO, "--image", "a=2x2"], "an image of 2x2 needs as many features of a, got 6"),
    "image without a name": ([*TWO, "--image", "2x3"], "--image must be NAME=HxW, such as left=8x4, got '2x3'"),
    "memory": ([*TWO, "--memory", "much"], "--memory must be a size"),
    "seed": ([*TWO, "--seed", "-1"], "--seed must be"),
    "no option": ([*TWO, "--colour"], "no such option: --colour"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name, laconic, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words, pattern = OPTIONS[name]
    np.savez(tmp_path / "d.npz", x_a=X["a"], x_b=X["b"], y=Y)
    assert_refused(laconic("fuse", tmp_path / "d.npz", *QUICK, "--out", tmp_path / "out", *words, "--quiet"), pattern)
    assert [path.name for path in tmp_path.iterdir()] == ["d.npz"]


def test_a_matrix_larger_than_memory_has_no_column_to_spare(laconic, tmp_path):
    np.save(tmp_path / "d.npy", np.hstack([X["a"], X["b"]]))
    words = ("--modality", "a=:6", "--memory", "20KB")
    answer = laconic("fuse", tmp_path / "d.npy", *words, *QUICK, "--out", tmp_path / "out")
    assert_refused(answer, r"every column must be of a modality .* got 6 of 14 \(a larger --memory")


@pytest.mark.parametrize("there", ["fuse.npz", "metrics.json", "report.html"])
def test_results_are_not_overwritten_unasked(there, laconic, tmp_path):
    np.savez(tmp_path / "d.npz", x_a=X["a"], x_b=X["b"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / there).write_text("mine")
    answer = laconic("fuse", tmp_path / "d.npz", *TWO, *QUICK, "--out", tmp_path / "out")
    assert_refused(answer, "--out must be a folder without results")
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ["mine"]
