"""The C of a graph: warnings, bytes, streams, several models in one program, sanitizers."""

import re
import shutil

import numpy as np
import pytest
from deploy.compilers import COMPILERS, STRICT, build
from deploy.models import FORMS, N_FEATURES, network, sequences
from deploy.programs import printed, program, sizes

from laconic.core.checks import DataError, ParameterError
from laconic.deploy import cost, lower, write_c
from laconic.deploy.c.templates import filled, runtime
from laconic.deploy.layers import Linear
from laconic.structured import DenseMatrix, MaskedMatrix

pytestmark = pytest.mark.skipif(not COMPILERS, reason="needs gcc or clang")

CASES = [
    ("lstm", "kronecker", FORMS[0], "joint"),
    ("gru", "kronecker", FORMS[3], "joint"),
    ("fastgrnn", "pruned", FORMS[1], "separate"),
    ("fastrnn", "small", FORMS[2], "joint"),
    ("rnn", "doped", FORMS[0], "joint"),
]
NAMES = [f"{case[0]}-{case[1]}" for case in CASES]


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_no_compiler_warns(case, compiler, tmp_path):
    write_c(lower(network(*case)), tmp_path, name="tiny")
    for optimisation in ("-O0", "-O2", "-O3"):
        build(tmp_path, *STRICT, optimisation, "-c", "tiny.c", compiler=compiler)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("lanes", [1, 4, 8])
def test_the_runtime_compiles_alone(compiler, lanes, tmp_path):
    headers = [f"laconic_{name}.h" for name in ("config", "math", "kernels", "cells", "model")]
    for file in (*headers, "laconic_model.c", "laconic_serve.h", "laconic_serve.c"):
        (tmp_path / file).write_text(runtime(file))
    for file in ("laconic_model.c", "laconic_serve.c"):
        build(tmp_path, *STRICT, f"-DLACONIC_LANES={lanes}", "-O2", "-c", file, compiler=compiler)
    for file in headers:
        (tmp_path / "alone.c").write_text(f'#include "{file}"\nint here;\n')
        build(tmp_path, *STRICT, "-Wno-unused-function", "-c", "alone.c", compiler=compiler)


@pytest.mark.parametrize("lanes", [1, 4, 8])
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_vectors_and_plain_c_answer_alike_without_a_fault(case, lanes, tmp_path):
    graph, x = lower(network(*case)), sequences()
    written = write_c(graph, tmp_path, name="tiny")
    floats = written.memory_bytes_per_step // 4 * x.shape[1]
    program(tmp_path, x, "tiny", f"tiny_predict(&state, x, {x.shape[1]}, memory, y)", memory=max(1, floats))
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]
    build(tmp_path, "-std=c99", "-O1", *checks, f"-DLACONIC_LANES={lanes}", "tiny.c", "main_tiny.c", "-o", "main")
    found = printed(tmp_path, "main", x)
    np.testing.assert_allclose(found[:, 1:], graph.interpret(x), rtol=0, atol=1e-5)
    np.testing.assert_array_equal(found[:, 0], found[:, 1:].argmax(1))


def test_a_stream_is_fed_step_by_step(tmp_path):
    graph, x = lower(network(*CASES[0])), sequences()
    write_c(graph, tmp_path, name="tiny")
    steps = " ".join(f"tiny_step(&state, x + {t * N_FEATURES}), tiny_read(&state, y)," for t in range(x.shape[1]))
    program(tmp_path, x, "tiny", f"(tiny_reset(&state), {steps} 0)")
    build(tmp_path, "-std=c99", "-O2", "tiny.c", "main_tiny.c", "-o", "main")
    np.testing.assert_allclose(printed(tmp_path, "main", x)[:, 1:], graph.interpret(x), rtol=0, atol=1e-5)


def test_a_model_that_reads_backwards_has_no_stream(tmp_path):
    write_c(lower(network(*CASES[1])), tmp_path, name="tiny")
    header = (tmp_path / "tiny.h").read_text()
    assert "tiny_predict" in header
    assert "tiny_step" not in header


def test_no_step_gives_no_class(tmp_path):
    write_c(lower(network(*CASES[0])), tmp_path, name="tiny")
    program(tmp_path, sequences(1), "tiny", "tiny_predict(&state, x, 0, memory, y)")
    build(tmp_path, "-std=c99", "tiny.c", "main_tiny.c", "-o", "main")
    assert printed(tmp_path, "main", sequences(1))[0, 0] == -1


def test_several_models_in_one_program(tmp_path):
    x, graphs = sequences(), {}
    for name, case in (("first", CASES[0]), ("second", CASES[2])):
        graphs[name] = lower(network(*case))
        write_c(graphs[name], tmp_path, name=name)
    program(tmp_path, x, "first", f"first_predict(&state, x, {x.shape[1]}, memory, y)")
    text = (tmp_path / "main_first.c").read_text()
    text = text.replace('#include "first.h"', '#include "first.h"\n#include "second.h"\nstatic second_state other;')
    text = text.replace('printf("%d"', f'second_predict(&other, x, {x.shape[1]}, memory, y);\n        printf("%d"')
    (tmp_path / "main.c").write_text(text)
    build(tmp_path, "-std=c99", "-O2", "first.c", "second.c", "main.c", "-o", "main")
    np.testing.assert_allclose(printed(tmp_path, "main", x)[:, 1:], graphs["first"].interpret(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_object_file_holds_the_bytes_that_are_reported(case, tmp_path):
    graph = lower(network(*case))
    written, costs = write_c(graph, tmp_path, name="tiny"), cost(graph)
    (tmp_path / "size.c").write_text('#include "tiny.h"\nchar state[sizeof(tiny_state)];\n')
    build(tmp_path, "-std=c99", "-O0", "-c", "tiny.c", "size.c")
    assert written.weight_bytes == costs.weight_bytes == sum(sizes(tmp_path, "tiny.o", r"tiny_\w+_\d+$", "r").values())
    assert written.state_bytes == costs.state_bytes == sizes(tmp_path, "size.o", "state", "BbCcDd")["state"]


def test_a_cost_counts_positions_and_steps():
    costs = cost(lower(network("lstm", "pruned", FORMS[0], "joint")))
    recurrent, state, head = costs.layers
    entries = recurrent.macs
    assert recurrent.weight_bytes == 6 * entries + 2 * 48 + 4 * 48  # values and columns, counts of rows, biases
    assert (state.weight_bytes, state.macs) == (0, 0)
    assert (head.weight_bytes, head.macs) == (4 * (12 * 3 + 3), 36)
    assert costs.memory_bytes_per_step == 0
    assert cost(lower(network("lstm", "pruned", FORMS[3], "joint"))).memory_bytes_per_step == 4 * 24


@pytest.mark.parametrize("name", ["", "1st", "lac_x", "a-b", "x" * 32, 3, "a\n"])
def test_names_that_c_does_not_take_are_refused(name, tmp_path):
    with pytest.raises(ParameterError, match="write_c: name must be"):
        write_c(lower(network(*CASES[0])), tmp_path / "made", name=name)
    assert not (tmp_path / "made").exists()


def test_a_graph_without_an_answer_is_refused(tmp_path):
    graph = lower(network(*CASES[0]))
    with pytest.raises(ParameterError, match="one answer a sequence"):
        write_c(type(graph)(graph.layers[:1], N_FEATURES), tmp_path)


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (DenseMatrix(np.full((2, 12), 1e39)), "1e+39, float32 ends"),
        (MaskedMatrix(np.ones((1, 70_000)), np.ones((1, 70_000), bool)), "69999, uint16 ends"),
    ],
    ids=["large", "wide"],
)
def test_numbers_that_c_would_not_hold_are_refused(matrix, words, tmp_path):
    graph = lower(network(*CASES[0]))
    first = Linear("first", DenseMatrix(np.ones((matrix.shape[1], 12))), np.zeros(matrix.shape[1]))
    last = Linear("last", matrix, np.zeros(matrix.shape[0]))
    middle = () if matrix.shape[1] == 12 else (first,)
    with pytest.raises(DataError, match=re.escape(words)):
        write_c(type(graph)((*graph.layers[:2], *middle, last), N_FEATURES), tmp_path)


def test_words_from_a_model_cannot_leave_their_comment(tmp_path):
    graph = lower(network(*CASES[0]))
    write_c(type(graph)(graph.layers, N_FEATURES, ("*/ int x;", "a\nb", "c")), tmp_path, name="tiny")
    build(tmp_path, *STRICT, "-c", "tiny.c")
    assert "int x;" in (tmp_path / "tiny.h").read_text().split("*/")[0]


def test_a_template_without_a_region_is_an_error():
    with pytest.raises(LookupError, match="0 regions 'nothing'"):
        filled("laconic_model.h", {"nothing": ""}, "x")
    assert shutil.which("nm")
