"""The layers of each kind of module. A new kind registers itself here."""

from functools import singledispatch
from typing import Any

import numpy as np
from torch import nn

from laconic.deploy.layers import FinalState, Layer, Linear, Recurrent, ReLU, Softmax
from laconic.deploy.lowering.recurrences import recurrence
from laconic.deploy.lowering.refusal import joined, refusal
from laconic.deploy.lowering.trace import followed
from laconic.deploy.lowering.weights import matrices, numpy_of
from laconic.rnn.layers import FastGRNN, FastRNN
from laconic.rnn.network import SequenceNetwork


@singledispatch
def layers_of(module: nn.Module, name: str) -> list[Layer]:
    """Return the layers of a module; a new kind of module registers itself here."""
    if type(module).__module__.startswith("torch.nn."):
        raise refusal(name, type(module).__name__)
    return followed(module, name, layers_of)


@layers_of.register
def _nothing(module: nn.Dropout, name: str) -> list[Layer]:
    return []


layers_of.register(nn.Identity)(_nothing)


@layers_of.register
def _relu(module: nn.ReLU, name: str) -> list[Layer]:
    return [ReLU(name)]


@layers_of.register
def _softmax(module: nn.Softmax, name: str) -> list[Layer]:
    if module.dim not in (-1, None):
        raise refusal(name, f"Softmax over axis {module.dim} (only the last, -1)")
    return [Softmax(name)]


@layers_of.register
def _linear(module: nn.Linear, name: str) -> list[Layer]:
    matrix = matrices(module, name, "weight", ("weight",))[0]
    bias = (
        np.zeros(module.out_features, matrix.dtype)
        if module.bias is None
        else numpy_of(module.bias, joined(name, "bias"))
    )
    return [Linear(name, matrix, bias)]


@layers_of.register
def _sequential(module: nn.Sequential, name: str) -> list[Layer]:
    return [layer for key, part in module.named_children() for layer in layers_of(part, joined(name, key))]


@layers_of.register
def _network(module: SequenceNetwork, name: str) -> list[Layer]:
    body = layers_of(module.rnn, joined(name, "rnn"))
    return [*body, _final_state(body, name), *layers_of(module.head, joined(name, "head"))]


def _final_state(body: list[Layer], name: str) -> FinalState:
    top = body[-1]
    units = sum(d.n_units for d in top.directions if d.reverse) if isinstance(top, Recurrent) else 0
    return FinalState(joined(name, "state"), units)


@layers_of.register(nn.LSTM)
@layers_of.register(nn.GRU)
@layers_of.register(nn.RNN)
@layers_of.register(FastRNN)
@layers_of.register(FastGRNN)
def _recurrent(module: Any, name: str) -> list[Layer]:
    if getattr(module, "proj_size", 0):
        raise refusal(name, "LSTM with proj_size")
    if not module.batch_first:
        raise refusal(name, f"{type(module).__name__} with batch_first=False (set it to True: graphs are batch first)")
    reverse = ("", "_reverse") if module.bidirectional else ("",)
    return [
        Recurrent(f"{name}.l{i}".lstrip("."), tuple(recurrence(module, f"l{i}{way}", name) for way in reverse))
        for i in range(module.num_layers)
    ]
