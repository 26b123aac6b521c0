"""A compressed layer acts as the plain layer whose weights are the dense twins of its structures."""

import copy
import itertools

import pytest

torch = pytest.importorskip("torch")
from compress_cases import (
    BATCH,
    CELLS,
    FEATURES,
    HIDDEN,
    METHODS,
    STEPS,
    assert_same,
    flat,
    make,
    plain_state,
    state_of,
    twin_of,
)
from torch import nn
from torch.func import functional_call
from torch.nn.utils.rnn import pack_sequence

from laconic.rnn import compress

FORMS = {"one layer": {}, "two layers, both directions": {"num_layers": 2, "bidirectional": True}}
KINDS = (("joint", True), ("joint", False), ("separate", True))
RECURRENT = [
    (cell, method, form, layout, bias)
    for cell, method, form, (layout, bias) in itertools.product(CELLS, METHODS, FORMS, KINDS)
    if (method, layout) != ("small", "separate")  # small takes [W U] together
]


def weighted_sum(result):
    """A scalar that every output reaches with its own weight."""
    generator = torch.Generator().manual_seed(1)
    return sum((tensor * torch.randn(tensor.shape, generator=generator)).sum() for tensor in flat(result))


def inputs_of(kind, batch_first):
    if kind == "packed":
        return pack_sequence([torch.randn(n, FEATURES) for n in (3, 5, 2)], enforce_sorted=False)
    if kind == "unbatched":
        return torch.randn(STEPS, FEATURES)
    return torch.randn(*((BATCH, STEPS) if batch_first else (STEPS, BATCH)), FEATURES)


def compressed_pair(cell, method, form, layout, bias, **more):
    original = make(cell, bias=bias, **FORMS[form], **more)
    layer = copy.deepcopy(original)
    compress(layer, method, layout=layout, init="random", random_state=0)
    return layer, twin_of(layer, original)


@pytest.mark.parametrize(("cell", "method", "form", "layout", "bias"), RECURRENT)
def test_layer_equals_its_dense_twin(cell, method, form, layout, bias):
    layer, twin = compressed_pair(cell, method, form, layout, bias)
    x = inputs_of("plain", batch_first=False)
    left, right = x.clone().requires_grad_(), x.clone().requires_grad_()
    start = state_of(layer, BATCH)
    assert_same(layer(left), twin(right))
    ours, theirs = layer(left, start), twin(right, start)
    assert_same(ours, theirs)
    weighted_sum(ours).backward()
    weighted_sum(theirs).backward()
    torch.testing.assert_close(left.grad, right.grad, rtol=1e-4, atol=1e-5)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


@pytest.mark.parametrize("kind", ["plain", "packed", "unbatched"])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_form_of_input(cell, form, batch_first, kind):
    layer, twin = compressed_pair(cell, "kronecker", form, "joint", True, batch_first=batch_first)
    x = inputs_of(kind, batch_first)
    start = state_of(layer, None if kind == "unbatched" else BATCH)
    assert_same(layer(x), twin(x))
    assert_same(layer(x, start), twin(x, start))


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("method", [m for m in METHODS if m != "small"])
@pytest.mark.parametrize("form", FORMS)
def test_lstm_with_projection(method, form):
    layer, twin = compressed_pair("lstm", method, form, "joint", True, proj_size=4)
    x, start = inputs_of("plain", False), state_of(layer, BATCH)
    assert_same(layer(x, start), twin(x, start))


@pytest.mark.parametrize("method", [m for m in METHODS if m != "small"])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(method, bias):
    original = nn.Linear(FEATURES, HIDDEN, bias=bias)
    layer = copy.deepcopy(original)
    compress(layer, method, init="random", random_state=0)
    twin, x = twin_of(layer, original), torch.randn(2, 3, FEATURES)
    assert_same(layer(x), twin(x))
    layer(x).sum().backward()
    assert all(p.grad is not None for p in layer.parameters())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cell", CELLS)
def test_gradient_reaches_the_parameters_as_through_an_explicit_twin(cell, method):
    original = make(cell, num_layers=2, bidirectional=True).double()
    layer = copy.deepcopy(original)
    compress(layer, method, init="random", random_state=0)
    x = torch.randn(STEPS, BATCH, FEATURES, dtype=torch.float64)
    parameters = list(layer.parameters())
    ours = torch.autograd.grad(weighted_sum(layer(x)), parameters)
    theirs = torch.autograd.grad(weighted_sum(functional_call(original, plain_state(layer), (x,))), parameters)
    for name, a, b in zip(dict(layer.named_parameters()), ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11, msg=name)


def test_gradient_equals_that_of_torchs_own_kron():
    layer = make("lstm").double()
    original = copy.deepcopy(layer)
    compress(layer, shapes=((2, 7), (4, 2)))
    x = torch.randn(STEPS, BATCH, FEATURES, dtype=torch.float64)
    factors = dict(layer.compressed["l0"].named_parameters())
    products = [torch.kron(factors[f"block_{i}_factor_0"], factors[f"block_{i}_factor_1"]) for i in range(4)]
    joint = torch.cat(products)
    state = {"weight_ih_l0": joint[:, :FEATURES], "weight_hh_l0": joint[:, FEATURES:]}
    state |= {"bias_ih_l0": layer.bias_ih_l0, "bias_hh_l0": layer.bias_hh_l0}
    ours = torch.autograd.grad(weighted_sum(layer(x)), list(factors.values()))
    theirs = torch.autograd.grad(weighted_sum(functional_call(original, state, (x,))), list(factors.values()))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_double_precision_gradients_by_finite_differences(cell):
    layer = make(cell).double()
    compress(layer, "kronecker")
    names, values = zip(*layer.named_parameters(), strict=True)
    x = torch.randn(3, 2, FEATURES, dtype=torch.float64)

    def outputs(*parameters):
        return functional_call(layer, dict(zip(names, parameters, strict=True)), (x,))[0]

    assert torch.autograd.gradcheck(outputs, values, fast_mode=True)


@pytest.mark.parametrize("cell", CELLS)
def test_weights_are_formed_once_a_forward(cell, monkeypatch):
    model = nn.ModuleList([make(cell, num_layers=2, bidirectional=True), nn.Linear(4, 6)])
    compress(model, layers="all")
    calls = []
    from laconic.rnn.reparametrise import StructuredParameter

    form = StructuredParameter.forward
    monkeypatch.setattr(StructuredParameter, "forward", lambda self: (calls.append(self), form(self))[1])
    model[0](torch.randn(STEPS, BATCH, FEATURES))
    assert len(calls) == len(set(calls)) == 4
    model[1](torch.randn(2, 4))
    assert len(calls) == 5
