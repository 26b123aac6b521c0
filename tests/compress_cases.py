"""Layers and their dense twins, shared by the tests of compress."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from laconic.rnn import FastGRNN, FastRNN, structures

STEPS, BATCH, FEATURES, HIDDEN = 5, 3, 6, 8
METHODS = ("dense", "kronecker", "hybrid", "doped", "sum", "hmd", "lowrank", "pruned", "small")
CELLS: dict[str, Any] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn-tanh": nn.RNN,
    "rnn-relu": lambda *args, **kwargs: nn.RNN(*args, nonlinearity="relu", **kwargs),
    "fastrnn": FastRNN,
    "fastgrnn": FastGRNN,
}


def skip_where_torch_cannot_autocast(cell: str) -> None:
    """Skip the test where torch itself refuses a layer of this kind: oneDNN's LSTM needs AVX-512 for bfloat16."""
    layer = CELLS[cell](FEATURES, HIDDEN)
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            layer(torch.zeros(STEPS, BATCH, FEATURES))
    except RuntimeError as error:
        pytest.skip(f"torch has no {cell} in bfloat16 on this processor: {str(error)[:60]}")


def make(cell: str, seed: int = 0, **kwargs: Any) -> nn.Module:
    """A layer with weights, biases among them, away from zero."""
    torch.manual_seed(seed)
    layer = CELLS[cell](FEATURES, HIDDEN, **kwargs)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return layer


def dense_weights(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The weights that the structures of a compressed model stand for, cut out of their dense matrices."""
    for place, structure in structures(model).items():
        parameter = model.get_submodule(place)
        owner = place.split("compressed.")[0]
        dense, column = structure.dense(), 0
        for name, shape in parameter.weights.items():
            width = shape[1] if len(shape) > 1 else 1
            yield owner + name, dense[:, column : column + width].reshape(shape)
            column += width


def plain_state(model: nn.Module) -> dict[str, Tensor]:
    """State of the uncompressed model that acts as a compressed one; a second bias vector is zero."""
    state = {n: p for n, p in model.named_parameters() if "compressed." not in n}
    state |= {n: b for n, b in model.named_buffers() if "compressed." not in n}
    return state | dict(dense_weights(model))


def twin_of(model: nn.Module, original: nn.Module) -> nn.Module:
    """A plain model like `original` with the weights of a compressed one."""
    twin = copy.deepcopy(original)
    twin.load_state_dict({name: tensor.detach() for name, tensor in plain_state(model).items()})
    return twin


def flat(result: Any) -> list[Tensor]:
    """All tensors in a layer's result."""
    if isinstance(result, Tensor):
        return [result]
    if isinstance(result, nn.utils.rnn.PackedSequence):
        return [result.data]
    return [tensor for part in result for tensor in flat(part)]


def state_of(layer: nn.Module, batch: int | None, dtype: torch.dtype = torch.float32) -> Any:
    """A random state before the first step, of the layer's form."""
    count = layer.num_layers * (2 if layer.bidirectional else 1)
    width = getattr(layer, "proj_size", 0) or layer.hidden_size
    shape = (count,) if batch is None else (count, batch)
    state = torch.randn(*shape, width, dtype=dtype)
    return (state, torch.randn(*shape, layer.hidden_size, dtype=dtype)) if isinstance(layer, nn.LSTM) else state


def assert_same(left: Any, right: Any, tolerance: float = 1e-5) -> None:
    for a, b in zip(flat(left), flat(right), strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)
