"""The C of a graph in whole numbers is its reference, bit for bit, and no number in it leaves its type."""

import re

import numpy as np
import pytest
from deploy.compilers import COMPILERS, STRICT, build
from deploy.models import EVERY, FORMS, N_FEATURES, names, network, sequences
from deploy.programs import printed, program, sizes
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from laconic.deploy import CompiledModel, Graph, cost, lower, quantize, write_c
from laconic.deploy.c.templates import runtime
from laconic.deploy.integer.arithmetic import sigmoid_table
from laconic.deploy.layers import Linear, ReLU, Rescale
from laconic.structured import DenseMatrix

pytestmark = pytest.mark.skipif(not COMPILERS, reason="needs gcc or clang")

SOME = [case for i, case in enumerate(EVERY) if i % 17 == 0 or (case[1] == "kronecker" and case[2] in FORMS[::3])]
SOME.remove(("lstm", "doped", FORMS[3], "separate"))  # takes ten seconds to build, and the GRU is like it
FEW = [("lstm", "kronecker", FORMS[0], "joint"), ("gru", "doped", FORMS[3], "joint"),
       ("fastgrnn", "pruned", FORMS[1], "separate"), ("fastrnn", "hybrid", FORMS[2], "joint")]  # fmt: skip


RUNTIME = ["table", "math", "mve", "arrays", "target", "tile_dsp", "products_mve", "kernels", "cells"]


def whole(case, bias_bits=16):
    """Return a network's graph in whole numbers."""
    return quantize(lower(network(*case)), sequences(), bias_bits=bias_bits)


def assert_same(case, bias_bits):
    graph, x = whole(case, bias_bits), sequences()
    model = CompiledModel(graph)
    np.testing.assert_array_equal(model.numbers(graph.words(x)).view(np.int32), graph.interpret_words(graph.words(x)))
    np.testing.assert_array_equal(model.predict(x), graph.interpret(x))


@pytest.mark.parametrize("case", SOME, ids=names(SOME))
def test_c_is_the_reference(case):
    assert_same(case, 8 if case[3] == "joint" else 16)


@pytest.mark.slow
@pytest.mark.parametrize("bias_bits", [16, 8])
@pytest.mark.parametrize("case", EVERY, ids=names(EVERY))
def test_c_is_the_reference_for_every_combination(case, bias_bits):
    assert_same(case, bias_bits)


@pytest.fixture(scope="module")
def models():
    return [CompiledModel(whole(case)) for case in FEW]


WORDS = st.one_of(st.sampled_from([-32768, -32767, -1, 0, 1, 32767]), st.integers(-32768, 32767))


@settings(max_examples=100, deadline=None)
@given(arrays(np.int16, (2, 7, N_FEATURES), elements=WORDS))
def test_c_is_the_reference_at_the_extremes(models, words):
    for model in models:
        np.testing.assert_array_equal(model.numbers(words).view(np.int32), model.graph.interpret_words(words))


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 7.0, 1e4, 1e30])
def test_floats_become_the_same_words_in_c(scale, tmp_path):
    plain, x = lower(network(*FEW[0])), sequences()
    rescale = Rescale("scaler", np.linspace(-3, 2, N_FEATURES), np.linspace(0.3, 4, N_FEATURES))
    graph = quantize(Graph((rescale, *plain.layers), N_FEATURES), x)
    write_c(graph, tmp_path, name="tiny")
    call = "(tiny_words(features, x), tiny_predict(&state, x, 1, memory, y))"
    program(tmp_path, x[:, :1], "tiny", call, word="int16_t", answer="int32_t", features=True)
    build(tmp_path, "-std=c99", "-O2", "-march=native", "-ffp-contract=fast", "tiny.c", "main_tiny.c", "-o", "main")
    steps = (scale * x[:, :1]).astype(np.float32)
    np.testing.assert_array_equal(printed(tmp_path, "main", steps)[:, 1:], graph.interpret_words(graph.words(steps)))


def in_tiles():
    """Every network in one size of tiles, and every size with the networks that are built quickly; the others slow."""
    for name, case in zip(names(FEW), FEW, strict=True):
        for tiles in ((1, 1), (4, 2), (3, 5)):
            marks = [pytest.mark.slow] if case[1] == "doped" and tiles != (4, 2) else []
            yield pytest.param(case, tiles, marks=marks, id=f"{name}-{tiles[0]}x{tiles[1]}")


@pytest.mark.parametrize(("case", "tiles"), [*in_tiles()])
def test_no_sanitizer_finds_anything(case, tiles, tmp_path):
    graph = whole(case)
    words = graph.words(sequences())
    words[0], words[1] = 32767, -32768
    written = write_c(graph, tmp_path, name="tiny")
    memory = max(1, written.memory_bytes_per_step // 2 * words.shape[1])
    call = f"tiny_predict(&state, x, {words.shape[1]}, memory, y)"
    program(tmp_path, words, "tiny", call, memory=memory, word="int16_t", answer="int32_t")
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]
    sizes = [f"-DLACONIC_INT_{key}={size}" for key, size in zip(("ROWS", "PLACES"), tiles, strict=True)]
    build(tmp_path, "-std=c99", "-O1", *checks, *sizes, "tiny.c", "main_tiny.c", "-o", "main")
    found = printed(tmp_path, "main", words)
    np.testing.assert_array_equal(found[:, 1:], graph.interpret_words(words))
    np.testing.assert_array_equal(found[:, 0], found[:, 1:].argmax(1))


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("case", FEW, ids=names(FEW))
def test_no_compiler_warns(case, compiler, tmp_path):
    write_c(whole(case), tmp_path, name="tiny")
    for optimisation in ("-O0", "-O2", "-O3"):
        build(tmp_path, *STRICT, optimisation, "-c", "tiny.c", compiler=compiler)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_runtime_compiles_alone(compiler, tmp_path):
    headers = ["laconic_config.h", *(f"laconic_int_{name}.h" for name in RUNTIME)]
    for file in headers:
        (tmp_path / file).write_text(runtime(file))
    for file in headers:
        (tmp_path / "alone.c").write_text(f'#include "{file}"\nint here;\n')
        unused = ["-Wno-unused-function", "-Wno-unused-variable"]
        build(tmp_path, *STRICT, *unused, "-c", "alone.c", compiler=compiler)


@pytest.mark.parametrize("case", FEW, ids=names(FEW))
def test_the_object_file_holds_the_bytes_that_are_reported(case, tmp_path):
    graph = whole(case)
    written, costs = write_c(graph, tmp_path, name="tiny"), cost(graph)
    (tmp_path / "size.c").write_text('#include "tiny.h"\nchar state[sizeof(tiny_state)];\n')
    build(tmp_path, "-std=c99", "-O0", "-c", "tiny.c", "size.c")
    assert written.weight_bytes == costs.weight_bytes == sum(sizes(tmp_path, "tiny.o", r"tiny_\w+_\d+$", "r").values())
    assert written.state_bytes == costs.state_bytes == sizes(tmp_path, "size.o", "state", "BbCcDd")["state"]
    assert costs.weight_bytes < cost(lower(network(*case))).weight_bytes / 1.9


def test_costs_are_named_by_layer():
    found = {layer.name: layer for layer in cost(whole(("lstm", "dense", FORMS[0], "joint"))).layers}
    assert found["layer0"].weight_bytes == 48 * (N_FEATURES + 12) + 2 * 48
    assert found["layer0"].macs == 48 * (N_FEATURES + 12)
    assert (found["linear0"].weight_bytes, found["linear0"].macs) == (36 + 2 * 3, 36)
    assert found["input"].weight_bytes == 0


def test_the_table_is_the_references():
    numbers = re.findall(r"\d+(?=,)", runtime("laconic_int_table.h").split("{")[1])
    np.testing.assert_array_equal(np.array(numbers, int), sigmoid_table())


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
def test_linear_layers_behind_it_and_none(size):
    graph, x = lower(network("gru", "lowrank", FORMS[2], "joint")), sequences()
    rng = np.random.default_rng(1)
    weights = (size * rng.standard_normal((7, 3))).astype(np.float32)
    first = Linear("first", DenseMatrix(weights), np.ones(7, np.float32))
    last = Linear("last", DenseMatrix(rng.standard_normal((2, 7)).astype(np.float32)), np.zeros(2, np.float32))
    longer = Graph((*graph.layers, first, ReLU("relu"), last), N_FEATURES)
    for made in (quantize(longer, x), quantize(Graph(graph.layers[:2], N_FEATURES), x)):
        np.testing.assert_array_equal(CompiledModel(made).predict(x), made.interpret(x))


def test_a_state_without_a_bound_has_bits_of_its_own():
    torch_like = lower(network("rnn", "dense", FORMS[1], "joint"))
    for factor in (0.01, 1.0, 30.0):
        x = factor * sequences()
        graph = quantize(torch_like, x)
        np.testing.assert_array_equal(CompiledModel(graph).predict(x), graph.interpret(x))
