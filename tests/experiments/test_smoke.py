"""The commands of the experiments run, at a size that takes seconds, and write what they promise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
BENCHMARKS = EXPERIMENTS.parent / "benchmarks"


def run(name, *options):
    command = [sys.executable, str(EXPERIMENTS / name / "run.py"), "--smoke", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_sparse_recovery(tmp_path):
    work = tmp_path / "cells"
    run("sparse_recovery", "--work", work, "--out", tmp_path)
    rows = json.loads((tmp_path / "results.json").read_text("utf-8"))["rows"]
    assert {"R-SBL diagonal", "scipy nnls", "NN-OMP, K known"} <= {row["method"] for row in rows}
    assert all(row["nmse_mean"] >= 0 for row in rows)
    page = (tmp_path / "results.md").read_text("utf-8")
    for figure in ("sparsity.svg", "designs.svg"):
        assert figure in page
        assert (tmp_path / figure).stat().st_size > 10_000


@pytest.mark.slow
def test_sparse_recovery_measures_only_what_is_missing(tmp_path):
    options = "--only", "scipy nnls", "--work", tmp_path / "cells", "--out", tmp_path
    run("sparse_recovery", *options)
    cells = {path: path.read_bytes() for path in (tmp_path / "cells").iterdir()}
    next(iter(cells)).unlink()
    run("sparse_recovery", *options)
    again = {path: path.read_bytes() for path in (tmp_path / "cells").iterdir()}
    assert again.keys() == cells.keys()
    assert sum(again[path] == content for path, content in cells.items()) >= len(cells) - 1


@pytest.mark.parametrize(
    "methods", ["kronecker-28,small", pytest.param("", marks=pytest.mark.slow)], ids=["some methods", "all methods"]
)
def test_usps_fastrnn(methods, tmp_path):
    pytest.importorskip("torch")
    some = ("--methods", methods) if methods else ()
    run("usps_fastrnn", "--work", tmp_path / "runs", "--out", tmp_path, "--jobs", "1", *some)
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    found = [row["method"] for row in results["rows"]]
    assert found[0] == "dense"
    expected = methods.split(",") if methods else ["kronecker", "lowrank", "pruned", "small"]
    assert {name.split("-")[0] for name in found} >= {name.split("-")[0] for name in expected}
    assert all(row["bytes"] <= results["budget_bytes"] for row in results["rows"][1:])
    page = (tmp_path / "results.md").read_text("utf-8")
    assert all(f"| {name} " in page for name in found)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist_lstm", "spoken_lstm", "spoken_gru", "activity_bilstm"])
def test_other_networks(name, tmp_path):
    pytest.importorskip("torch")
    run(name, "--work", tmp_path / "runs", "--out", tmp_path, "--jobs", "2")
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert {"dense", "kronecker", "lowrank", "pruned", "small"} <= {row["method"] for row in results["rows"]}


@pytest.mark.slow
def test_hybrid(tmp_path):
    pytest.importorskip("torch")
    run("hybrid", "--work", tmp_path / "runs", "--out", tmp_path, "--jobs", "2")
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    page = (tmp_path / "results.md").read_text("utf-8")
    for name, found in results.items():
        assert (tmp_path / "runs" / name / "report.html").is_file()
        assert f"# {found['title']}\n" in page
        (hybrid, *_) = [row for row in found["rows"] if row["method"].startswith("hybrid")]
        assert hybrid["bytes"] <= found["budget_bytes"] < 1.04 * hybrid["bytes"]


@pytest.mark.slow
def test_spoken_speakers(tmp_path):
    pytest.importorskip("torch")
    only = ("--only", "spoken-gru", "--methods", "lowrank")
    run("spoken_speakers", "--work", tmp_path / "runs", "--out", tmp_path, *only)
    (rows,) = json.loads((tmp_path / "results.json").read_text("utf-8"))["benchmarks"].values()
    assert [row["method"] for row in rows] == ["dense", "lowrank"]
    assert all(list(row["speakers"].values()) == [row["accuracy"]] for row in rows)
    assert "| lowrank |" in (tmp_path / "results.md").read_text("utf-8")


@pytest.mark.slow
def test_planner(tmp_path):
    pytest.importorskip("optuna")
    run("planner", "--work", tmp_path / "run", "--out", tmp_path, "--jobs", "1")
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert results["plan"]["best"]["bytes"] <= 2048
    assert all(row["bytes"] <= 2048 for row in results["by_hand"])
    assert results["by_hand"][0]["accuracy"] == max(row["accuracy"] for row in results["by_hand"])
    assert "**Best made by hand:**" in (tmp_path / "results.md").read_text("utf-8")


def test_quantization(tmp_path):
    pytest.importorskip("torch")
    run("quantization", "--only", "usps-lstm", "--work", tmp_path / "cells", "--out", tmp_path)
    (row,) = json.loads((tmp_path / "results.json").read_text("utf-8"))["rows"]
    found = {(one["way"], one["biases"]): one for one in row["rows"]}
    assert found["tuned", "16 bits"]["accuracy"] == pytest.approx(found["tuned", "8 bits"]["accuracy"], abs=0.005)
    assert found["float", "float"]["bytes"] == 4 * found["float", "8 bits"]["bytes"]
    assert found["float", "16 bits"]["bytes"] - found["float", "8 bits"]["bytes"] == 4 * 20 + 10
    assert "| fine-tuned with rounding, biases of 8 bits |" in (tmp_path / "results.md").read_text("utf-8")


def test_unmixing(tmp_path):
    run("unmixing", "--out", tmp_path)
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert all(row["finite"] for part in ("endmembers", "library", "minerals") for row in results[part])
    assert "maps.png" in (tmp_path / "results.md").read_text("utf-8")
    assert (tmp_path / "maps.png").stat().st_size > 10_000


def test_unmixing_asks_for_its_data(tmp_path):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        subprocess.run(
            [sys.executable, str(EXPERIMENTS / "unmixing" / "run.py"), "--data", str(tmp_path)],
            capture_output=True,
            text=True,
            check=True,
        )
    assert "run.py: --data must be a folder with hsi_samson.npz and spectral" in caught.value.stderr


def test_nmf_recovery(tmp_path):
    run("nmf_recovery", "--out", tmp_path)
    rows = {row["method"]: row for row in json.loads((tmp_path / "results.json").read_text("utf-8"))["rows"]}
    assert rows["laconic hals, rgdp"]["atoms"] == 1
    assert "scikit-learn cd, l1" in (tmp_path / "results.md").read_text("utf-8")


def test_nmf_sparsity(tmp_path):
    run("nmf_sparsity", "--out", tmp_path)
    points = json.loads((tmp_path / "results.json").read_text("utf-8"))["points"]
    sparser = points["laconic, rgdp"]  # Student-t, which is smooth at zero, leaves no zeros to count
    assert sparser[0]["codes"] > sparser[-1]["codes"]
    assert "curves.svg" in (tmp_path / "results.md").read_text("utf-8")
    assert (tmp_path / "curves.svg").stat().st_size > 10_000


@pytest.mark.slow
def test_nmf_memory(tmp_path):
    command = [sys.executable, str(BENCHMARKS / "nmf_memory.py"), "--smoke", "--rounds", "1", "--out", str(tmp_path)]
    subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads((tmp_path / "nmf_memory.json").read_text("utf-8"))["same"]["difference"] <= 1e-6


@pytest.mark.slow
def test_nmf_speed(tmp_path):
    command = [sys.executable, str(BENCHMARKS / "nmf_speed.py"), "--smoke", "--rounds", "1", "--out", str(tmp_path)]
    subprocess.run(command, capture_output=True, text=True, check=True)
    parts = json.loads((tmp_path / "nmf_speed.json").read_text("utf-8"))["parts"]
    assert all(row["reached"] for part in parts for row in part["rows"] if row["contender"] == "laconic")


@pytest.mark.slow
def test_multimodal_memory(tmp_path):
    command = [sys.executable, str(BENCHMARKS / "multimodal_memory.py"), "--smoke", "--out", str(tmp_path)]
    subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads((tmp_path / "multimodal_memory.json").read_text("utf-8"))
    assert found["same"]["difference"] <= 1e-6
    assert min(found["whole"]["atoms"]) == 1


@pytest.mark.slow
def test_multimodal_speed(tmp_path):
    options = "--smoke", "--rounds", "1", "--out", str(tmp_path)
    command = [sys.executable, str(BENCHMARKS / "multimodal_speed.py"), *options]
    subprocess.run([*command, "--only", "steps"], capture_output=True, text=True, check=True)
    subprocess.run([*command, "--only", "online", "large"], capture_output=True, text=True, check=True)
    parts = json.loads((tmp_path / "multimodal_speed.json").read_text("utf-8"))
    assert list(parts) == ["steps", "online", "large"]
    assert min(parts["online"]["rows"][0]["atoms"].values()) == 1


@pytest.mark.slow
def test_multimodal_cluster(tmp_path):
    pytest.importorskip("distributed")
    options = "--smoke", "--turns", "1", "--out", str(tmp_path)
    command = [sys.executable, str(BENCHMARKS / "multimodal_cluster.py"), *options]
    subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads((tmp_path / "multimodal_cluster.json").read_text("utf-8"))["killed"]
    assert max(found[who][what] for who in ("undisturbed", "killed") for what in DIFFERENCES) <= 1e-6


@pytest.mark.slow
def test_multimodal_device():
    command = [sys.executable, str(BENCHMARKS / "multimodal_device.py"), "--smoke", "--rounds", "1", "--device", "cpu"]
    page = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert len([line for line in page.splitlines() if line.startswith("| ") and "float64" in line]) == 2


DIFFERENCES = "atoms_differ_by", "scales_differ_by"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sensors_recovery", "sensors_real"])
def test_sensors(name, tmp_path):
    run(name, "--work", tmp_path / "cells", "--out", tmp_path)
    assert json.loads((tmp_path / "results.json").read_text("utf-8"))["rows"]
    assert (tmp_path / "results.md").read_text("utf-8").startswith("#")
