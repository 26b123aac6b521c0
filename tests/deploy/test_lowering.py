"""A graph answers as the model does, whatever it is made of; what cannot be lowered is refused by name."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from deploy.models import EVERY, N_CLASSES, N_FEATURES, answers, names, network, sequences
from torch import nn

from laconic.core.checks import DataError, ParameterError
from laconic.deploy import Graph, interpret, lower
from laconic.deploy.layers import FinalState, LastStep, Linear, Recurrent
from laconic.rnn import FastRNN, RNNClassifier, compress
from laconic.rnn.network import SequenceNetwork


@pytest.mark.parametrize("case", EVERY, ids=names(EVERY))
def test_the_reference_is_torch(case):
    net, x = network(*case), sequences()
    found = lower(net).interpret(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, answers(net, x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "fastrnn", "fastgrnn"])
def test_a_gru_and_others_without_compression_keep_both_biases(cell):
    torch.manual_seed(1)
    net, x = SequenceNetwork(N_FEATURES, N_CLASSES, cell, 6, 2, True).eval(), sequences()
    np.testing.assert_allclose(lower(net).interpret(x), answers(net, x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("layer", [nn.RNN, FastRNN])
@pytest.mark.parametrize("bias", [True, False])
def test_relu_and_no_bias(layer, bias):
    torch.manual_seed(0)
    module = layer(N_FEATURES, 4, nonlinearity="relu", bias=bias, batch_first=True)
    x = sequences()[:3]
    with torch.no_grad():
        expected = module(torch.from_numpy(x))[0].numpy()
    np.testing.assert_allclose(interpret(lower(module), x), expected, rtol=1e-5, atol=1e-5)


class LastOutput(nn.Module):
    """What many people write."""

    def __init__(self, both_ways=False, pick=(slice(None), -1)):
        super().__init__()
        self.rnn = nn.GRU(N_FEATURES, 6, 2, batch_first=True, bidirectional=both_ways, dropout=0.3)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Sequential(nn.Linear(6 * (1 + both_ways), 5), nn.ReLU(), nn.Linear(5, N_CLASSES))
        self.pick = pick

    def forward(self, x):
        out, _ = self.rnn(x)
        return torch.softmax(self.head(self.drop(out[self.pick])), dim=-1)


class HiddenState(nn.Module):
    def __init__(self, kind=nn.LSTM):
        super().__init__()
        self.first = nn.Linear(N_FEATURES, 4)
        self.rnn = kind(4, 6, batch_first=True)
        self.head = nn.Linear(6, N_CLASSES)

    def forward(self, x):
        _, state = self.rnn(torch.relu(self.first(x)))
        h = state[0] if isinstance(self.rnn, nn.LSTM) else state
        return self.head(h[-1])


@pytest.mark.parametrize(
    "model",
    [
        LastOutput(),
        LastOutput(True),
        LastOutput(pick=(slice(None), -1, slice(None))),
        HiddenState(),
        HiddenState(nn.GRU),
    ],
    ids=["last", "both-ways", "sliced", "state-lstm", "state-gru"],
)
def test_a_forward_of_ones_own_is_followed(model):
    model, x = model.eval(), sequences()
    np.testing.assert_allclose(lower(model).interpret(x), answers(model, x), rtol=0, atol=1e-5)


def test_a_compressed_model_of_ones_own_keeps_its_structures():
    model = LastOutput().eval()
    compress(model, "kronecker", layers=["rnn"], init="random", random_state=0)
    graph, x = lower(model), sequences()
    kinds = {matrix.kind for layer in graph.layers if isinstance(layer, Recurrent) for d in layer.directions
             for matrix in d.matrices}  # fmt: skip
    assert kinds == {"rows"}
    np.testing.assert_allclose(graph.interpret(x), answers(model, x), rtol=0, atol=1e-5)


def test_a_classifier_takes_its_scale_and_classes_along():
    rng = np.random.default_rng(0)
    x = (1000 + 50 * rng.standard_normal((60, 7, 3))).astype(np.float32)
    y = np.where(x[:, :, 0].mean(1) > 1000, "high", "low")
    model = RNNClassifier(hidden_size=8, max_epochs=3, random_state=0).fit(x, y)
    graph = lower(model)
    assert graph.classes == ("high", "low")
    logits = graph.interpret(x)
    np.testing.assert_allclose(softmax(logits), model.predict_proba(x), rtol=0, atol=1e-5)


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(N_FEATURES, N_FEATURES, batch_first=True)

    def forward(self, x):
        return x + self.rnn(x)[0]


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


class FirstState(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(N_FEATURES, 4, batch_first=True)
        self.start = nn.Parameter(torch.ones(1, 1, 4))

    def forward(self, x):
        return self.rnn(x, self.start)[0][:, -1]


class FirstDirection(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(N_FEATURES, 4, batch_first=True, bidirectional=True)

    def forward(self, x):
        return self.rnn(x)[1][-1]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (nn.Conv1d(3, 3, 1), "Conv1d"),
        (nn.Sequential(nn.Linear(3, 3), nn.Conv1d(3, 3, 1)), "1: Conv1d"),
        (nn.LSTM(3, 4, proj_size=2, batch_first=True), "proj_size"),
        (nn.LSTM(3, 4), "batch_first=False"),
        (nn.Sequential(nn.Linear(3, 3), nn.Softmax(dim=1)), "axis 1"),
        (Twice(), "used 2 times"),
        (Branching(), "cannot be followed"),
        (FirstState(), "more than its input, such as a state"),
        (FirstDirection(), "leaves its first direction out"),
        (nn.ReLU(), "with a weight"),
        ("a name", "RNNClassifier"),
        (RNNClassifier(), "fitted"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_cannot_be_lowered_is_named(model, words):
    with pytest.raises(ParameterError, match=r"lower: model must be") as error:
        lower(model)
    assert words in str(error.value)


def test_weights_that_are_not_finite_are_refused():
    net = SequenceNetwork(2, 2, hidden_size=3)
    with torch.no_grad():
        net.head.weight[0, 0] = float("nan")
    with pytest.raises(DataError, match="head"):
        lower(net)


def test_halves_become_float32():
    net = SequenceNetwork(2, 2, hidden_size=3).bfloat16()
    assert lower(net).interpret(np.ones((1, 2, 2))[:, :, :].astype(np.float32)).dtype == np.float32


def test_a_graph_refuses_layers_that_do_not_fit():
    graph = lower(SequenceNetwork(2, 3, hidden_size=4))
    recurrent, state, head = graph.layers
    assert isinstance(state, FinalState)
    assert graph.widths == (2, 4, 4, 3)
    assert graph.kinds == ("sequence", "sequence", "vector", "vector")
    with pytest.raises(DataError, match="takes 2 features, the one before gives 5"):
        Graph(graph.layers, 5)
    with pytest.raises(DataError, match="takes a sequence, got a vector"):
        Graph((recurrent, state, LastStep("again"), head), 2)
    with pytest.raises(ParameterError, match="different names"):
        Graph((recurrent, state, head, Linear("head", head.matrix, head.bias)), 2)
    with pytest.raises(ParameterError, match="one or more"):
        Graph((), 2)


@pytest.mark.parametrize("x", [np.ones((2, 3)), np.ones((2, 0, 2)), np.ones((2, 3, 4)), np.full((1, 2, 2), np.nan),
                               np.array([[["a", "b"]]])])  # fmt: skip
def test_sequences_that_cannot_be_read_are_refused(x):
    with pytest.raises(DataError, match="interpret"):
        interpret(lower(SequenceNetwork(2, 3, hidden_size=4)), x)


def test_the_room_loads_without_torch():
    code = "import sys, laconic.deploy as d; d.Graph, d.write_c; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
