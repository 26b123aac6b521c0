"""What a network trained with rounded numbers computes with is deployed; biases take off what rounding moves."""

import numpy as np
import pytest
import torch
from deploy.models import EVERY, FORMS, names, network, sequences
from torch import nn

from laconic.core.rounding import BYTE, ROW
from laconic.deploy import lower, quantize
from laconic.deploy.contract import Product, Span, SparseProduct
from laconic.deploy.integer.correction import means_read, moved_by_rounding
from laconic.deploy.integer.gated import gated_program
from laconic.deploy.integer.ranges import step_buffers
from laconic.deploy.integer.records import IntProduct, IntSparse
from laconic.deploy.integer.scales import rounded
from laconic.deploy.layers import Linear, Recurrent
from laconic.deploy.program import DRIVEN, step_program
from laconic.rnn import RNNClassifier, round_weights
from laconic.rnn.network import CELLS, SequenceNetwork


def assert_exact(graph, x):
    """Every byte of the quantised graph stands for the number of the float one."""
    whole = quantize(graph, x, bias_bits=8)
    layers = [layer for layer in graph.layers if isinstance(layer, Recurrent)]
    for layer, made in zip(layers, whole.layers, strict=True):
        for direction, found in zip(layer.directions, made, strict=True):
            assert_same_weights(gated_program(direction).steps, found.steps)
            first = direction.bias[: len(found.bias.values)]
            np.testing.assert_array_equal(found.bias.whole() / 4096, first.ravel())
            if found.gap is not None:
                np.testing.assert_array_equal(found.gap.whole() / 4096, direction.bias[1] - direction.bias[0])
    heads = [layer for layer in graph.layers if isinstance(layer, Linear)]
    for layer, found in zip(heads, whole.head, strict=True):
        np.testing.assert_array_equal(found.bias.whole() / 4096, layer.bias)
        operation = Product(layer.matrix.dense(), 1, 1, Span("at", 0, 1), Span("into", 0, 1), adds=True)
        assert_same_weights([operation], found.steps)


def assert_same_weights(steps, found):
    for step, made in zip(steps, found, strict=True):
        if isinstance(step, (Product, SparseProduct)):
            weight = step.weight if isinstance(step, Product) else step.values
            whole = made.weight if isinstance(made, IntProduct) else made.values
            assert isinstance(made, (IntProduct, IntSparse))
            _, unit = rounded(step)
            np.testing.assert_allclose(whole * unit, weight, rtol=1e-6, atol=0)


SOME = [case for case in EVERY if case[2] in FORMS[::3]]


@pytest.mark.parametrize("case", SOME, ids=names(SOME))
def test_rounded_weights_are_deployed_as_they_are(case):
    net = network(*case)
    round_weights(net)
    assert_exact(lower(net), sequences())


@pytest.mark.parametrize("cell", CELLS)
def test_so_are_those_of_plain_layers_whose_two_biases_are_added(cell):
    torch.manual_seed(0)
    net = SequenceNetwork(5, 3, cell, 12, 2, True).eval()
    round_weights(net)
    assert_exact(lower(net), sequences())


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e2])
def test_so_are_weights_of_any_size(scale):
    net = network("lstm", "kronecker", FORMS[0], "joint")
    with torch.no_grad():
        net.head.weight.mul_(scale)
        net.head.bias.mul_(scale)
    round_weights(net)
    assert_exact(lower(net), sequences())


def test_so_are_rows_that_would_overflow_with_a_byte_each():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2000, 3), nn.Identity()).eval()
    nn.init.uniform_(net[0].weight, 0.1, 0.12)
    round_weights(net)
    weight = net[0].weight.detach().numpy()
    step = Product(weight, 1, 1, Span("at", 0, 2000), Span("into", 0, 3), adds=True)
    whole, unit = rounded(step)
    np.testing.assert_allclose(whole * unit, weight, rtol=1e-6)
    assert np.abs(whole.astype(int)).sum(axis=1).max() <= ROW
    assert np.abs(whole).max() < BYTE


CELLS_TRAINED = [("lstm", "kronecker"), ("gru", "lowrank"), ("fastgrnn", "small"), ("rnn", "doped"), ("fastrnn", "hmd")]


@pytest.mark.parametrize(("cell", "method"), CELLS_TRAINED)
@pytest.mark.parametrize("more", [{}, {"optimizer": "full-adam"}, {"averaging": 0.9}, {"early_stopping": True}])
def test_a_trained_classifier_is_deployed_as_it_is(cell, method, more, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 6, 4)).astype(np.float32)
    y = (x[:, :, 0].mean(1) > 0).astype(int)
    settings = {"hidden_size": 8, "max_epochs": 3, "batch_size": 16, "random_state": 0}
    model = RNNClassifier(cell, method=method, quantization=0.5, **settings, **more).fit(x, y)
    assert_exact(lower(model), x)
    model.save(tmp_path / "model")
    assert_exact(lower(RNNClassifier.load(tmp_path / "model")), x)
    graph = lower(model)
    answers = quantize(graph, x, bias_bits=8).interpret(x)
    np.testing.assert_allclose(answers, graph.interpret(x), atol=0.01 * max(1, np.abs(answers).max()))


# What rounding moves ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", EVERY[::7], ids=names(EVERY[::7]))
def test_what_rounding_moves_is_the_mean_of_what_it_changes(case):
    """Beside the same program run on every step of every sequence."""
    graph, x = lower(network(*case)), sequences()
    direction = graph.layers[0].directions[0]
    outputs = direction.run(x)
    before = np.roll(outputs, -1 if direction.reverse else 1, axis=1)
    before[:, -1 if direction.reverse else 0] = 0
    program = step_program(direction)
    each = [
        moved_by_rounding(program.steps, step_buffers(program, x[i, t][None], before[i, t][None]), DRIVEN)
        for i in range(len(x))
        for t in range(x.shape[1])
    ]
    means = step_buffers(program, *means_read(direction, x, outputs))
    found = moved_by_rounding(program.steps, means, DRIVEN)
    np.testing.assert_allclose(found, np.mean(each, axis=0), atol=1e-6 * np.abs(each).max())


@pytest.mark.parametrize("case", EVERY[::11], ids=names(EVERY[::11]))
def test_answers_are_nearer_for_it(case, monkeypatch):
    graph, x = lower(network(*case)), sequences(40)[:-1]
    expected = graph.interpret(x)
    near = np.square(quantize(graph, x).interpret(x) - expected).mean()
    monkeypatch.setattr("laconic.deploy.integer.quantize.moved_by_rounding", lambda steps, at, into: 0 * at[into][0])
    far = np.square(quantize(graph, x).interpret(x) - expected).mean()
    assert near < 1.1 * far


def test_a_state_of_one_step_is_zero():
    graph = lower(network("gru", "kronecker", FORMS[0], "joint"))
    x = sequences(steps=1)
    _, state = means_read(graph.layers[0].directions[0], x, graph.layers[0].directions[0].run(x))
    assert not state.any()
    assert np.isfinite(quantize(graph, x).interpret(x)).all()
