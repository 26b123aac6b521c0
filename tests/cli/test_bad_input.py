"""What cannot be used: one sentence that names file or option, exit code 2, and no folder left behind."""

import json
import os
import re

import numpy as np
import pytest
from cli_helpers import arrays, write_data

pytest.importorskip("torch")

GOOD = arrays()


def with_value(value):
    x = GOOD["x_train"].copy()
    x[3, 1, 2] = value
    return x


def ragged():
    return np.array([np.zeros(2), np.zeros(3)] * 60, dtype=object)


FILES = {
    "no x_train": ({"x_train": None}, "x_train is missing"),
    "no y_train": ({"y_train": None}, "y_train is missing"),
    "no x_test": ({"x_test": None}, "x_test and y_test must both be there or neither"),
    "no y_test": ({"y_test": None}, "x_test and y_test must both be there or neither"),
    "NaN": ({"x_train": with_value(np.nan)}, r"x_train .*must be finite, got 1 NaN.* at index \(3, 1, 2\)"),
    "infinity": ({"x_train": with_value(np.inf)}, r"x_train .*must be finite"),
    "NaN in the test part": ({"x_test": np.full_like(GOOD["x_test"], np.nan)}, r"x_test .*must be finite"),
    "ragged": ({"x_train": ragged()}, "x_train must be a plain array of one type, got objects"),
    "objects as labels": ({"y_train": np.array([0, "a", None] * 40, dtype=object)}, "y_train must be a plain array"),
    "one axis": ({"x_train": np.zeros(120)}, r"x_train must have shape .* got shape \(120,\)"),
    "four axes": ({"x_train": np.zeros((120, 2, 2, 2))}, "x_train must have shape"),
    "complex": ({"x_train": GOOD["x_train"] * 1j}, "x_train must hold real numbers, got complex64"),
    "text": ({"x_train": GOOD["x_train"].astype(str)}, "x_train must hold real numbers"),
    "empty": ({"x_train": np.zeros((0, 5, 4)), "y_train": np.zeros(0, int)}, "x_train|y_train"),
    "no steps": ({"x_train": np.zeros((120, 0, 4))}, "x_train must not be empty"),
    "labels with fractions": ({"y_train": GOOD["y_train"] + 0.5}, "y_train must hold classes.* value 0.5"),
    "NaN as label": ({"y_train": np.where(GOOD["y_train"] > 0, 1.0, np.nan)}, "y_train must hold classes"),
    "one-hot labels": ({"y_train": np.eye(3)[GOOD["y_train"]]}, r"y_train must have one label a sample"),
    "lengths differ": ({"y_train": GOOD["y_train"][:-1]}, "x_train and y_train .* got 120 and 119"),
    "test lengths differ": ({"y_test": GOOD["y_test"][:-1]}, "x_test and y_test .* got 60 and 59"),
    "one class": ({"y_train": np.zeros(120, int)}, "y_train must hold at least two classes, got only 0"),
    "unseen class": ({"y_test": GOOD["y_test"] + 1}, "y_test must hold only classes that y_train has, got also 3"),
    "other kind of class": ({"y_test": GOOD["y_test"].astype(str)}, "y_test must hold labels of the same kind"),
    "other steps": ({"x_test": GOOD["x_test"][:, 1:]}, r"x_test must have the steps and features of x_train"),
    "other features": ({"x_test": GOOD["x_test"][..., 1:]}, r"x_test must have the steps and features of x_train"),
    "too few to split": ({"x_test": None, "y_test": None, "y_train": np.arange(120)}, "a stratified split"),
}

OPTIONS = {
    "budget below the classifier": (["--budget", "100"], r"--budget must be at least \d+ bytes .*, got 100$"),
    "budget without a number": (["--budget", "small"], "--budget must be a size such as '4KB'.*got 'small'"),
    "budget of another unit": (["--budget", "4 parsecs"], "--budget must be a size"),
    "negative budget": (["--budget", "-4KB"], "--budget must be a size"),
    "no budget": (["--budget", "0"], "--budget must be a size"),
    "unknown method": (["--methods", "kron"], "--methods must be all, or some of kronecker,.* got 'kron'"),
    "a method too many": (["--methods", "kronecker,magic"], "--methods must be all, or some of"),
    "no methods": (["--methods", ","], "--methods must be all, or some of"),
    "unknown cell": (["--cell", "lstn"], "--cell must be one of 'lstm', .*, got 'lstn'"),
    "unknown shapes": (["--shapes", "round"], "--shapes must be one of 'auto', 'paper', got 'round'"),
    "no units": (["--hidden", "0"], "--hidden must be a whole number of at least 1, got 0"),
    "units that are no number": (["--hidden", "many"], "'--hidden'.*see laconic compress --help"),
    "no layers": (["--layers", "0"], "--layers must be a whole number of at least 1, got 0"),
    "no epochs": (["--epochs", "0"], "--epochs must be a whole number of at least 1, got 0"),
    "no batch": (["--batch-size", "0"], "--batch-size must be a whole number of at least 1, got 0"),
    "negative rate": (["--learning-rate", "-1"], r"--learning-rate must be a number in \(0, inf\), got -1.0"),
    "rate that is no number": (["--learning-rate", "nan"], "--learning-rate must be a number"),
    "negative decay": (["--weight-decay", "-1"], "--weight-decay must be a number"),
    "too smooth": (["--label-smoothing", "1"], "--label-smoothing must be a number"),
    "negative seed": (["--seed", "-1"], r"--seed must be a whole number from 0 to 2\*\*32 - 1, got -1"),
    "seed too large": (["--seed", "4294967296"], "--seed must be a whole number"),
    "no jobs": (["--jobs", "0"], "--jobs must be a whole number of at least 1, got 0"),
    "unknown option": (["--colour"], "no such option: --colour"),
    "a word too many": (["more"], r"unexpected extra argument"),
}


def assert_refused(answer, pattern):
    code, out, error = answer
    assert code == 2, error
    assert out == ""
    assert re.fullmatch(r"laconic: [^\n]+\n", error), error
    assert re.search(pattern, error.rstrip("\n")), error


@pytest.mark.parametrize("name", FILES)
def test_files(name, laconic, tmp_path):
    changes, pattern = FILES[name]
    file = write_data(tmp_path / "mine.npz", **changes)
    assert_refused(laconic("compress", file, "--out", tmp_path / "out"), rf"mine\.npz: .*{pattern}")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.npz"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.npz", None),
        ("text.npz", b"not an archive"),
        ("empty.npz", b""),
        ("pickle.npz", b"\x80\x04\x95cos\nsystem\n."),
        ("cut.npz", b"PK\x03\x04\x14\x00"),
    ],
)
def test_files_that_are_no_npz(name, content, laconic, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert_refused(laconic("compress", tmp_path / name, "--out", tmp_path / "out"), rf"{name}: must be an \.npz file")
    assert not (tmp_path / "out").exists()


def test_a_folder_is_no_file(laconic, tmp_path):
    assert_refused(laconic("compress", tmp_path, "--out", tmp_path / "out"), "must be an .npz file")


def test_objects_are_never_unpickled(laconic, tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path / "sprung").mkdir, ()

    file = write_data(tmp_path / "trap.npz", x_train=np.array([Trap()] * 120, dtype=object))
    assert_refused(laconic("compress", file, "--out", tmp_path / "out"), "got objects")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", OPTIONS)
def test_options(name, laconic, data, tmp_path):
    words, pattern = OPTIONS[name]
    assert_refused(laconic("compress", data, "--out", tmp_path / "out", *words), pattern)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("share", ["0", "1", "-0.2", "nan"])
def test_share_to_test_on(share, laconic, tmp_path):
    file = write_data(tmp_path / "mine.npz", x_test=None, y_test=None)
    answer = laconic("compress", file, "--out", tmp_path / "out", "--test-fraction", share)
    assert_refused(answer, r"--test-fraction must be a number in \(0, 1\)")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        (["compress"], "missing argument 'DATA.npz' .see laconic compress --help"),
        (["compress", "x.npz"], "missing option '--out'"),
        (["compress", "x.npz", "--out"], "'--out' requires an argument"),
        (["compres"], "no such command 'compres'"),
        (
            ["tour", "--only", "museum"],
            "--only must be one of 'kronecker', 'deploy', 'nnls', 'nmf', 'fuse', got 'museum'",
        ),
        (["--colour"], "no such option: --colour"),
    ],
)
def test_words(words, pattern, laconic, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_refused(laconic(*words), pattern)
    assert list(tmp_path.iterdir()) == []


# The folder -------------------------------------------------------------------------------------------------------


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("out", ["file", "file/below", "/proc/laconic"])
def test_a_folder_that_cannot_be_written_to(out, laconic, data, tmp_path):
    (tmp_path / "file").write_text("mine")
    answer = laconic("compress", data, "--out", tmp_path / out)
    assert_refused(answer, rf"--out must be a folder that can be written to \(.+\), got '.*{out}'")
    assert snapshot(tmp_path) == {tmp_path / "file": b"mine"}


@pytest.mark.parametrize("there", ["study.json", "metrics.json", "report.html"])
def test_results_are_not_overwritten_unasked(there, laconic, data, tmp_path):
    (tmp_path / there).write_text("{}")
    answer = laconic("compress", data, "--out", tmp_path)
    assert_refused(answer, "--out must be a folder without results .*--resume.*--overwrite")
    assert snapshot(tmp_path) == {tmp_path / there: b"{}"}


def test_a_study_that_cannot_be_read(laconic, data, tmp_path):
    (tmp_path / "study.json").write_text("{")
    assert_refused(laconic("compress", data, "--out", tmp_path, "--resume"), "study.json cannot be read")


OTHER = {
    "settings": (["--hidden", "13", "--epochs", "25", "--layers", "2"], {}, ["hidden was 12, now 13", "layers was 1"]),
    "budget": (["--budget", "1KB"], {}, ["--budget was None, now 1024"]),
    "data": ([], {"y_test": 2 - GOOD["y_test"]}, ["the data differ"]),
}


@pytest.mark.parametrize("name", OTHER)
def test_resume_needs_the_same_study(name, laconic, data, tmp_path):
    from laconic.cli.comparison import study_settings
    from laconic.cli.source import DataSource
    from laconic.rnn.study import Study

    words, changes, differences = OTHER[name]
    before = study_settings(Study(hidden=12, epochs=24, batch_size=128), DataSource(str(data)))
    (tmp_path / "study.json").write_text(json.dumps(before))
    file = write_data(tmp_path / "other.npz", **changes) if changes else data
    kept = snapshot(tmp_path)
    answer = laconic("compress", file, "--out", tmp_path, "--resume", "--hidden", "12", "--epochs", "24", *words)
    for difference in differences:
        assert_refused(answer, f"--resume needs the settings .*{difference}")
    assert snapshot(tmp_path) == kept


def test_one_run_at_a_time_in_a_folder(laconic, data, tmp_path):
    fcntl = pytest.importorskip("fcntl")
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert_refused(laconic("compress", data, "--out", tmp_path), "another laconic works in this folder")
    finally:
        os.close(handle)
    assert list(tmp_path.iterdir()) == []
