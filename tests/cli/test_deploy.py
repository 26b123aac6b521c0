"""`laconic deploy`: C from the folder of a study or from a model's file, run beside the dense one."""

import json
import shutil
import sys

import pytest
from cli_helpers import STUDY, write_data

pytest.importorskip("torch")
from laconic.deploy import TARGETS

BUILDS = shutil.which("make") and shutil.which("cc")
needs_tools = pytest.mark.skipif(not BUILDS, reason="needs make and cc")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    from laconic.cli import main

    place = tmp_path_factory.mktemp("deploy")
    data, out = write_data(place / "data.npz"), place / "study"
    words = ["compress", str(data), *STUDY, "--methods", "kronecker,lowrank", "--out", str(out), "--quiet"]
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 0
    return data, out


@needs_tools
def test_it_writes_runs_and_compares(study, laconic, tmp_path):
    data, folder = study
    out = tmp_path / "firmware"
    code, said, error = laconic("deploy", folder, "--run", "--data", data, "--sequences", "60", "--out", out)
    assert code == 0, error
    table = [line.split("|")[1].strip() for line in said.splitlines() if line.startswith("|")]
    assert table[0] == "model"
    assert table[2:] == ["kronecker", "dense"]
    assert {"model.c", "model.h", "Makefile", "CMakeLists.txt", "deploy.json", "report.html"} <= {
        path.name for path in out.iterdir()
    }
    found = json.loads((out / "deploy.json").read_text("utf-8"))
    rows = {row["method"]: row for row in json.loads((folder / "metrics.json").read_text("utf-8"))["rows"]}
    for row in found["rows"]:
        assert row["accuracy"] == pytest.approx(rows[row["method"]]["accuracy"])
        assert row["largest_difference"] < 1e-5
        assert row["weight_bytes"] == rows[row["method"]]["bytes"] + 2 * 4 * 4  # the scale of four features
    assert found["rows"][0]["weight_bytes"] < found["rows"][1]["weight_bytes"]


@pytest.mark.skipif(
    not shutil.which("arm-none-eabi-gcc") or not shutil.which("qemu-system-arm"), reason="needs Arm tools"
)
def test_a_model_of_its_own_on_a_board(study, laconic, tmp_path):
    model = study[1] / "models" / "lowrank.safetensors"
    words = ("deploy", model, "--target", "cortex-m4", "--name", "keyword", "--run", "--json", "--out", tmp_path)
    code, said, error = laconic(*words)
    assert code == 0, error
    (row,) = json.loads(said)["rows"]
    assert row["method"] == "lowrank"
    assert row["instructions_per_step"] > row["macs_per_step"]
    assert (tmp_path / "keyword.h").exists()


@needs_tools
def test_whole_numbers_are_run_beside_floats(study, laconic, tmp_path):
    data, folder = study
    words = ("deploy", folder, "--int8", "--run", "--data", data, "--sequences", "60", "--json", "--out", tmp_path)
    code, said, error = laconic(*words)
    assert code == 0, error
    whole, floats, dense = json.loads(said)["rows"]
    assert [row["method"] for row in (whole, floats, dense)] == ["kronecker-int8", "kronecker", "dense"]
    assert whole["largest_difference"] == 0
    assert whole["accuracy"] == pytest.approx(floats["accuracy"], abs=0.05)
    assert whole["weight_bytes"] < floats["weight_bytes"] / 1.7
    assert "int16_t" in (tmp_path / "model.h").read_text()


def test_whole_numbers_need_sequences(study, laconic, tmp_path):
    code, _, error = laconic("deploy", study[1], "--int8", "--out", tmp_path / "out")
    assert (code, "--data must be a file of sequences to calibrate on" in error) == (2, True)
    assert not (tmp_path / "out").exists()


def test_without_running_it_only_writes(study, laconic, tmp_path):
    code, said, error = laconic("deploy", study[1], "--method", "lowrank", "--target", "cortex-m0", "--out", tmp_path)
    assert code == 0, error
    assert "lowrank" in said
    assert "dense" not in said
    code, _, error = laconic("deploy", study[1], "--out", tmp_path)
    assert (code, "--overwrite replaces it" in error) == (2, True)
    assert laconic("deploy", study[1], "--out", tmp_path, "--overwrite")[0] == 0


@pytest.mark.parametrize("form", [None, "standard", "scan"])
def test_onnx_beside_the_c(form, study, laconic, tmp_path):
    pytest.importorskip("onnxruntime")
    words = ("deploy", study[1], "--out", tmp_path, "--onnx", tmp_path / "phone" / "tiny.onnx")
    code, said, error = laconic(*words, *(() if form is None else ("--onnx-form", form)))
    assert code == 0, error
    found = json.loads((tmp_path / "deploy.json").read_text("utf-8"))["onnx"]
    assert found["bytes"] == (tmp_path / "phone" / "tiny.onnx").stat().st_size
    assert found["form"] == (form or "expanded")
    assert found["largest_difference"] < 1e-5
    assert f"ONNX: {tmp_path / 'phone' / 'tiny.onnx'} ({found['form']}), {found['bytes']:,} bytes" in said
    assert "in ONNX Runtime" in said
    assert "tiny.onnx" in (tmp_path / "report.html").read_text("utf-8")


def test_onnx_into_a_folder_over_test_sequences(study, laconic, tmp_path):
    pytest.importorskip("onnxruntime")
    data, folder = study
    words = ("deploy", folder, "--out", tmp_path, "--onnx", tmp_path, "--data", data, "--name", "tiny", "--json")
    code, said, error = laconic(*words)
    assert code == 0, error
    assert json.loads(said)["onnx"]["file"] == str(tmp_path / "tiny.onnx")
    before = (tmp_path / "tiny.onnx").read_bytes()
    (tmp_path / "tiny.onnx").write_bytes(b"mine")
    code, _, error = laconic(*words[:-5], "--name", "tiny", "--out", tmp_path / "other")
    assert (code, "--onnx must be a file that is not there" in error) == (2, True)
    assert not (tmp_path / "other").exists()
    assert laconic(*words, "--overwrite")[0] == 0
    assert (tmp_path / "tiny.onnx").read_bytes() == before


def test_without_onnx_nothing_is_written_and_without_its_runtime_it_says_so(study, laconic, tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    words = ("deploy", study[1], "--onnx", tmp_path / "m.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    code, said, error = laconic(*words, "--out", tmp_path / "first")
    assert (code, "ONNX Runtime is not installed" in said) == (0, True), error
    for name in [name for name in sys.modules if name.startswith("laconic.deploy.exchange")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, _, error = laconic(*words, "--out", tmp_path / "second", "--overwrite")
    assert (code, "pip install 'laconic[onnx]'" in error) == (1, True)
    assert not (tmp_path / "second").exists()


BAD = {
    "onnx form": (
        ("--onnx", "m.onnx", "--onnx-form", "loop"),
        "--onnx-form must be one of 'expanded', 'standard', 'scan'",
    ),
    "form alone": (("--onnx-form", "scan"), "--onnx-form must be left out where no --onnx is given"),
    "target": (("--target", "abacus"), "--target must be one of 'host', 'cortex-m0'"),
    "method": (("--method", "pruned"), "--method must be one of dense, kronecker, lowrank, got 'pruned'"),
    "name": (("--name", "1st"), "--name must be at most 31 letters"),
    "sequences": (("--sequences", "0"), "--sequences must be a whole number of at least 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_words_are_named_and_write_nothing(case, study, laconic, tmp_path):
    words, sentence = BAD[case]
    code, _, error = laconic("deploy", study[1], *words, "--out", tmp_path / "out")
    assert code == 2
    assert sentence in error
    assert not (tmp_path / "out").exists()


def test_models_that_are_none(laconic, tmp_path):
    code, _, error = laconic("deploy", tmp_path, "--out", tmp_path / "out")
    assert (code, "--model must be a folder of laconic compress" in error) == (2, True)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}")
    assert laconic("deploy", broken, "--out", tmp_path / "out")[0] == 2
    assert not (tmp_path / "out").exists()


def test_the_help_names_every_target(laconic):
    said = " ".join(laconic("deploy", "--help")[1].replace("│", " ").split())
    assert all(target in said for target in TARGETS)
