"""Which weight matrices a layer has and how its gates lie in them. A new kind of layer registers itself here."""

from dataclasses import dataclass
from functools import singledispatch

from torch import nn

from laconic.rnn.layers import FastGRNN, FastRNN, _LoopedRNN


class CannotCompressError(Exception):
    """A layer that cannot be compressed; the message is the reason."""


@dataclass(frozen=True)
class WeightGroup:
    """The matrices of one layer and direction that act on input and state together: [W U].

    Attributes
    ----------
    key : str
        Name of the group within its module, such as "l0_reverse".
    weights : tuple of str
        Names of the parameters that stand side by side, input first; each has n_gates * n_units rows.
    widths : tuple of int
        Their numbers of columns.
    n_gates, n_units : int
        Gates stacked from top to bottom, rows a gate.
    biases : tuple of str
        Bias vectors of the group.
    merged : tuple of (float, ...)
        For a second bias vector that can be added into the first: its share by gate; empty otherwise.
    n_gates_apart : int
        Gates that need the products with input and state apart.
    from_below : int
        How many of the input's columns come from the layer below in the same module, 0 for a first layer.
    """

    key: str
    weights: tuple[str, ...]
    widths: tuple[int, ...]
    n_gates: int
    n_units: int
    biases: tuple[str, ...] = ()
    merged: tuple[float, ...] = ()
    n_gates_apart: int = 0
    from_below: int = 0


KINDS: list[str] = ["LSTM", "GRU", "RNN", "FastRNN", "FastGRNN", "Linear"]
"""Kinds of layers that can be compressed, for messages."""


@singledispatch
def weight_groups(module: nn.Module) -> list[WeightGroup]:
    """Return the weight groups of a layer, or raise `CannotCompressError` with the reason why it has none."""
    raise CannotCompressError(f"{type(module).__name__} is not a kind that can be compressed ({', '.join(KINDS)})")


@weight_groups.register
def _linear(module: nn.Linear) -> list[WeightGroup]:
    biases = () if module.bias is None else ("bias",)
    return [WeightGroup("weight", ("weight",), (module.in_features,), 1, module.out_features, biases)]


@weight_groups.register
def _rnn(module: nn.RNN) -> list[WeightGroup]:
    return _fused(module, merged=(1.0,))


@weight_groups.register
def _lstm(module: nn.LSTM) -> list[WeightGroup]:
    return _fused(module, merged=(1.0, 1.0, 1.0, 1.0))


@weight_groups.register
def _gru(module: nn.GRU) -> list[WeightGroup]:
    """The candidate gate's second bias is multiplied by the reset gate, one half on average, before it is added."""
    return _fused(module, merged=(1.0, 1.0, 0.5), n_gates_apart=1)


@weight_groups.register(FastRNN)
@weight_groups.register(FastGRNN)
def _looped(module: _LoopedRNN) -> list[WeightGroup]:
    names = module.bias_names if module.bias else ()
    return [
        WeightGroup(
            key=suffix,
            weights=(f"weight_ih_{suffix}", f"weight_hh_{suffix}"),
            widths=(width, module.hidden_size),
            n_gates=1,
            n_units=module.hidden_size,
            biases=tuple(f"{name}_{suffix}" for name in names),
            from_below=0 if suffix.startswith("l0") else width,
        )
        for suffix, width in module.directions()
    ]


def _fused(module: nn.RNNBase, merged: tuple[float, ...], n_gates_apart: int = 0) -> list[WeightGroup]:
    """Groups of a layer that runs torch's fused kernels: two bias vectors a group, of which one is needed."""
    reverse = ("", "_reverse") if module.bidirectional else ("",)
    state = module.proj_size or module.hidden_size
    return [
        WeightGroup(
            key=f"l{layer}{suffix}",
            weights=(f"weight_ih_l{layer}{suffix}", f"weight_hh_l{layer}{suffix}"),
            widths=(state * len(reverse) if layer else module.input_size, state),
            n_gates=len(merged),
            n_units=module.hidden_size,
            biases=(f"bias_ih_l{layer}{suffix}", f"bias_hh_l{layer}{suffix}") if module.bias else (),
            merged=merged if module.bias else (),
            n_gates_apart=n_gates_apart,
            from_below=state * len(reverse) if layer else 0,
        )
        for layer in range(module.num_layers)
        for suffix in reverse
    ]
