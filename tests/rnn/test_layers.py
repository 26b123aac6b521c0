"""FastRNN and FastGRNN against the equations of arXiv:1901.02358, sample by sample, and the manners of torch.nn.RNN."""

import copy
import pickle

import pytest

torch = pytest.importorskip("torch")
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence, unpack_sequence

from laconic.core.checks import ParameterError
from laconic.rnn import FastGRNN, FastRNN

LAYERS = [FastRNN, FastGRNN]
FORMS = [
    {},
    {"nonlinearity": "relu"},
    {"bias": False},
    {"num_layers": 2},
    {"bidirectional": True},
    {"num_layers": 3, "bidirectional": True},
]


def step(layer, suffix, x, h):
    """One step of one sample: x (features,), h (hidden,)."""
    get = {n.removesuffix(f"_{suffix}"): p for n, p in layer.named_parameters() if n.endswith(f"_{suffix}")}
    drive = get["weight_ih"] @ x + get["weight_hh"] @ h
    squash = getattr(torch, layer.nonlinearity)
    if isinstance(layer, FastRNN):
        candidate = squash(drive + get.get("bias_ih", 0.0))
        return torch.sigmoid(get["alpha"]) * candidate + torch.sigmoid(get["beta"]) * h
    z = torch.sigmoid(drive + get.get("bias_z", 0.0))
    candidate = squash(drive + get.get("bias_h", 0.0))
    return (torch.sigmoid(get["zeta"]) * (1 - z) + torch.sigmoid(get["nu"])) * candidate + z * h


def naive(layer, x, hx):
    """Output and last states of one sample: x (steps, features), hx (layers * directions, hidden)."""
    last, place = [], 0
    for level in range(layer.num_layers):
        outputs = []
        for suffix in [f"l{level}", f"l{level}_reverse"][: 1 + layer.bidirectional]:
            h, states = hx[place], []
            for row in x.flip(0) if suffix.endswith("reverse") else x:
                h = step(layer, suffix, row, h)
                states.append(h)
            outputs.append(torch.stack(states[::-1] if suffix.endswith("reverse") else states))
            last.append(h)
            place += 1
        x = torch.cat(outputs, dim=-1)
    return x, torch.stack(last)


def make(kind, **form):
    torch.manual_seed(0)
    layer = kind(4, 5, dtype=torch.float64, **form)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return layer


def start(layer, *batch):
    count = layer.num_layers * (1 + layer.bidirectional)
    return torch.randn(count, *batch, layer.hidden_size, dtype=torch.float64)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", LAYERS)
def test_equals_the_papers_equations(kind, form):
    layer = make(kind, **form)
    x, hx = torch.randn(6, 3, 4, dtype=torch.float64), start(layer, 3)
    for state in (hx, torch.zeros_like(hx)):
        output, last = layer(x, hx) if state is hx else layer(x)
        for i in range(3):
            one, one_last = naive(layer, x[:, i], state[:, i])
            torch.testing.assert_close(output[:, i], one, rtol=1e-10, atol=1e-12)
            torch.testing.assert_close(last[:, i], one_last, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("order", [True, False])
def test_packed_sequences_equal_runs_of_each_alone(kind, form, order):
    layer = make(kind, **form)
    lengths = [6, 4, 4, 1] if order else [2, 5, 1, 5]
    sequences = [torch.randn(n, 4, dtype=torch.float64) for n in lengths]
    packed, hx = pack_sequence(sequences, enforce_sorted=order), start(layer, 4)
    output, last = layer(packed, hx)
    assert isinstance(output, PackedSequence)
    for field in ("batch_sizes", "sorted_indices", "unsorted_indices"):
        theirs = getattr(packed, field)
        assert getattr(output, field) is theirs or torch.equal(getattr(output, field), theirs)
    for i, (sequence, found) in enumerate(zip(sequences, unpack_sequence(output), strict=True)):
        alone, alone_last = layer(sequence, hx[:, i])
        torch.testing.assert_close(found, alone, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(last[:, i], alone_last, rtol=1e-10, atol=1e-12)


def test_packed_output_keeps_the_order_of_its_input():
    """Equal lengths may be sorted either way; data of input and output stand row by row beside each other."""
    layer = make(FastRNN)
    x = torch.randn(5, 9, 4, dtype=torch.float64)
    packed = pack_padded_sequence(x, torch.tensor([3, 5, 3, 5, 3, 3, 5, 1, 3]), enforce_sorted=False)
    swapped = packed._replace(sorted_indices=None, unsorted_indices=None)  # the same data, taken as sorted
    torch.testing.assert_close(layer(packed)[0].data, layer(swapped)[0].data)


@pytest.mark.parametrize("kind", LAYERS)
def test_padding_of_any_value_is_not_read(kind):
    layer = make(kind, bidirectional=True)
    x, lengths = torch.randn(5, 2, 4, dtype=torch.float64), torch.tensor([5, 2])
    other = x.clone()
    other[2:, 1] = float("nan")
    first, second = (pad_packed_sequence(layer(pack_padded_sequence(v, lengths))[0])[0] for v in (x, other))
    assert torch.equal(first, second)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", LAYERS)
def test_batch_first_and_unbatched(kind, form):
    layer, other = make(kind, **form), make(kind, batch_first=True, **form)
    x, hx = torch.randn(6, 3, 4, dtype=torch.float64), start(layer, 3)
    output, last = layer(x, hx)
    swapped, last_swapped = other(x.transpose(0, 1), hx)
    assert torch.equal(swapped.transpose(0, 1), output)
    assert torch.equal(last, last_swapped)
    for one in (layer, other):
        alone, alone_last = one(x[:, 1], hx[:, 1])
        torch.testing.assert_close(alone, output[:, 1])
        torch.testing.assert_close(alone_last, last[:, 1])
    assert one(x[:, 1])[0].shape == output[:, 1].shape


@pytest.mark.parametrize("form", FORMS[:5])
@pytest.mark.parametrize("kind", LAYERS)
def test_gradients_by_finite_differences(kind, form):
    layer = make(kind, **form)
    names, values = zip(*layer.named_parameters(), strict=True)
    x = torch.randn(3, 2, 4, dtype=torch.float64, requires_grad=True)
    hx = start(layer, 2).requires_grad_()

    def outputs(x, hx, *parameters):
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x, hx))

    assert torch.autograd.gradcheck(outputs, (x, hx, *values), fast_mode=True)


@pytest.mark.parametrize("kind", LAYERS)
def test_signature_and_results_are_those_of_rnn(kind):
    theirs = nn.RNN(4, 5, 2, "relu", False, True, 0.0, True)
    layer = kind(4, 5, 2, "relu", False, True, 0.0, True)
    for x in (torch.randn(3, 6, 4), torch.randn(6, 4), pack_sequence([torch.randn(4, 4), torch.randn(2, 4)])):
        for a, b in zip(layer(x), theirs(x), strict=True):
            a, b = (v.data if isinstance(v, PackedSequence) else v for v in (a, b))
            assert a.shape == b.shape
            assert a.dtype == b.dtype
    shared = {n for n, _ in theirs.named_parameters()}
    assert shared <= {n for n, _ in layer.named_parameters()}
    for name in ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"):
        assert getattr(layer, name) == getattr(theirs, name)


@pytest.mark.parametrize("kind", LAYERS)
def test_scalars_start_and_are_learned(kind):
    layer = kind(4, 5)
    first = {"alpha": -1.0, "beta": 3.0, "zeta": 1.0, "nu": -4.0}
    scalars = {name.split("_")[0]: p for name, p in layer.named_parameters() if p.numel() == 1}
    assert {name: p.item() for name, p in scalars.items()} == {name: first[name] for name in kind.scalars}
    layer(torch.randn(3, 2, 4))[0].sum().backward()
    assert all(p.grad.abs() > 0 for p in scalars.values())
    vectors = [p for p in layer.parameters() if p.numel() > 1]
    assert all(p.abs().max() <= 5**-0.5 for p in vectors)


@pytest.mark.parametrize("kind", LAYERS)
def test_dropout_acts_between_layers_in_training_only(kind):
    layer = kind(4, 5, num_layers=2, dropout=0.5)
    x = torch.randn(6, 3, 4)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert torch.equal(layer(x)[0], layer(x)[0])
    single = kind(4, 5, dropout=0.5)
    assert torch.equal(single(x)[0], single(x)[0])


@pytest.mark.parametrize("kind", LAYERS)
def test_copies_precision_and_text(kind):
    layer = kind(4, 5, num_layers=2, batch_first=True, bidirectional=True)
    assert repr(layer) == f"{kind.__name__}(4, 5, num_layers=2, batch_first=True, bidirectional=True)"
    x = torch.randn(3, 6, 4)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(x)[0], layer(x)[0])
    assert layer(x)[0].dtype == torch.float32
    assert copy.deepcopy(layer).double()(x.double())[0].dtype == torch.float64
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(layer(x)[0].float(), layer.float()(x)[0].float(), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 5), "input_size must be a whole number"),
        ((4, 2.5), "hidden_size must be a whole number"),
        ((4, 5, 0), "num_layers must be a whole number"),
        ((4, 5, 1, "sigmoid"), "nonlinearity must be 'tanh' or 'relu', got 'sigmoid'"),
        ((4, 5, 1, "tanh", True, False, 1.5), "dropout must be a number"),
    ],
)
def test_wrong_arguments(kind, arguments, message):
    with pytest.raises(ParameterError, match=f"{kind.__name__}: {message}"):
        kind(*arguments)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(
    ("x", "hx", "message"),
    [
        ((6, 3, 5), None, "input must be"),
        ((4,), None, "input must be"),
        ((2, 6, 3, 4), None, "input must be"),
        ((0, 3, 4), None, "input must be"),
        ((6, 3, 4), (1, 2, 5), r"hx must be of shape \(1, 3, 5\)"),
        ((6, 3, 4), (3, 5), "hx must be"),
        ((6, 4), (1, 1, 5), "hx must be"),
    ],
)
def test_wrong_inputs(kind, x, hx, message):
    with pytest.raises(ParameterError, match=f"{kind.__name__}: {message}"):
        kind(4, 5)(torch.randn(x), None if hx is None else torch.randn(hx))
