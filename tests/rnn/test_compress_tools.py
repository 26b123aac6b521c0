"""Compressed models under torch's own tools: modes, copies, precision, optimizers, threads, compiled code."""

import copy
import io
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor

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
    make,
    skip_where_torch_cannot_autocast,
    twin_of,
)
from torch import nn
from torch.func import functional_call, grad, vmap

from laconic.rnn import compress, materialise, structures

RECURRENT = ["lstm", "gru", "fastrnn"]


class Tagger(nn.Module):
    """Two layers and a head, as a user would write them."""

    def __init__(self, cell="gru", dropout=0.0):
        super().__init__()
        self.rnn = make(cell, num_layers=2, bidirectional=True, dropout=dropout)
        self.head = nn.Linear(2 * HIDDEN, 3)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


@pytest.fixture
def x():
    return torch.randn(STEPS, BATCH, FEATURES, generator=torch.Generator().manual_seed(0))


def tagger(method="kronecker", **kwargs):
    torch.manual_seed(0)
    model = Tagger(**kwargs)
    compress(model, method)
    return model


@pytest.mark.parametrize("cell", RECURRENT)
def test_kind_place_and_repr_stay(cell):
    model = tagger(cell=cell)
    assert isinstance(model.rnn, type(make(cell)))
    assert type(model.rnn).__name__ == type(make(cell)).__name__
    assert f"{FEATURES}, {HIDDEN}" in repr(model.rnn)
    assert "⊗" in repr(model.rnn)
    assert model.rnn.weight_ih_l0.shape == make(cell).weight_ih_l0.shape


@pytest.mark.parametrize("cell", RECURRENT)
def test_without_gradients(cell, x):
    """Torch has other kernels for them on some processors, which round in their own way."""
    model = tagger(cell=cell)
    expected = model(x)
    with torch.no_grad():
        assert_same(model(x), expected, 1e-6)
    with torch.inference_mode():
        assert_same(model(x), expected, 1e-6)
    assert torch.equal(model(x), expected)
    model(x).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_nothing_of_a_forward_is_kept(x):
    """Neither the formed weights nor their graph outlive the call."""
    model = tagger("lowrank")
    model(x)
    held = {name for m in model.modules() for name, v in vars(m).items() if _holds_graph(v)}
    assert not held


def _holds_graph(value):
    values = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(v, torch.Tensor) and v.grad_fn is not None for v in values)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cell", RECURRENT)
def test_copies_are_equal_and_apart(cell, method, x):
    model = tagger(method, cell=cell)
    expected = model(x)
    stored = io.BytesIO()
    torch.save(model, stored)
    stored.seek(0)
    copies = [
        copy.deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        torch.load(stored, weights_only=False),
    ]
    with torch.no_grad():
        next(model.rnn.compressed.parameters()).add_(1.0)
    assert not torch.equal(model(x), expected)
    for other in copies:
        assert torch.equal(other(x), expected)
        assert type(other.rnn) is type(model.rnn)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cell", RECURRENT)
def test_to_another_precision_and_device(cell, method, x):
    model = tagger(method, cell=cell)
    expected = model(x)
    assert_same(model.to(torch.float64)(x.double()).float(), expected)
    assert all(p.dtype == torch.float64 for p in model.parameters())
    model.float()
    assert torch.equal(model(x), expected)
    model.to("meta")
    assert model(x.to("meta")).shape == expected.shape


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("method", METHODS)
def test_half_precision(method, dtype, x):
    whole = Tagger().to(dtype)
    before = whole(x.to(dtype))
    compress(whole, method)
    assert all(p.dtype == dtype for p in whole.parameters())
    assert whole(x.to(dtype)).dtype == dtype
    assert whole(x.to(dtype)).isfinite().all()
    if method == "dense":
        assert_same(whole(x.to(dtype)).float(), before.float(), 0.05)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cell", RECURRENT)
def test_autocast_acts_as_on_the_dense_twin(cell, method, x):
    skip_where_torch_cannot_autocast(cell)
    original = Tagger(cell)
    model = copy.deepcopy(original)
    compress(model, method)
    twin = twin_of(model, original)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours, theirs = model(x), twin(x)
        formed = model.rnn.weight_ih_l0
    assert ours.dtype == theirs.dtype
    assert formed.dtype == torch.float32
    assert_same(ours.float(), theirs.float(), 1e-3)
    ours.float().sum().backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_functional_call_and_gradients_by_torch_func(x):
    model = tagger()
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    other = {name: p + 0.1 for name, p in parameters.items()}
    moved = copy.deepcopy(model)
    moved.load_state_dict(other)
    assert torch.equal(functional_call(model, other, (x,)), moved(x))
    assert torch.equal(model(x), functional_call(model, parameters, (x,)))
    model(x).sum().backward()
    found = grad(lambda p: functional_call(model, p, (x,)).sum())(parameters)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad)


def test_vmap_over_parameters():
    layer = nn.Linear(4, 6)
    compress(layer, layers="all")
    stacked = {name: torch.stack([p.detach(), 2 * p.detach()]) for name, p in layer.named_parameters()}
    x = torch.randn(5, 4)
    both = vmap(lambda p: functional_call(layer, p, (x,)))(stacked)
    second = functional_call(layer, {name: p[1] for name, p in stacked.items()}, (x,))
    torch.testing.assert_close(both[1], second)


def test_frozen_parameters(x):
    model = tagger()
    model.requires_grad_(False)
    assert not model(x).requires_grad
    model.head.requires_grad_(True)
    model(x).sum().backward()
    assert all((p.grad is None) != name.startswith("head") for name, p in model.named_parameters())


def test_frozen_layers_stay_frozen():
    model = Tagger()
    model.rnn.requires_grad_(False)
    compress(model)
    assert not any(p.requires_grad for p in model.rnn.parameters())
    materialise(model)
    assert not any(p.requires_grad for p in model.rnn.parameters())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_an_optimizer_step_changes_the_outputs(method, optimizer, x):
    model = tagger(method)
    steps = optimizer(model.parameters(), lr=0.01)
    before = model(x)
    before.square().mean().backward()
    steps.step()
    after = model(x)
    assert after.square().mean() < before.square().mean()
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_dropout_between_layers(x):
    model = tagger(dropout=0.5)
    torch.manual_seed(1)
    once, again = model(x), model(x)
    assert not torch.equal(once, again)
    model.eval()
    assert torch.equal(model(x), model(x))
    assert not model.rnn.compressed.training


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn-tanh", "fastgrnn"])
def test_threads_run_one_model_at_once(cell):
    """Each thread forms its own weights; gradients of one do not run through the graph of another."""
    model = make(cell)
    compress(model)
    inputs = [torch.randn(STEPS, BATCH, FEATURES) for _ in range(60)]

    def work(x):
        output = model(x)[0]
        gradients = torch.autograd.grad(output.sum(), list(model.parameters()))
        with torch.inference_mode():
            model(x)
        return output.detach(), gradients

    expected = [work(x) for x in inputs]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, inputs))
    for (output, gradients), (output_0, gradients_0) in zip(found, expected, strict=True):
        assert torch.equal(output, output_0)
        assert all(torch.equal(a, b) for a, b in zip(gradients, gradients_0, strict=True))


def test_hooks_stay(x):
    model = Tagger()
    seen = []
    model.rnn.register_forward_hook(lambda module, args, output: seen.append(output[0].shape))
    compress(model)
    model(x)
    assert seen == [(STEPS, BATCH, 2 * HIDDEN)]


class Doubling(nn.LSTM):
    """A user's own layer: its forward reads the weights and calls itself once more."""

    def forward(self, input, hx=None, again=True):
        scale = self.weight_ih_l0.abs().mean()
        first = self(input, hx, again=False)[0] if again else 0.0
        output, state = super().forward(input, hx)
        return output + first + scale, state


def test_a_subclass_that_calls_itself(x):
    torch.manual_seed(0)
    layer = Doubling(FEATURES, HIDDEN)
    original = copy.deepcopy(layer)
    compress(layer)
    assert isinstance(layer, Doubling)
    assert_same(layer(x), twin_of(layer, original)(x))
    assert_same(pickle.loads(pickle.dumps(layer))(x), layer(x))


def test_layers_that_others_read():
    """MultiheadAttention and the encoder's fast path read the weights of their Linear children themselves."""
    torch.manual_seed(0)
    block = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, dropout=0.0)
    original = copy.deepcopy(block)
    account = compress(block, layers="all")
    assert {layer.name for layer in account} == {"self_attn.out_proj", "linear1", "linear2"}
    assert {kept.name for kept in account.kept} == {"self_attn", "norm1", "norm2"}
    twin, x = twin_of(block, original), torch.randn(3, 5, 8)
    assert_same(block(x), twin(x))
    block(x).sum().backward()
    assert all(p.grad is not None for p in block.parameters())
    block.eval(), twin.eval()
    with torch.inference_mode():
        assert_same(block(x), twin(x))
    encoder = nn.TransformerEncoder(block, 2, enable_nested_tensor=False)
    assert encoder(x).shape == x.shape


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cell", CELLS)
def test_materialise_gives_a_plain_model_of_equal_predictions(cell, method, x):
    original = Tagger(cell)
    model = copy.deepcopy(original)
    compress(model, method)
    expected = model(x)
    assert materialise(model) is model
    assert torch.equal(model(x), expected)
    assert type(model.rnn) is type(original.rnn)
    assert not structures(model)
    assert model.state_dict().keys() == original.state_dict().keys()
    if isinstance(model.rnn, nn.RNNBase):
        assert list(model.state_dict()) == list(original.state_dict())
    original.load_state_dict(model.state_dict())
    assert torch.equal(original(x), expected)
    model(x).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    compress(model, "lowrank")
    assert model(x).shape == expected.shape


def test_materialise_leaves_other_buffers_alone():
    class Biased(nn.Linear):
        def __init__(self):
            super().__init__(4, 6)
            self.register_buffer("bias_scale", torch.ones(6))

    layer = Biased()
    compress(layer)
    materialise(layer)
    assert "bias_scale" in dict(layer.named_buffers())


@pytest.mark.parametrize("method", METHODS)
def test_state_dict_round_trip(method, x):
    model, other = tagger(method), tagger(method)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    assert not torch.equal(model(x), other(x))
    result = other.load_state_dict(model.state_dict())
    assert not result.missing_keys
    assert not result.unexpected_keys
    assert torch.equal(model(x), other(x))


def test_strict_loading_errors_are_torchs_own():
    model = tagger()
    with pytest.raises(RuntimeError, match="Missing key"):
        model.load_state_dict(Tagger().state_dict())
    with pytest.raises(RuntimeError, match="Unexpected key"):
        Tagger().load_state_dict(model.state_dict())
    wide, narrow = nn.Linear(4, 12), nn.Linear(4, 6)
    compress(wide)
    compress(narrow)
    with pytest.raises(RuntimeError, match="size mismatch"):
        narrow.load_state_dict(wide.state_dict())


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="no compiler")
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("cell", ["lstm", "linear"])
def test_compiled(cell):
    layer = nn.Linear(FEATURES, HIDDEN) if cell == "linear" else make(cell)
    compress(layer)
    x = torch.randn(STEPS, BATCH, FEATURES)
    compiled = torch.compile(layer)
    assert_same(compiled(x), layer(x))
