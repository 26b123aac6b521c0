"""The directions of a recurrent layer, each as a recurrence."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from laconic.deploy.cells import CELLS
from laconic.deploy.lowering.weights import matrices, numpy_of
from laconic.deploy.recurrence import Recurrence
from laconic.rnn.layers import FastGRNN, FastRNN

KINDS: dict[str, type[nn.Module]] = {
    "lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN, "fastrnn": FastRNN, "fastgrnn": FastGRNN,
}  # fmt: skip
"""Layers by the name of their cell."""


def recurrence(module: Any, suffix: str, name: str) -> Recurrence:
    """Return the recurrence whose weights have this suffix."""
    cell = _cell(module)
    return Recurrence(
        cell=cell,
        matrices=matrices(module, name, suffix, (f"weight_ih_{suffix}", f"weight_hh_{suffix}")),
        bias=numpy_of(_BIASES[cell](module, suffix), f"the biases of {name} {suffix}").reshape(
            CELLS[cell].n_biases, -1
        ),
        scalars={scalar: _scalar(module, scalar, suffix) for scalar in CELLS[cell].scalars},
        reverse=suffix.endswith("_reverse"),
    )


def _added(module: Any, suffix: str) -> Tensor:
    """Both bias vectors of torch's layers in one."""
    return _bias(module, f"bias_ih_{suffix}") + _bias(module, f"bias_hh_{suffix}")


def _candidate_apart(module: Any, suffix: str) -> Tensor:
    """The GRU multiplies the second bias of its candidate by the reset gate: it stays apart."""
    first, second = _bias(module, f"bias_ih_{suffix}"), _bias(module, f"bias_hh_{suffix}")
    h = module.hidden_size
    return torch.cat([first[: 2 * h] + second[: 2 * h], first[2 * h :], second[2 * h :]])


def _side_by_side(module: Any, suffix: str) -> Tensor:
    return torch.cat([_bias(module, f"{name}_{suffix}") for name in module.bias_names])


_BIASES: dict[str, Callable[[Any, str], Tensor]] = {
    "lstm": _added, "gru": _candidate_apart, "rnn": _added, "fastrnn": _side_by_side, "fastgrnn": _side_by_side,
}  # fmt: skip


def _bias(module: Any, name: str) -> Tensor:
    """One bias vector of a module, zero where it has none."""
    if not module.bias:
        first: Tensor = next(module.parameters())
        return first.new_zeros(CELLS[_cell(module)].n_gates * module.hidden_size)
    vector: Tensor = getattr(module, name)
    return vector


def _cell(module: Any) -> str:
    return next(kind for kind, layer in KINDS.items() if isinstance(module, layer))


def _scalar(module: Any, name: str, suffix: str) -> float:
    if name == "relu":
        return float(module.nonlinearity == "relu")
    return float(torch.sigmoid(getattr(module, f"{name}_{suffix}").detach()))
