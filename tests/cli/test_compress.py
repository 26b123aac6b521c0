"""A study from end to end, on little data."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from cli_helpers import METHODS, STUDY, assert_same_study, leftovers, metrics_of, write_data

pytest.importorskip("torch")

LOAD = """
import sys, json
import numpy as np
from laconic.rnn import RNNClassifier
data = np.load(sys.argv[1])
print(json.dumps([RNNClassifier.load(path).predict(data["x_test"]).tolist() for path in sys.argv[2:]]))
"""


def test_every_method_has_its_row(finished):
    metrics = metrics_of(finished)
    rows = {row["method"]: row for row in metrics["rows"]}
    assert tuple(rows) == ("dense", *METHODS)
    for row in rows.values():
        assert {"bytes", "parameters", "macs", "accuracy", "seconds", "factor", "max_rank", "model"} <= row.keys()
        assert row["bytes"] == 4 * row["parameters"]
        assert 0 <= row["accuracy"] <= 1
        assert len(row["curve"]) == row["epochs"] == 16
        assert row["seconds"] == pytest.approx(sum(point["seconds"] for point in row["curve"]))
        confusion = np.array(row["confusion"])
        assert np.trace(confusion) / confusion.sum() == pytest.approx(row["accuracy"])
        assert confusion.sum(axis=1).tolist() == [20, 20, 20]
    assert all(rows[method]["bytes"] <= metrics["budget_bytes"] < rows["dense"]["bytes"] for method in METHODS)
    assert metrics["data"]["split"] == "x_test, y_test as given"


def test_the_folder_holds_what_is_promised_and_nothing_half_written(finished):
    names = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    models = {f"models/{method}.{kind}" for method in ("dense", *METHODS) for kind in ("safetensors", "json")}
    assert {"metrics.json", "table.md", "report.html"} | models <= names
    assert leftovers(finished) == []
    assert {row["model"] for row in metrics_of(finished)["rows"]} <= names


def test_the_table_is_in_a_file(finished):
    lines = (finished / "table.md").read_text("utf-8").splitlines()
    assert [line.split()[1] for line in lines[2:]] == ["dense", *METHODS]


def test_the_report_needs_nothing_else(finished):
    text = (finished / "report.html").read_text("utf-8")
    assert not re.search(r"(src|href|url)\s*[=(]\s*['\"]?\s*(https?:)?//", text)
    assert "<script" not in text
    assert all(method in text for method in METHODS)
    assert text.count("<svg") >= 2


def test_models_predict_the_same_in_another_process(finished, data):
    rows = metrics_of(finished)["rows"]
    files = [str(finished / row["model"]) for row in rows]
    done = subprocess.run([sys.executable, "-c", LOAD, str(data), *files], capture_output=True, text=True, check=True)
    y = np.load(data)["y_test"]
    for row, predicted in zip(rows, json.loads(done.stdout), strict=True):
        confusion = np.zeros((3, 3), int)
        np.add.at(confusion, (y, predicted), 1)
        assert confusion.tolist() == row["confusion"]


def test_beside_each_model_lies_json_on_its_structure(finished):
    about = json.loads((finished / "models" / "kronecker.json").read_text("utf-8"))
    assert about["layers"]["rnn"]["structures"]["l0"]["weights"] == {"weight_ih_l0": [48, 4], "weight_hh_l0": [48, 12]}
    assert about["metadata"]["classifier"]["architecture"]["hidden_size"] == 12


def test_one_process_gives_the_same_numbers_as_two_and_a_study_may_be_extended(finished, data, tmp_path, laconic):
    out = tmp_path / "out"
    words = ["compress", data, "--out", out, *STUDY, "--jobs", "1", "--resume", "--methods"]
    code, printed, error = laconic(*words, "kronecker,pruned", "--json", "--quiet")
    assert (code, error) == (0, "")
    assert json.loads(printed) == metrics_of(out)
    code, printed, error = laconic(*words, ",".join(METHODS))
    assert code == 0
    assert not re.search("^(dense|kronecker|pruned):", error, flags=re.MULTILINE)
    assert re.search("^small: epoch 16 of 16, loss .*, accuracy .* %", error, flags=re.MULTILINE)
    assert printed.startswith((out / "table.md").read_text("utf-8"))
    assert printed.splitlines()[-1] == f"Report: {out / 'report.html'}"
    assert_same_study(finished, out)


@pytest.mark.usefixtures("undrawn")
def test_a_method_that_cannot_keep_the_budget_is_left_out_with_the_reason(tmp_path, laconic):
    file = write_data(tmp_path / "mine.npz", x_test=None, y_test=None)
    words = ["--hidden", "12", "--epochs", "1", "--budget", "700", "--methods", "kronecker,small", "--jobs", "1"]
    code, _, error = laconic("compress", file, *words, "--out", tmp_path / "out")
    assert code == 0, error
    assert re.search(r"kronecker is left out: .*at least 796", error)
    metrics = metrics_of(tmp_path / "out")
    assert [row["method"] for row in metrics["rows"]] == ["dense", "small"]
    assert [skipped["method"] for skipped in metrics["skipped"]] == ["kronecker"]
    assert metrics["data"]["split"] == "stratified 20 % of x_train, seed 0"
    assert (metrics["data"]["n_train"], metrics["data"]["n_test"]) == (96, 24)
