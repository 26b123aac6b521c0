"""Whole numbers are the same on every board, with its own instructions and with plain C, on real sequences too."""

import shutil

import numpy as np
import pytest
from deploy.compilers import build
from deploy.models import FORMS, names, network, sequences
from deploy.test_firmware import EMULATED, on_arm
from sklearn.datasets import load_digits

from laconic.deploy import TARGETS, lower, quantize, run_firmware, write_c, write_firmware
from laconic.rnn import RNNClassifier

pytestmark = on_arm

FEW = [("lstm", "kronecker", FORMS[0], "joint"), ("gru", "hybrid", FORMS[3], "separate"),
       ("fastgrnn", "pruned", FORMS[1], "separate"), ("fastrnn", "sum", FORMS[2], "joint"),
       ("rnn", "lowrank", FORMS[0], "joint"), ("lstm", "dense", FORMS[1], "joint")]  # fmt: skip


@pytest.fixture(scope="module")
def graphs():
    """Each network in whole numbers."""
    return [quantize(lower(network(*case)), sequences()) for case in FEW]


def extremes():
    """Sequences, the last two of which reach the ends of the words."""
    x = sequences(6)
    x[-2:] = np.where(x[-2:] > 0, 1e6, -1e6)
    return x


def ran(graph, folder, x, target, plain=False):
    write_firmware(graph, folder, target=target)
    if plain:
        config = folder / "laconic_config.h"
        config.write_text("#define LACONIC_PLAIN\n" + config.read_text())
    return run_firmware(graph, folder, x, target=target)


@pytest.mark.parametrize("case", FEW, ids=names(FEW))
@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m55"])
def test_a_board_is_the_reference(case, target, tmp_path):
    x = extremes()
    graph = quantize(lower(network(*case, n_units=17)), x[:-2])
    np.testing.assert_array_equal(ran(graph, tmp_path, x, target).answers, graph.interpret(x))


@pytest.mark.parametrize("target", EMULATED)
def test_every_board_is_its_plain_twin(target, tmp_path):
    x = extremes()
    graph = quantize(lower(network(*FEW[0])), x[:-2])
    with_all, plain = (ran(graph, tmp_path, x, target, twin) for twin in (False, True))
    np.testing.assert_array_equal(with_all.answers, graph.interpret(x))
    np.testing.assert_array_equal(plain.answers, with_all.answers)
    if target == "cortex-m55":
        assert with_all.instructions.mean() < plain.instructions.mean() / 2


LIKE_CORTEX_M4 = ("cortex-m7", "cortex-m33")
"""Whose instructions for whole numbers are the same: building for them is slow."""


@pytest.mark.parametrize(
    "target", [pytest.param(name, marks=[pytest.mark.slow] * (name in LIKE_CORTEX_M4)) for name in EMULATED]
)
def test_no_compiler_for_a_board_warns(target, graphs, tmp_path):
    flags = [*TARGETS[target].flags, "-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wdouble-promotion", "-Werror"]
    for graph in graphs:
        write_c(graph, tmp_path)
        build(tmp_path, *flags, "-O3", "-c", "model.c", compiler="arm-none-eabi-gcc")


def test_every_digit_is_the_same_on_boards(tmp_path):
    digits = load_digits()
    x = (digits.images / 16).astype(np.float32)
    model = RNNClassifier(hidden_size=24, method="kronecker", max_epochs=8, random_state=0)
    graph = quantize(lower(model.fit(x[:1400], digits.target[:1400])), x[:200])
    expected = graph.interpret(x[1400:])
    for target in ("cortex-m4", "cortex-m55"):
        np.testing.assert_array_equal(ran(graph, tmp_path, x[1400:], target).answers, expected)
    assert shutil.which("qemu-system-arm")
