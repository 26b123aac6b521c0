"""Which layers compress takes by itself, by name and by pattern."""

import pytest

torch = pytest.importorskip("torch")
from torch import nn

from laconic.core.checks import ParameterError
from laconic.rnn import FastGRNN, FastRNN, compress
from laconic.rnn.anatomy import KINDS
from laconic.rnn.survey import survey


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.ModuleDict({"low": nn.GRU(4, 6), "high": nn.LSTM(6, 6), "norm": nn.LayerNorm(6)})
        self.encoder2 = nn.RNN(6, 6)
        self.middle = nn.Linear(6, 8)
        self.head = nn.Linear(8, 3)


RECURRENT = ["encoder.low", "encoder.high", "encoder2"]


@pytest.mark.parametrize(
    ("layers", "chosen"),
    [
        (None, [*RECURRENT, "middle"]),
        ("all", [*RECURRENT, "middle", "head"]),
        (["all"], [*RECURRENT, "middle", "head"]),
        (["encoder"], RECURRENT[:2]),
        ("encoder", RECURRENT[:2]),
        (["encoder.*"], RECURRENT[:2]),
        (["enc*"], RECURRENT),
        (["*.high", "head"], ["encoder.high", "head"]),
        (("head", "encoder2"), ["encoder2", "head"]),
        ({"head"}, ["head"]),
        (["head", "head"], ["head"]),
    ],
)
def test_which_layers_are_chosen(layers, chosen):
    found = survey(Nested(), layers)
    assert list(found.chosen) == chosen
    assert found.chosen.keys().isdisjoint(found.kept)
    assert len(found.chosen) + len(found.kept) == 6
    assert "LayerNorm is not a kind" in found.kept["encoder.norm"][1]


def test_reasons_for_what_is_left_out():
    assert "classifier" in survey(Nested(), None).kept["head"][1]
    assert survey(Nested(), ["encoder2"]).kept["head"][1] == "not named in layers="


def test_a_lone_layer_is_chosen():
    for layer in (nn.Linear(3, 4), nn.LSTM(3, 4), FastRNN(3, 4), FastGRNN(3, 4)):
        assert list(survey(layer, None).chosen) == [""]
        assert list(survey(layer, "all").chosen) == [""]
        assert type(layer).__name__ in KINDS


def test_subclasses_are_of_their_kind():
    class Mine(nn.GRU):
        pass

    assert list(survey(Mine(3, 4), None).chosen) == [""]


def hooked(change, layer=None):
    layer = layer or nn.Linear(4, 6)
    change(layer)
    return nn.ModuleDict({"a": layer, "b": nn.Linear(4, 6), "c": nn.Linear(4, 6)})


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:Complex modules")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (nn.utils.parametrizations.weight_norm, "parametrizations"),
        (nn.utils.parametrizations.spectral_norm, "parametrizations"),
        (nn.utils.weight_norm, "weight_norm"),
        (nn.utils.spectral_norm, "weight_norm, spectral_norm"),
        (lambda layer: layer.to("meta"), "no values yet"),
        (lambda layer: layer.to(torch.complex64), "not real floating-point"),
        (compress, "compressed already"),
    ],
)
def test_layers_that_cannot_be_compressed(change, reason):
    model = hooked(change)
    found = survey(model, None)
    assert list(found.chosen) == ["b"]
    assert reason in found.kept["a"][1]
    with pytest.raises(ParameterError, match=r"layers that can be compressed \(a: "):
        survey(model, ["a", "b"])


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_shared_parameters(name):
    model = hooked(lambda layer: None)
    setattr(model["a"], name, getattr(model["b"], name))
    kept = survey(model, "all").kept
    assert list(kept) == ["a", "b"]
    assert "shared with another layer" in kept["a"][1]


def test_a_layer_in_two_places_is_one():
    layer = nn.GRU(6, 6)
    model = nn.ModuleDict({"a": layer, "b": layer, "head": nn.Linear(6, 2)})
    account = compress(model)
    assert [x.name for x in account] == ["a"]
    assert model["a"] is model["b"]


def test_parameters_of_the_model_itself_are_named():
    model = Nested()
    model.register_parameter("scale", nn.Parameter(torch.ones(2)))
    assert survey(model, None).kept[""][1].startswith("Nested is not a kind")
