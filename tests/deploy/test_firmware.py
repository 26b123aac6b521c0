"""What is written for a target builds there and answers as the reference does, on boards that QEMU emulates."""

import shutil
import subprocess

import numpy as np
import pytest
from deploy.compilers import COMPILERS
from deploy.models import FORMS, network, sequences

from laconic.core.checks import DataError, ParameterError
from laconic.deploy import TARGETS, ProgramError, ToolMissingError, cost, lower, quantize, run_firmware, write_firmware

EMULATED = [name for name, target in TARGETS.items() if target.is_board]
ARM = all(map(shutil.which, ("arm-none-eabi-gcc", "qemu-system-arm", "make")))
on_arm = pytest.mark.skipif(not ARM, reason="needs arm-none-eabi-gcc, qemu-system-arm and make")
on_host = pytest.mark.skipif(not COMPILERS or not shutil.which("make"), reason="needs a C compiler and make")


@pytest.fixture(scope="module")
def graph():
    return lower(network("lstm", "kronecker", FORMS[0], "joint"))


def written_and_run(graph, folder, target, x):
    write_firmware(graph, folder, name="tiny", target=target)
    return run_firmware(graph, folder, x, name="tiny", target=target)


@on_host
def test_the_host_runs_it(graph, tmp_path):
    x = sequences()
    found = written_and_run(graph, tmp_path, "host", x)
    np.testing.assert_allclose(found.answers, graph.interpret(x), rtol=0, atol=1e-5)
    assert found.instructions is None


@on_arm
@pytest.mark.parametrize("target", EMULATED)
def test_boards_run_it(graph, target, tmp_path):
    x = sequences()
    found = written_and_run(graph, tmp_path, target, x)
    np.testing.assert_allclose(found.answers, graph.interpret(x), rtol=0, atol=1e-5)
    assert found.flash_bytes == found.code_bytes + cost(graph).weight_bytes
    assert 1000 < found.code_bytes < 12_000
    if TARGETS[target].instructions_per_tick:
        assert (found.instructions > 2 * 9 * cost(graph).layers[0].macs / 2).all()  # a multiply-add is an instruction


@pytest.mark.skipif(
    not all(map(shutil.which, ("aarch64-linux-gnu-gcc", "qemu-aarch64", "make"))),
    reason="needs aarch64-linux-gnu-gcc, qemu-aarch64 and make",
)
def test_a_larger_arm_core_runs_it(graph, tmp_path):
    x = sequences()
    found = written_and_run(graph, tmp_path, "cortex-a53", x)
    np.testing.assert_allclose(found.answers, graph.interpret(x), rtol=0, atol=1e-5)
    whole = quantize(graph, x)
    np.testing.assert_array_equal(written_and_run(whole, tmp_path, "cortex-a53", x).answers, whole.interpret(x))


@on_arm
def test_a_board_runs_what_reads_both_ways(tmp_path):
    graph, x = lower(network("gru", "lowrank", FORMS[3], "joint")), sequences()
    found = written_and_run(graph, tmp_path, "cortex-m4", x)
    np.testing.assert_allclose(found.answers, graph.interpret(x), rtol=0, atol=1e-5)


@on_arm
def test_twice_the_steps_take_twice_the_instructions(graph, tmp_path):
    short = written_and_run(graph, tmp_path, "cortex-m4", sequences(steps=20)).instructions
    long = written_and_run(graph, tmp_path, "cortex-m4", sequences(steps=40)).instructions
    np.testing.assert_allclose(long / short, 2, rtol=0.05)


@on_host
@pytest.mark.skipif(not shutil.which("cmake"), reason="needs cmake")
def test_cmake_builds_it(graph, tmp_path):
    write_firmware(graph, tmp_path, name="tiny")
    for command in (("cmake", "-S", ".", "-B", "build"), ("cmake", "--build", "build")):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "build" / "libtiny.a").exists()


def test_a_tool_that_is_missing_is_named(graph, tmp_path, monkeypatch):
    write_firmware(graph, tmp_path, target="cortex-m4")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolMissingError, match="arm-none-eabi-gcc and qemu-system-arm not found .apt install"):
        run_firmware(graph, tmp_path, sequences(), target="cortex-m4")


@on_host
def test_a_build_that_fails_and_sequences_that_cannot_be_read(graph, tmp_path):
    write_firmware(graph, tmp_path, name="tiny")
    with pytest.raises(DataError, match="run_firmware: x must be"):
        run_firmware(graph, tmp_path, np.zeros((1, 2)), name="tiny")
    (tmp_path / "tiny.c").write_text("no C at all")
    with pytest.raises(ProgramError, match="make"):
        run_firmware(graph, tmp_path, sequences(), name="tiny")


def test_no_such_target(graph, tmp_path):
    with pytest.raises(ParameterError, match="write_firmware: target must be one of"):
        write_firmware(graph, tmp_path, target="abacus")
