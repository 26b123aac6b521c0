import json
import re
import time
from importlib import import_module

import numpy as np
import pytest
from cli_helpers import METHODS, leftovers, metrics_of, run

from laconic.report import Section


@pytest.fixture
def stops(monkeypatch):
    """Two stops that take no time in the place of the real ones."""
    module = import_module("laconic.cli.tour")  # the package has the command of that name in the module's place

    def visit(out, console):
        console.print("training")
        section = Section(title=f"On {out.name}", finding="It is so.")
        return module.Visit(section, {"rows": [out.name]}, lambda: print(f"table of {out.name}"))

    names = ("one", "two")
    monkeypatch.setattr(module, "STOPS", tuple(module.Stop(name, f"Stop {name}", visit) for name in names))
    return names


def test_every_stop_is_in_one_report_whose_path_comes_last(stops, laconic, tmp_path):
    code, out, error = laconic("tour", "--out", tmp_path / "tour")
    report = tmp_path / "tour" / "report.html"
    assert code == 0, error
    assert out.splitlines() == ["table of one", "table of two", f"Report: {report}"]
    text = report.read_text("utf-8")
    assert "On one" in text
    assert "On two" in text
    assert [path.name for path in (tmp_path / "tour").iterdir()] == ["report.html"]


def test_one_stop_alone(stops, laconic, tmp_path):
    _, out, _ = laconic("tour", "--out", tmp_path, "--only", "two")
    assert out.startswith("table of two\nReport: ")


def test_json_is_all_it_prints(stops, laconic, tmp_path):
    code, out, error = laconic("tour", "--out", tmp_path, "--json", "--quiet")
    assert (code, error) == (0, "")
    stops = {"one": {"rows": ["one"]}, "two": {"rows": ["two"]}}
    assert json.loads(out) == {"report": str(tmp_path / "report.html"), "stops": stops}


def test_the_folder_may_be_relative(stops, laconic, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert laconic("tour")[1].splitlines()[-1] == f"Report: {tmp_path / 'laconic-tour' / 'report.html'}"


def test_a_folder_that_cannot_be_written_to(stops, laconic, tmp_path):
    (tmp_path / "file").write_text("mine")
    code, out, error = laconic("tour", "--out", tmp_path / "file")
    assert (code, out) == (2, "")
    assert re.fullmatch(r"laconic: --out must be a folder that can be written to \(.*\), got '.*file'\n", error)


def test_the_unmixing_stop(laconic, tmp_path):
    code, out, error = laconic("tour", "--out", tmp_path / "tour", "--only", "nnls", "--json")
    assert code == 0, error
    metrics = json.loads(out)["stops"]["nnls"]
    assert metrics == metrics_of(tmp_path / "tour" / "nnls")
    rows = {row["method"]: row for row in metrics["rows"]}
    assert rows.keys() == {"rsbl", "nnls", "sparse"}
    assert rows["rsbl"]["error"] < 0.8 * rows["nnls"]["error"]
    assert rows["rsbl"]["large"]["mean"] < 0.8 * rows["nnls"]["large"]["mean"]
    assert rows["rsbl"]["residual"]["mean"] < 1.2 * rows["nnls"]["residual"]["mean"]
    page = (tmp_path / "tour" / "report.html").read_text("utf-8")
    for words in ("Map of material A, R-SBL", "standard deviation", "The same maps by the other methods"):
        assert words in page
    with np.load(tmp_path / "tour" / "nnls" / "scene.npz") as scene:
        assert scene["library"].shape[1] == len(scene["names"]) == len(scene["truth"])


def test_the_stop_of_parts(laconic, tmp_path):
    code, out, error = laconic("tour", "--out", tmp_path / "tour", "--only", "nmf", "--json")
    assert code == 0, error
    metrics = json.loads(out)["stops"]["nmf"]
    assert metrics == metrics_of(tmp_path / "tour" / "nmf")
    rows = {row["method"]: row for row in metrics["rows"]}
    assert rows.keys() == {"rgdp", "none", "fewer", "l1"}
    for other in ("fewer", "l1"):  # at about the same error
        assert rows[other]["relative_error"] == pytest.approx(rows["rgdp"]["relative_error"], rel=0.08)
        assert rows["rgdp"]["parts_in_a_sample"] < 0.7 * rows[other]["parts_in_a_sample"]
    assert rows["rgdp"]["density"] < 0.5 * rows["none"]["density"]
    page = (tmp_path / "tour" / "report.html").read_text("utf-8")
    for words in ("Parts, Sparse NMF with the rgdp prior", "Codes, Plain NMF", "Objective during the fit"):
        assert words in page
    with np.load(tmp_path / "tour" / "nmf" / "parts.npz") as parts:
        assert {name: parts[name].shape for name in parts} == {name: (rows[name]["parts"], 64) for name in rows}


@pytest.mark.slow
def test_the_stop_of_c(laconic, tmp_path):
    code, out, error = laconic("tour", "--out", tmp_path / "tour", "--only", "deploy", "--json")
    assert code == 0, error
    metrics = json.loads(out)["stops"]["deploy"]
    kronecker, dense = metrics["rows"]
    assert kronecker["weight_bytes"] < dense["weight_bytes"] / 5
    assert all(one.get("largest_difference", 0) < 1e-5 for one in (kronecker, dense))
    assert (tmp_path / "tour" / "deploy" / "firmware" / "digits.c").exists()


@pytest.mark.slow
def test_the_stop_of_two_sensors(laconic, tmp_path):
    code, out, error = laconic("tour", "--out", tmp_path / "tour", "--only", "fuse", "--json")
    assert code == 0, error
    metrics = json.loads(out)["stops"]["fuse"]
    assert metrics == metrics_of(tmp_path / "tour" / "fuse")
    assert [row["modality"] for row in metrics["rows"]] == ["left", "right"]
    assert all(row["relative_error"] < 0.1 for row in metrics["rows"])
    told = {(one["from"], one["method"]): one["accuracy"] for one in metrics["accuracies"]}
    ours, theirs = "MultimodalDictionaryClassifier", "Logistic regression"
    for words, least in (("both halves", 0.93), ("the left one alone", 0.74), ("the right one alone", 0.8)):
        assert told[words, ours] > least
        assert told[words, ours] > told[words, theirs] - 0.03
    page = (tmp_path / "tour" / "report.html").read_text("utf-8")
    for words in ("Atoms and their links", "without left", "truth", "Where a sensor is missing", "Right classes"):
        assert words in page
    with np.load(tmp_path / "tour" / "fuse" / "halves.npz") as arrays:
        assert {name: arrays[name].shape for name in arrays} == {
            f"components_{name}": (48, 32) for name in ("left", "right")
        }


@pytest.mark.slow
def test_the_real_tour_is_offline_quick_and_may_be_repeated(tmp_path):
    pytest.importorskip("torch")
    for _ in range(2):
        started = time.monotonic()
        done = run("tour", "--out", tmp_path / "tour", environment={"http_proxy": "http://127.0.0.1:9"})
        assert done.returncode == 0, done.stderr
        assert time.monotonic() - started < 120
        assert done.stdout.splitlines()[-1] == f"Report: {tmp_path / 'tour' / 'report.html'}"
    metrics = metrics_of(tmp_path / "tour" / "kronecker")
    accuracy = {row["method"]: row["accuracy"] for row in metrics["rows"]}
    assert tuple(accuracy) == ("dense", *METHODS)
    assert accuracy["dense"] > 0.95
    assert accuracy["kronecker"] > 0.9
    for stop in ("nnls", "nmf", "fuse"):
        assert metrics_of(tmp_path / "tour" / stop)["rows"]
    assert leftovers(tmp_path) == []
