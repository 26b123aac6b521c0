"""What compress says it did is what it did: sizes of the papers, budgets, totals, errors that change nothing."""

import copy
import re

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
from compress_cases import CELLS, FEATURES, HIDDEN, METHODS, assert_same, make
from torch import nn
from torch.nn.utils import prune

from laconic.core.checks import DataError, ParameterError
from laconic.rnn import compress, count_parameters, structures
from laconic.rnn.network import SequenceNetwork

PAPERS = [
    # cell, features, hidden, classes, bytes before, bytes after, factor of the layer, of arXiv:1906.02876
    ("lstm", 28, 40, 10, 45800, 4152, 17.58),
    ("lstm", 10, 118, 12, 249264, 15664, 24.47),
    ("gru", 10, 154, 12, 312360, 15372, 38.44),
]


@pytest.mark.parametrize(("cell", "n", "hidden", "classes", "before", "after", "factor"), PAPERS)
def test_the_papers_sizes_to_the_byte(cell, n, hidden, classes, before, after, factor):
    network = SequenceNetwork(n, classes, cell, hidden)
    account = compress(network, shapes="paper")
    assert (account.bytes_before, account.bytes_after) == (before, after)
    assert f"{account.layer_factor:.2f}" == f"{factor:.2f}"
    assert account.bytes_after == 4 * count_parameters(network)


def test_the_papers_sizes_in_words():
    words = {cell: str(compress(SequenceNetwork(n, c, cell, h), shapes="paper")) for cell, n, h, c, *_ in PAPERS[1:]}
    assert "243.42 KB" in words["lstm"]
    assert "15.30 KB" in words["lstm"]
    assert "305.04 KB" in words["gru"]
    assert "15.01 KB" in words["gru"]


class Mixed(nn.Module):
    """Layers of every kind, some of which cannot be compressed."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.embed = nn.Embedding(11, FEATURES)
        self.conv = nn.Conv1d(FEATURES, FEATURES, 3)
        self.first = nn.LSTM(FEATURES, HIDDEN, 2, bidirectional=True)
        self.second = nn.GRU(2 * HIDDEN, HIDDEN)
        self.cell = nn.LSTMCell(4, 4)
        self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(HIDDEN, 6, bias=False))
        self.pruned = prune.l1_unstructured(nn.Linear(4, 6), "weight", 0.5)
        self.attention = nn.MultiheadAttention(4, 2)
        self.lazy = nn.LazyLinear(5)
        self.decode = nn.Linear(FEATURES, 11, bias=False)
        self.decode.weight = self.embed.weight
        self.hidden = nn.Linear(HIDDEN, 12)
        self.head = nn.Linear(12, 3)


REASONS = {
    "": "Mixed is not a kind",
    "embed": "Embedding is not a kind",
    "conv": "Conv1d is not a kind",
    "cell": "LSTMCell is not a kind",
    "normed": "parametrizations",
    "pruned": "prune",
    "attention": "MultiheadAttention is not a kind",
    "lazy": "size is not known yet",
    "decode": "shared with another layer",
    "head": "classifier",
}


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize("method", [m for m in METHODS if m != "small"])
def test_totals_add_up_and_kept_layers_are_named_with_reasons(method):
    model = Mixed()
    merged = sum(p.numel() for n, p in model.named_parameters() if "bias_hh" in n and not n.startswith("cell"))
    before = sum(p.numel() for n, p in model.named_parameters() if "lazy" not in n) - merged
    account = compress(model, method)
    assert {layer.name for layer in account} == {"first", "second", "hidden", "attention.out_proj"}
    assert {kept.name for kept in account.kept} == set(REASONS)
    for kept in account.kept:
        assert REASONS[kept.name] in kept.reason
    assert account.parameters_before == before
    assert account.parameters_after == count_parameters(model) == account.bytes_after // 4
    assert account.bytes_before == 4 * before
    assert account.factor == account.bytes_before / account.bytes_after
    again = compress(model, layers=["head"])
    assert {kept.name: kept.reason for kept in again.kept}["first"] == "it is compressed already"
    assert again.parameters_before == account.parameters_after
    assert again.parameters_after == count_parameters(model)


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_the_table_names_every_layer():
    account = compress(Mixed())
    text = str(account)
    for layer in (*account.layers, *account.kept):
        assert f"{layer.name} ({layer.kind})" in text
    assert account["first"] is account[0] is next(iter(account))
    assert account.to_dict()["bytes_after"] == account.bytes_after
    assert len(account) == len(account.layers)
    with pytest.raises(KeyError):
        account["nothing"]


def test_a_count_does_not_see_the_submodules_of_others():
    """Each parameter is of one layer alone, and one that two layers share counts once."""
    model = Mixed()
    account = compress(model, layers=["first"])
    kept = {layer.name: layer.parameters for layer in account.kept}
    assert kept[""] == 3
    assert kept["attention"] == 3 * 4 * 4 + 3 * 4
    assert kept["embed"] + kept["decode"] == 11 * FEATURES
    assert kept["normed"] == 6 * HIDDEN + 6


def _all_methods(model, **kwargs):
    """Every method that can do `model`, on a copy each."""
    for method in METHODS:
        yield method, compress(copy.deepcopy(model), method, **kwargs)


def test_gru_macs_count_the_candidate_twice_for_products():
    """W x and U h of the candidate gate are multiplied by the reset gate apart, so the product is applied twice."""
    layer = nn.GRU(10, 154)
    per_gate = compress(nn.Linear(164, 154), shapes="paper")[0].macs_after
    account = compress(layer, shapes="paper")[0]
    assert account.macs_after == 4 * per_gate
    assert account.macs_before == 3 * 154 * 164
    separate = compress(nn.GRU(10, 154), shapes="paper", layout="separate")[0]
    apart = [compress(nn.Linear(n, 154), shapes="paper")[0].macs_after for n in (10, 154)]
    assert separate.macs_after == 3 * sum(apart)
    assert compress(nn.LSTM(10, 118), shapes="paper")[0].macs_after == 4 * _macs(118, 128)
    assert compress(nn.GRU(10, 154), "pruned")[0].macs_after == 3 * 507


def _macs(m, n):
    return compress(nn.Linear(n, m), shapes="paper")[0].macs_after


def test_macs_of_a_projection_are_counted():
    account = compress(nn.LSTM(6, 8, proj_size=4), "dense")
    assert account[0].macs_before == account[0].macs_after == 4 * 8 * (6 + 4) + 4 * 8
    assert account[0].parameters_after == 4 * 8 * (6 + 4) + 4 * 8 + 4 * 8


def test_ranks():
    assert compress(nn.LSTM(28, 40), shapes="paper")[0].max_rank == 20
    assert compress(nn.LSTM(28, 40), "lowrank", budget=45800 // 4)[0].max_rank > 1
    assert compress(nn.LSTM(28, 40), "dense").max_rank == 40


# Budgets ----------------------------------------------------------------------------------------------------------


def least_bytes(model, method, **kwargs):
    """The smallest budget that the error for an impossible one names."""
    with pytest.raises(ParameterError, match="budget must be at least") as caught:
        compress(model, method, budget=1, **kwargs)
    return int(re.search(r"at least (\d+) bytes", str(caught.value))[1])


@settings(max_examples=60)
@given(
    method=st.sampled_from(METHODS),
    cell=st.sampled_from(sorted(CELLS)),
    features=st.integers(1, 13),
    hidden=st.integers(1, 16),
    form=st.sampled_from([{}, {"num_layers": 2}, {"num_layers": 2, "bidirectional": True}]),
    layout=st.sampled_from(["joint", "separate"]),
    bias=st.booleans(),
    share=st.floats(0, 1.2),
)
@example("kronecker", "lstm", 7, 13, {"num_layers": 2}, "joint", True, 0.3)
@example("hybrid", "gru", 1, 1, {}, "joint", False, 0.5)
def test_budget_is_kept_and_the_smallest_one_works(method, cell, features, hidden, form, layout, bias, share):
    assume((method, layout) != ("small", "separate"))
    layer = CELLS[cell](features, hidden, bias=bias, **form)
    model = nn.ModuleDict({"rnn": layer, "head": nn.Linear(hidden, 3)})
    least = least_bytes(model, method, layout=layout)
    whole = 4 * count_parameters(model)
    budget = int(least + share * (whole - least))
    tight, roomy = copy.deepcopy(model), copy.deepcopy(model)
    account = compress(tight, method, budget=least, layout=layout)
    assert account.bytes_after == least == 4 * count_parameters(tight)
    with pytest.raises(ParameterError):
        compress(copy.deepcopy(model), method, budget=least - 1, layout=layout)
    assert compress(roomy, method, budget=max(budget, least), layout=layout).bytes_after <= max(budget, least)
    assert roomy["head"].weight.shape == (3, hidden)


SPARE = {"pruned": 4, "lowrank": 4 * (160 + 68), "small": 4 * 4 * (28 + 2 * 40 + 2)}


@pytest.mark.parametrize("budget", ["4KB", "4.06 KB", 8000, "20KiB", 40000])
@pytest.mark.parametrize("method", SPARE)
def test_budget_is_nearly_used(method, budget):
    """To the entry, to one more rank, to one more unit."""
    from laconic.core.units import parse_bytes

    account = compress(SequenceNetwork(28, 10, "lstm", 40), method, budget=budget)
    assert 0 <= parse_bytes(budget) - account.bytes_after < SPARE[method]


@pytest.mark.parametrize("method", ["kronecker", "hybrid"])
def test_no_larger_rank_fits_the_budget(method):
    budget = 8000
    account = compress(SequenceNetwork(28, 10, "lstm", 40), method, budget=budget)
    more = compress(SequenceNetwork(28, 10, "lstm", 40), method, budget=2 * budget)
    assert account.bytes_after <= budget
    assert account.max_rank <= more.max_rank
    assert account.max_rank == 40 if method == "kronecker" else account.max_rank >= 20


def test_a_generous_budget_is_no_error():
    for method in METHODS:
        model = SequenceNetwork(6, 3, "gru", 8)
        dense = 4 * count_parameters(model)
        after = compress(model, method, budget="1MB").bytes_after
        assert after <= dense


def test_budget_is_shared_by_size():
    model = nn.ModuleDict({"a": nn.LSTM(10, 20), "b": nn.LSTM(20, 40), "head": nn.Linear(40, 2)})
    account = compress(model, "pruned", budget=20000)
    fixed = 4 * (4 * 20 + 4 * 40 + 41 * 2)
    spent = {layer.name: layer.bytes_after for layer in account}
    assert account.bytes_after <= 20000 < account.bytes_after + 4
    share = (spent["a"] - 4 * 80) / (20000 - fixed)
    assert share == pytest.approx(80 * 30 / (80 * 30 + 160 * 60), abs=0.01)


def test_budget_of_mixed_precision_is_kept():
    model = nn.ModuleDict({"a": nn.LSTM(10, 20).double(), "b": nn.LSTM(20, 40), "head": nn.Linear(40, 2)})
    account = compress(model, "pruned", budget=20000)
    assert account.bytes_after <= 20000
    assert account["a"].bytes_after == 8 * account["a"].parameters_after


# Shapes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shapes", [((8, 4), (5, 17)), [[2, 2], [4, 2], [5, 17]], np.array([[8, 4], [5, 17]])])
def test_explicit_shapes(shapes):
    layer = nn.LSTM(28, 40)
    account = compress(layer, shapes=shapes)
    formula = " ⊗ ".join(f"({m}, {n})" for m, n in shapes)
    assert account[0].structure == f"4 x [{formula}]"
    assert account[0].parameters_after == 4 * sum(int(m * n) for m, n in shapes) + 4 * 40


def test_auto_without_a_budget_is_no_larger_than_the_papers_rule():
    for features, hidden in ((28, 40), (16, 32), (10, 118)):
        auto = compress(nn.LSTM(features, hidden))
        paper = compress(nn.LSTM(features, hidden), shapes="paper")
        assert auto.bytes_after <= paper.bytes_after
        assert auto.max_rank >= paper.max_rank


# Errors -----------------------------------------------------------------------------------------------------------

WRONG = [
    ({"method": "kron"}, "method must be one of 'dense', 'kronecker'"),
    ({"method": None}, "method must be one of"),
    ({"method": ["kronecker"]}, "method must be one of"),
    ({"layout": "apart"}, "layout must be one of 'joint', 'separate'"),
    ({"init": "zeros"}, "init must be one of 'nearest', 'random'"),
    ({"layers": ["rnn", "nothing"]}, "layers must be .*'rnn'.*'head'.*got 'nothing'"),
    ({"layers": "nothing"}, "got 'nothing'"),
    ({"layers": []}, "layers must be"),
    ({"layers": [3]}, "got 3"),
    ({"layers": ["conv"]}, "conv: Conv1d is not a kind that can be compressed"),
    ({"layers": ("conv",)}, "conv: Conv1d is not a kind that can be compressed"),
    ({"layers": "conv"}, "conv: Conv1d is not a kind that can be compressed"),
    ({"shapes": "best"}, "shapes must be 'auto', 'paper' or factor shapes"),
    ({"shapes": 4}, "shapes must be"),
    ({"shapes": None}, "shapes must be"),
    ({"shapes": ((2.0, 7), (4, 2))}, "shapes must be"),
    ({"shapes": ((0, 7), (4, 2))}, "shapes must be"),
    ({"shapes": ((-2, 7), (-4, 2))}, "shapes must be"),
    ({"shapes": ((2, 7, 1), (4, 2))}, "shapes must be"),
    ({"shapes": ("27", "42")}, "shapes must be"),
    ({"shapes": ((8, 4), (5, 17))}, r"shapes must be factors of a \(8, 14\) matrix, as rnn has"),
    ({"method": "lowrank", "shapes": ((2, 7), (4, 2))}, "shapes must be 'auto' for method 'lowrank'"),
    ({"method": "lowrank", "shapes": np.ones((2, 2))}, "shapes must be 'auto' for method 'lowrank'"),
    ({"budget": "4 XB"}, "budget must be a size"),
    ({"budget": 0}, "budget must be"),
    ({"budget": -5}, "budget must be"),
    ({"budget": 100}, r"budget must be at least \d+ bytes for method 'kronecker', .* stay as they are"),
    ({"init": "random", "random_state": -1}, "random_state must be"),
    ({"init": "random", "random_state": "seed"}, "random_state must be"),
    ({"method": "small", "layout": "separate"}, "joint layout"),
]


class Simple(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 2, 3)
        self.rnn = nn.LSTM(FEATURES, HIDDEN)
        self.head = nn.Linear(HIDDEN, 3)


def assert_unchanged(model, before):
    assert [type(module) for module in model.modules()] == [type(module) for module in before.modules()]
    ours, theirs = model.state_dict(), before.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(ours.values(), theirs.values(), strict=True))


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_wrong_arguments_are_named_and_change_nothing(wrong, message):
    model = Simple()
    before = copy.deepcopy(model)
    with pytest.raises(ParameterError, match=message):
        compress(model, **wrong)
    assert_unchanged(model, before)


@pytest.mark.parametrize("init", ["nearest", "random"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("place", ["weight_hh_l1", "bias_ih_l1"])
def test_weights_that_are_not_finite_change_nothing(method, init, place):
    model = nn.LSTM(FEATURES, HIDDEN, 2)
    with torch.no_grad():
        getattr(model, place)[0] = float("nan")
    before = copy.deepcopy(model)
    if place.startswith("bias") and method != "small":
        compress(model, method, init=init)  # a bias is kept as it is
        return
    with pytest.raises(DataError, match="must be finite"):
        compress(model, method, init=init)
    assert_unchanged(model, before)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Conv1d(2, 2, 3), "model must be a module with a layer to compress.*Conv1d is not a kind"),
        (nn.ReLU(), "no parameters at all"),
        (nn.LSTM(3, 4, device="meta"), "no values yet"),
        ("lstm", "model must be a torch.nn.Module, got 'str'"),
    ],
)
def test_models_with_nothing_to_compress(model, message):
    with pytest.raises(ParameterError, match=message):
        compress(model)


def test_a_model_can_be_compressed_only_once():
    model = nn.LSTM(4, 6)
    compress(model)
    with pytest.raises(ParameterError, match="it is compressed already"):
        compress(model)


# Where it starts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_random_state(method):
    def weights(seed):
        layer = make("lstm")
        compress(layer, method, init="random", random_state=seed)
        return layer.weight_ih_l0

    first, again, other = weights(3), weights(3), weights(4)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(weights(np.random.default_rng(3)), first)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "small"])
def test_random_start_has_the_deviation_of_the_weights(method):
    layer = nn.LSTM(28, 40)
    before = torch.cat([layer.weight_ih_l0, layer.weight_hh_l0], 1).std().item()
    compress(layer, method, budget=None if method == "dense" else 16000, init="random", random_state=0)
    after = torch.cat([layer.weight_ih_l0, layer.weight_hh_l0], 1).detach()
    if method == "pruned":
        after = structures(layer)["compressed.l0"].values.detach()
    assert float(after.std()) == pytest.approx(float(before), rel=0.35)


@pytest.mark.parametrize("layout", ["joint", "separate"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cell", sorted(CELLS))
def test_nearest_is_exact_on_weights_that_are_members(cell, method, layout):
    if (method, layout) == ("small", "separate"):
        pytest.skip("small takes [W U] together")
    from laconic.rnn import materialise

    layer = make(cell, num_layers=2)
    compress(layer, method, layout=layout, init="random", random_state=0)
    materialise(layer)
    x = torch.randn(4, 2, FEATURES)
    expected = layer(x)
    compress(layer, method, layout=layout)
    assert_same(layer(x), expected, 2e-5)


def test_dense_keeps_the_predictions_of_layers_with_two_biases():
    for cell in CELLS:
        layer = make(cell)
        if cell == "gru":
            with torch.no_grad():
                layer.bias_hh_l0[2 * HIDDEN :] = 0  # it is multiplied by the reset gate: no merging is exact
        x = torch.randn(4, 2, FEATURES)
        expected = layer(x)
        compress(layer, "dense")
        assert_same(layer(x), expected)


def test_all_methods_on_one_model():
    for method, account in _all_methods(SequenceNetwork(8, 10, "lstm", 16)):
        assert account.method == method
        assert account.factor >= 1


class Sandwich(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.mid, self.head = nn.LSTM(8, 12), nn.Linear(12, 8), nn.Linear(8, 3)


def test_a_layer_that_a_method_cannot_take_is_kept_for_its_reason():
    account = compress(Sandwich(), "small")
    assert [layer.name for layer in account] == ["rnn"]
    assert "takes recurrent layers" in {kept.name: kept.reason for kept in account.kept}["mid"]
    with pytest.raises(ParameterError, match="mid: method 'small' takes recurrent layers"):
        compress(Sandwich(), "small", layers=["mid"])


@pytest.mark.parametrize("method", ["kronecker", "hybrid", "lowrank", "pruned"])
def test_no_layer_gets_larger_than_dense(method):
    for budget in ("2KB", "1MB"):
        account = compress(Sandwich(), method, budget=budget)
        assert all(layer.parameters_after <= layer.parameters_before for layer in account)
    assert all("no larger" in layer.note for layer in account)


def test_a_second_call_leaves_the_classifier_alone():
    model = SequenceNetwork(6, 3, "gru", 8)
    compress(model)
    with pytest.raises(ParameterError, match="it is compressed already"):
        compress(model)


def test_one_ruler_for_layers_that_are_compressed_and_kept():
    whole = [compress(nn.Sequential(nn.LSTM(28, 40), nn.Linear(40, 10)), layers=[name]) for name in ("0", "1")]
    assert whole[0].bytes_before == whole[1].bytes_before == 45800
    assert whole[0].macs_before == whole[1].macs_before == 160 * 68 + 400
