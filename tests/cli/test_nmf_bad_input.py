"""What `laconic nmf` cannot use: one sentence that names file or option, exit code 2, and no folder left behind."""

import re

import numpy as np
import pytest
import scipy.sparse

X = np.random.default_rng(0).random((20, 6))


def assert_refused(answer, pattern):
    code, out, error = answer
    assert code == 2, error
    assert out == ""
    assert re.fullmatch(r"laconic: [^\n]+\n", error), error
    assert re.search(pattern, error), error


def with_value(value):
    changed = X.copy()
    changed[3, 4] = value
    return changed


SAMPLES = {
    "negative": (with_value(-2.0), r"must be at least 0 everywhere. Negative values in data: -2, got|Negative.*: -2"),
    "infinity": (with_value(np.inf), "must be finite"),
    "nothing": (np.full((4, 3), np.nan), "must have an entry that is not missing"),
    "one axis": (X[0], r"must have one sample a row, two axes or more, got shape \(6,\)"),
    "empty": (X[:0], r"must not be empty, got shape \(0, 6\)"),
    "complex": (X * 1j, "must hold real numbers, got complex128"),
    "text": (X.astype(str), "must hold real numbers, got <U"),
    "objects": (np.array([[1, "a"], [None, {}]], dtype=object), "must be a plain array of one type, got objects"),
}


@pytest.mark.parametrize("memory", ["1GB", "2KB"])
@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name, memory, laconic, tmp_path):
    array, pattern = SAMPLES[name]
    np.save(tmp_path / "X.npy", array)
    answer = laconic(
        "nmf", tmp_path / "X.npy", "--components", "2", "--memory", memory, "--out", tmp_path / "a" / "out"
    )
    assert_refused(answer, rf"X\.npy: .*({pattern})")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["negative", "infinity"])
def test_sparse_samples_and_those_that_ranks_are_chosen_by(name, laconic, tmp_path):
    array, pattern = SAMPLES[name]
    scipy.sparse.save_npz(tmp_path / "X.npz", scipy.sparse.csr_array(array))
    for words in (["--components", "2"], ["--ranks", "2,3"]):
        answer = laconic("nmf", tmp_path / "X.npz", *words, "--out", tmp_path / "out", "--quiet")
        assert_refused(answer, pattern)
        assert not (tmp_path / "out").exists()


FILES = {
    "none.npy": r"none.npy: cannot be read .No such file",
    "none.csv": r"none.csv: cannot be read .No such file",
    "none.mtx": r"none.mtx: cannot be read",
    "none.h5ad": r"none.h5ad: cannot be read",
    "two.npz": r"two.npz: which array is meant. Write two.npz:NAME; the file holds A, B",
    "two.npz:C": "two.npz: the array C is missing, the file holds A, B",
    "bad.npz": "bad.npz: cannot be read",
    "bad.npy": "bad.npy: cannot be read",
}


@pytest.mark.parametrize("name", FILES)
def test_files(name, laconic, tmp_path):
    np.savez(tmp_path / "two.npz", A=X, B=X)
    for bad in ("bad.npz", "bad.npy"):
        (tmp_path / bad).write_bytes(b"\x80\x04\x95cos\nsystem\n.")
    answer = laconic("nmf", tmp_path / name, "--components", "2", "--out", tmp_path / "out")
    assert_refused(answer, FILES[name])
    assert not (tmp_path / "out").exists()


TWO = ["--components", "2"]
OPTIONS = {
    "no number of parts": ([], "--components must be a whole number of at least 1, got None"),
    "components": (["--components", "0"], "--components must be a whole number of at least 1, got 0"),
    "components in words": (["--components", "few"], "invalid value for '--components'.*see laconic nmf --help"),
    "both": ([*TWO, "--ranks", "2,3"], "--ranks must be left out where --components is given, got '2,3'"),
    "ranks": (
        ["--ranks", "2,b"],
        "--ranks must be whole numbers of at least 1 with commas, such as 5,10,20, got '2,b'",
    ),
    "rank of zero": (["--ranks", "0,3"], "--ranks must be whole numbers of at least 1"),
    "prior": ([*TWO, "--prior", "cauchy"], "--prior must be one of 'rgdp', 'gdp', 'student_t'"),
    "dictionary prior": ([*TWO, "--dictionary-prior", "flat"], "--dictionary-prior must be one of"),
    "prior of parts alone": (
        [*TWO, "--prior", "none", "--dictionary-prior", "laplacian"],
        "--dictionary-prior must be None where codes have no prior",
    ),
    "noise": ([*TWO, "--noise", "little"], "--noise must be a variance or auto, got 'little'"),
    "negative noise": ([*TWO, "--noise", "-1"], r"--noise must be a number in \[0, inf\), got -1"),
    "noise and snr": ([*TWO, "--noise", "1", "--snr", "20"], "--snr must be None where noise is given"),
    "noise without a prior": ([*TWO, "--prior", "none", "--noise", "1"], "--noise must be left out with --prior none"),
    "snr without a prior": ([*TWO, "--prior", "none", "--snr", "9"], "--snr must be left out with --prior none"),
    "solver": ([*TWO, "--solver", "newton"], "--solver must be one of 'hals', 'multiplicative', got 'newton'"),
    "init": ([*TWO, "--init", "zeros"], "--init must be one of 'nndsvd', 'random', got 'zeros'"),
    "restarts": ([*TWO, "--restarts", "0"], "--restarts must be a whole number of at least 1, got 0"),
    "max-iter": ([*TWO, "--max-iter", "0"], "--max-iter must be a whole number of at least 1, got 0"),
    "tol": ([*TWO, "--tol", "-1"], r"--tol must be a number in \[0, 1\], got -1"),
    "image": ([*TWO, "--image", "6"], "--image must be lines and columns such as 28x28, got '6'"),
    "image of another size": ([*TWO, "--image", "3x3"], "X.npy: an image of 3x3 needs as many features, got 6"),
    "image of columns": ([*TWO, "--image", "4x5"], r"got 6 \(--transpose takes columns as samples\)"),
    "order": ([*TWO, "--order", "K"], "--order must be one of 'C', 'F', got 'K'"),
    "memory": ([*TWO, "--memory", "much"], "--memory must be a size"),
    "seed": ([*TWO, "--seed", "-1"], "--seed must be"),
    "names of another file": ([*TWO, "--names", "none.txt"], "none.txt: cannot be read as names"),
    "no option": ([*TWO, "--colour"], "no such option: --colour"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name, laconic, tmp_path):
    words, pattern = OPTIONS[name]
    np.save(tmp_path / "X.npy", X)
    assert_refused(laconic("nmf", tmp_path / "X.npy", "--out", tmp_path / "out", *words), pattern)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("names", ["a\nb\n", "\n"])
def test_names_that_do_not_fit(names, laconic, tmp_path):
    np.save(tmp_path / "X.npy", X)
    (tmp_path / "names.txt").write_text(names)
    answer = laconic("nmf", tmp_path / "X.npy", *TWO, "--names", tmp_path / "names.txt", "--out", tmp_path / "out")
    assert_refused(answer, "a name for each of the 6 features, got 2|must hold names, one a line, got none")


@pytest.mark.parametrize("there", ["nmf.npz", "metrics.json", "report.html"])
def test_results_are_not_overwritten_unasked(there, laconic, tmp_path):
    np.save(tmp_path / "X.npy", X)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / there).write_text("mine")
    answer = laconic("nmf", tmp_path / "X.npy", *TWO, "--out", tmp_path / "out")
    assert_refused(answer, "--out must be a folder without results")
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_folder_that_cannot_be_written_to(laconic, tmp_path):
    np.save(tmp_path / "X.npy", X)
    (tmp_path / "file").write_text("mine")
    answer = laconic("nmf", tmp_path / "X.npy", *TWO, "--out", tmp_path / "file" / "below")
    assert_refused(answer, "--out must be a folder that can be written to")
