"""A file in ONNX Runtime answers as its graph does, in every form; what is in the file is what was asked for."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from deploy.models import EVERY, FORMS, N_CLASSES, N_FEATURES, names, network, sequences
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from structured.instances import TEMPLATES, member
from torch import nn

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
from onnx.reference import ReferenceEvaluator

import laconic
from laconic.core.checks import DataError, ParameterError
from laconic.deploy import Graph, lower, quantize, run_onnx, to_onnx
from laconic.deploy.exchange import recurrent
from laconic.deploy.exchange.runtime import session
from laconic.deploy.layers import FinalState, LastStep, Linear, Recurrent, ReLU, Rescale, Softmax
from laconic.deploy.recurrence import Recurrence
from laconic.rnn import FastRNN
from laconic.structured import DenseMatrix, EmbeddedMatrix, KroneckerMatrix

WAYS = tuple(recurrent.FORMS)
SOME = EVERY[::7]  # all cells, methods, forms and layouts are among them


def check(graph, path, way, *inputs, rtol=0.0):
    """Compare a file with the reference."""
    compare(graph, path, way, [(x, graph.interpret(x)) for x in inputs], rtol)


def compare(graph, path, way, expected, rtol=0.0):
    to_onnx(graph, path, form=way)
    opened = session(path)
    for x, answers in expected:
        (found,) = opened.run(None, {"x": x.astype(np.float32)})
        np.testing.assert_allclose(found, answers, rtol=rtol, atol=1e-5)
        assert found.dtype == np.float32


def every_way(case, path):
    graph, x = lower(network(*case)), sequences()
    expected = [(each, graph.interpret(each)) for each in (x, x[:1], x[:, :1], x[-1:, :1], sequences(1, 40, seed=1))]
    for way in WAYS:
        compare(graph, path, way, expected)


def test_some_hold_all_there_is():
    assert all(len({str(case[i]) for case in SOME}) == len({str(case[i]) for case in EVERY}) for i in range(4))


@pytest.mark.parametrize("case", SOME, ids=names(SOME))
def test_runtime_is_the_reference(case, tmp_path):
    every_way(case, tmp_path / "model.onnx")


@pytest.mark.slow
def test_runtime_is_the_reference_for_every_case(tmp_path):
    for case in EVERY:
        every_way(case, tmp_path / "model.onnx")


@pytest.fixture(scope="module", params=WAYS)
def opened(request, tmp_path_factory):
    graph, path = lower(network("gru", "kronecker", FORMS[3], "joint")), tmp_path_factory.mktemp("onnx") / "model.onnx"
    to_onnx(graph, path, form=request.param)
    return graph, session(path)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 5), st.just(N_FEATURES)),
           elements=st.floats(-1e4, 1e4, width=32))
)  # fmt: skip
def test_runtime_is_the_reference_at_any_input(opened, x):
    graph, runtime = opened
    (found,) = runtime.run(None, {"x": x})
    np.testing.assert_allclose(found, graph.interpret(x), rtol=0, atol=2e-5)


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.tuples(*[st.integers(1, 6)] * 2),
    cell=st.sampled_from(["lstm", "gru", "rnn", "fastrnn", "fastgrnn"]),
    way=st.sampled_from(WAYS),
    seed=st.integers(0, 99),
)
def test_runtime_is_the_reference_for_any_weights(tmp_path_factory, sizes, cell, way, seed):
    n, h = sizes
    graph = Graph((Recurrent("rnn", (drawn(cell, n, h, seed),)),), n)
    x = np.random.default_rng(seed).standard_normal((2, 4, n)).astype(np.float32)
    check(graph, tmp_path_factory.getbasetemp() / "any.onnx", way, x, rtol=1e-5)


def drawn(cell, n, h, seed=0, *, reverse=False, matrices=None, scale=1.0):
    """A recurrence of drawn numbers; of dense matrices unless some are given."""
    from laconic.deploy.cells import CELLS

    rng, rule = np.random.default_rng(seed), CELLS[cell]
    scalars = {name: float(rng.random()) for name in rule.scalars} | ({"relu": 0.0} if "relu" in rule.scalars else {})
    shapes = ((rule.n_gates * h, n), (rule.n_gates * h, h))
    made = tuple(DenseMatrix((scale * rng.standard_normal(shape)).astype(np.float32)) for shape in shapes)
    bias = rng.standard_normal((rule.n_biases, h)).astype(np.float32)
    return Recurrence(cell, matrices or made, bias, scalars, reverse)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_structure_on_sequences_and_vectors(name, way, tmp_path):
    matrix = member(name, "numpy float32")
    m, n = matrix.shape
    layer = Linear("a b/ç", matrix, np.arange(m, dtype=np.float32))
    x = np.random.default_rng(0).standard_normal((3, 4, n)).astype(np.float32)
    check(Graph((layer,), n), tmp_path / "s.onnx", way, x, rtol=1e-5)
    check(Graph((LastStep("last"), layer), n), tmp_path / "v.onnx", way, x, rtol=1e-5)


LOOPS = [
    (name, cell, TEMPLATES[name].shape[0] // n_gates)
    for name in TEMPLATES
    for cell, n_gates in (("rnn", 1), ("gru", 3))
    if TEMPLATES[name].shape[0] % n_gates == 0 and TEMPLATES[name].shape[1] > TEMPLATES[name].shape[0] // n_gates
]
"""Structures with columns for an input beside the state."""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "cell", "h"), LOOPS)
def test_every_structure_in_a_loop(name, cell, h, way, tmp_path):
    matrix = member(name, "numpy float32")
    n = matrix.shape[1] - h
    layer = Recurrent("rnn", (drawn(cell, n, h, matrices=(matrix,)),))
    x = np.random.default_rng(0).standard_normal((3, 4, n)).astype(np.float32)
    check(Graph((layer,), n), tmp_path / "m.onnx", way, x, rtol=1e-5)


HEADS = {
    "sequence": (),
    "state": (FinalState("end", 3),),
    "step": (LastStep("end"),),
    "state behind another": (ReLU("relu"), FinalState("end", 3)),
    "forward state behind another": (ReLU("relu"), FinalState("end", 0)),
    "another state": (FinalState("end", 2),),
    "step behind another": (Softmax("soft"), LastStep("end")),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize(
    "directions",
    [
        (drawn("lstm", 5, 4), drawn("lstm", 5, 3, 1, reverse=True)),
        (drawn("gru", 5, 3), drawn("gru", 5, 3, 1, reverse=True)),
        (drawn("gru", 5, 4, reverse=True),),
        (drawn("rnn", 5, 3),),
        (drawn("lstm", 5, 2, 2), drawn("fastgrnn", 5, 3, 1, reverse=True)),
    ],
    ids=["of two sizes", "a pair", "reverse alone", "forward alone", "of two kinds"],
)
def test_directions_and_what_is_picked(directions, head, way, tmp_path):
    width = sum(direction.n_units for direction in directions)
    rescale = Rescale("scale", np.linspace(-1, 1, 5), np.linspace(0.5, 2, 5))
    layers = (rescale, Recurrent("rnn", directions), *HEADS[head], linear("last", 2, width))
    check(Graph(layers, 5), tmp_path / "m.onnx", way, sequences(), sequences(1, 1), rtol=1e-5)


def linear(name, m, n):
    rng = np.random.default_rng(3)
    return Linear(name, DenseMatrix(rng.standard_normal((m, n)).astype(np.float32)), np.ones(m, np.float32))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layer", [nn.RNN, FastRNN])
def test_relu(layer, way, tmp_path):
    torch.manual_seed(0)
    module = layer(N_FEATURES, 4, nonlinearity="relu", batch_first=True, bidirectional=True)
    check(lower(module), tmp_path / "m.onnx", way, sequences(), rtol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_units_that_read_no_input(way, tmp_path):
    """W has no column that lives, so that [W U] cannot be cut."""
    whole = EmbeddedMatrix(np.ones((6, 2), np.float32), [0, 1, 3, 4, 6, 7], [5, 6], (9, 8))
    layer = Recurrent("rnn", (drawn("gru", 5, 3, matrices=(whole,)),))
    check(Graph((layer,), 5), tmp_path / "m.onnx", way, sequences())


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_the_reference_of_onnx_agrees(cell, tmp_path):
    """A second runtime, which folds nothing and knows no operators of ONNX Runtime's own."""
    graph, x = (
        lower(network(cell, "kronecker", FORMS[1], "joint")),
        sequences()[:3],
    )  # its sigmoid overflows at large ones
    for way in WAYS:
        to_onnx(graph, tmp_path / "m.onnx", form=way)
        (found,) = ReferenceEvaluator(str(tmp_path / "m.onnx")).run(None, {"x": x})
        np.testing.assert_allclose(found, graph.interpret(x), rtol=0, atol=1e-5)


def kinds(path):
    """Operators that ONNX Runtime is left with after it has folded constants."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(path.with_suffix(".folded"))
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]


@pytest.mark.parametrize("method", ["kronecker", "lowrank", "pruned", "small", "doped", "hmd"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_expanded_matrices_are_made_once(cell, method, tmp_path):
    graph = lower(network(cell, method, FORMS[2], "joint"))
    found = {}
    for way in ("standard", "expanded"):
        to_onnx(graph, tmp_path / "m.onnx", form=way)
        found[way] = kinds(tmp_path / "m.onnx")
    assert found["standard"] == found["expanded"]
    assert found["standard"].count(cell.upper()) == 1


def test_a_scan_keeps_nothing_within_that_no_step_changes(tmp_path):
    to_onnx(lower(network("lstm", "pruned", FORMS[0], "joint")), tmp_path / "m.onnx", form="scan")
    (scan,) = [node for node in onnx.load(tmp_path / "m.onnx").graph.node if node.op_type == "Scan"]
    within = [node.op_type for node in scan.attribute[0].g.node]
    assert within.count("MatMul") == 1
    assert not {"CumSum", "ScatterElements", "Concat"} & set(within)
    assert kinds(tmp_path / "m.onnx").count("ScatterElements") == 0


def wide(matrices):
    rng = np.random.default_rng(0)
    bias = np.zeros((4, 64), np.float32)
    return Graph((Recurrent("rnn", (Recurrence("lstm", matrices(rng), bias),)), LastStep("last")), 16)


def test_files_are_as_small_as_the_structure(tmp_path):
    graph = wide(
        lambda rng: (KroneckerMatrix(*(rng.standard_normal(s).astype(np.float32) for s in [(32, 8), (8, 10)])),)
    )
    sizes = {way: to_onnx(graph, tmp_path / "m.onnx", form=way) for way in WAYS}
    assert sizes["standard"].weight_bytes > 4 * 256 * 80
    for way in ("scan", "expanded"):
        assert 4 * (32 * 8 + 80 + 256) < sizes[way].weight_bytes < 5000
        assert sizes[way].bytes < sizes[way].weight_bytes + 4000
    assert (tmp_path / "m.onnx").stat().st_size == sizes[WAYS[-1]].bytes


def test_what_a_file_says_of_itself(tmp_path):
    graph = lower(network("lstm", "kronecker", FORMS[0], "joint"))
    classes = ("ä", 3, 2.5)
    written = to_onnx(Graph(graph.layers, graph.n_features, classes), tmp_path / "m.onnx", form="scan")
    model = onnx.load(written.path)
    assert (model.producer_name, model.producer_version) == ("laconic", laconic.__version__)
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(said["classes"]) == list(classes)
    assert said["form"] == written.form == "scan"
    (taken,), (given_,) = session(written.path).get_inputs(), session(written.path).get_outputs()
    assert (taken.name, taken.type, taken.shape) == ("x", "tensor(float)", ["batch", "steps", N_FEATURES])
    assert (given_.name, given_.type, given_.shape) == ("y", "tensor(float)", ["batch", N_CLASSES])


@pytest.mark.parametrize("way", WAYS)
def test_double_precision_becomes_single(way, tmp_path):
    graph = lower(network("gru", "kronecker", FORMS[1], "joint").double())
    assert graph.interpret(sequences()).dtype == np.float64
    check(graph, tmp_path / "m.onnx", way, sequences(), sequences().astype(np.float64))


@pytest.mark.parametrize("value", [1e39, np.nan, np.inf])
def test_numbers_that_float32_does_not_hold_are_refused(value, tmp_path):
    graph = lower(network("rnn", "dense", FORMS[0], "joint"))
    last = Linear("too large", DenseMatrix(np.full((2, 12), value)), np.zeros(2))
    (tmp_path / "m.onnx").write_text("as it was")
    with pytest.raises(DataError, match="to_onnx: layer 'too large' has a number of size .*, float32 ends at 3"):
        to_onnx(Graph((*graph.layers[:2], last), N_FEATURES), tmp_path / "m.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]
    assert (tmp_path / "m.onnx").read_text() == "as it was"


def test_what_is_no_graph_or_form_or_place(tmp_path):
    graph = lower(network("rnn", "dense", FORMS[0], "joint"))
    with pytest.raises(ParameterError, match="to_onnx: form must be one of 'expanded', 'standard', 'scan', got 'loop'"):
        to_onnx(graph, tmp_path / "m.onnx", form="loop")
    with pytest.raises(ParameterError, match="to_onnx: graph must be a Graph of floats"):
        to_onnx(quantize(graph, sequences()), tmp_path / "m.onnx")
    with pytest.raises(OSError, match="nowhere"):
        to_onnx(graph, tmp_path / "nowhere" / "m.onnx")
    assert not any(tmp_path.iterdir())


def test_run_onnx_refuses_what_interpret_refuses(tmp_path):
    graph = lower(network("rnn", "dense", FORMS[0], "joint"))
    path = to_onnx(graph, tmp_path / "m.onnx").path
    for x in (sequences(), sequences().astype(np.float64), np.ones((2, 3, 5), int)):
        np.testing.assert_allclose(run_onnx(path, x), graph.interpret(x), rtol=0, atol=1e-5)
    for x in (np.zeros((1, 2, 4)), np.zeros((1, 0, 5)), np.full((1, 2, 5), np.nan)):
        with pytest.raises(DataError, match="run_onnx: x must be"):
            run_onnx(path, x)


@pytest.mark.parametrize("n_layers", [1, 3])
def test_no_sequence_gives_no_answer(n_layers, tmp_path):
    graph = lower(network("lstm", "dense", FORMS[0], "joint"))
    graph = Graph(graph.layers[:n_layers], N_FEATURES)
    found = run_onnx(to_onnx(graph, tmp_path / "m.onnx").path, np.zeros((0, 4, N_FEATURES)))
    assert found.shape == graph.interpret(np.zeros((0, 4, N_FEATURES), np.float32)).shape
    assert found.dtype == np.float32


def test_the_same_graph_gives_the_same_bytes(tmp_path):
    graph = lower(network("gru", "doped", FORMS[3], "joint"))
    for way in WAYS:
        first, second = (to_onnx(graph, tmp_path / f"{i}.onnx", form=way).path.read_bytes() for i in (1, 2))
        assert first == second


def test_without_onnx_the_room_loads_and_says_what_to_install():
    code = "import sys; sys.modules['onnx'] = None; import laconic.deploy as d; d.write_c; d.to_onnx"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'laconic[onnx]'" in done.stderr.splitlines()[-1]
    code = "import sys, laconic.deploy as d; d.Graph, d.write_c; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
