"""`laconic deploy`: C from the folder of a study or from a model's file, run beside the dense one."""

import json
import shutil
import subprocess
import sys

import numpy as np
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
    words += ["--jobs", "1"]
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


@pytest.mark.usefixtures("undrawn")
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


@pytest.mark.usefixtures("undrawn")
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


@needs_tools
@pytest.mark.usefixtures("undrawn")
def test_a_graph_in_a_file_is_deployed_as_its_model(study, laconic, tmp_path):
    data, folder = study
    graph, run = tmp_path / "graph.npz", ("--run", "--data", data, "--json")
    code, said, error = laconic("deploy", folder, *run, "--save-graph", graph, "--out", tmp_path / "one")
    assert code == 0, error
    code, again, error = laconic("deploy", graph, *run, "--out", tmp_path / "two")
    assert code == 0, error
    one, two = json.loads(said)["rows"][0], json.loads(again)["rows"][0]
    assert (one.pop("method"), two.pop("method")) == ("kronecker", "graph")
    assert one == two
    assert (tmp_path / "one" / "model.c").read_text() == (tmp_path / "two" / "model.c").read_text()


def test_a_graph_in_a_file_needs_no_torch_and_no_classes(tmp_path):
    from laconic.deploy import lower, save_graph
    from laconic.rnn.network import SequenceNetwork

    save_graph(lower(SequenceNetwork(2, 3, hidden_size=4)), tmp_path / "graph.npz")
    code = "import sys; sys.modules['torch'] = None; from laconic.cli import main; main(sys.argv[1:])"
    words = ["deploy", tmp_path / "graph.npz", "--out", tmp_path / "out", *(["--run"] if BUILDS else [])]
    subprocess.run([sys.executable, "-c", code, *map(str, words)], check=True)
    assert (tmp_path / "out" / "model.c").exists()


@pytest.mark.usefixtures("undrawn")
def test_graphs_of_whole_numbers_and_none(laconic, tmp_path):
    from laconic.deploy import lower, quantize, save_graph
    from laconic.rnn.network import SequenceNetwork

    graph = lower(SequenceNetwork(2, 3, hidden_size=4))
    save_graph(quantize(graph, np.ones((1, 2, 2))), tmp_path / "whole.npz")
    code, _, error = laconic("deploy", tmp_path / "whole.npz", *(["--run"] if BUILDS else []), "--out", tmp_path / "c")
    assert code == 0, error
    assert "int16_t" in (tmp_path / "c" / "model.h").read_text()
    (tmp_path / "broken.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:-1])
    for name, words in ((("whole", "--int8"), "--int8 must be left out"), (("broken",), "broken.npz holds no graph")):
        code, _, error = laconic("deploy", tmp_path / f"{name[0]}.npz", *name[1:], "--out", tmp_path / "out")
        assert (code, words in error) == (2, True), error
    assert laconic("deploy", tmp_path / "none.npz", "--out", tmp_path / "out")[0] == 1
    assert not (tmp_path / "out").exists()


def test_a_table_of_models_that_is_nested_without_end(laconic, tmp_path):
    (tmp_path / "metrics.json").write_text("[" * 100_000)
    code, _, error = laconic("deploy", tmp_path, "--out", tmp_path / "out")
    assert (code, "--model must be a folder of laconic compress" in error) == (2, True)


BAD = {
    "onnx form": (
        ("--onnx", "m.onnx", "--onnx-form", "loop"),
        "--onnx-form must be one of 'expanded', 'standard', 'scan'",
    ),
    "form alone": (("--onnx-form", "scan"), "--onnx-form must be left out where no --onnx is given"),
    "target": (("--target", "abacus"), "--target must be one of 'host', 'cortex-m0'"),
    "method": (("--method", "pruned"), "--method must be one of dense, kronecker, lowrank, got 'pruned'"),
    "name": (("--name", "1st"), "--name must be at most 31 letters"),
    "bias_bits": (("--bias-bits", "4"), "--bias-bits must be one of 16, 8, got 4"),
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
