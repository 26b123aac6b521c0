"""Recurrent layers as ONNX's own LSTM, GRU and RNN, which runtimes have fast kernels for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from laconic.deploy.exchange.draft import Array, Draft, Rows
from laconic.deploy.recurrence import Recurrence

Directions = tuple[Recurrence, ...]


@dataclass(frozen=True)
class Operator:
    """An operator of ONNX for a cell.

    Attributes
    ----------
    kind : str
    gates : tuple of int
        Which of the cell's gates the operator has first, second and so on.
    attributes : mapping
    """

    kind: str
    gates: tuple[int, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


OPERATORS: dict[str, Operator] = {
    "lstm": Operator("LSTM", (0, 3, 1, 2)),  # i, o, f, c
    "gru": Operator("GRU", (1, 0, 2), {"linear_before_reset": 1}),  # z, r, h
    "rnn": Operator("RNN", (0,)),
}
"""Cells that have an operator, by name; the others stay a Scan."""

Weights = Callable[[Directions, tuple[int, ...], Draft], tuple[str, str]]
"""Gives the names of W and U, (directions, rows, columns), with the gates in such an order."""


def operated(directions: Directions, draft: Draft, x: Rows, *, final: bool, weights: Weights) -> str:
    """Return outputs (steps, n, units) of directions side by side, or final states (n, units), by one operator.

    The directions are one, or one that goes forward and one like it in reverse.
    """
    first = directions[0]
    operator = OPERATORS[first.cell]
    way = "bidirectional" if len(directions) == 2 else "reverse" if first.reverse else "forward"
    said = {"direction": way, "hidden_size": first.n_units} | dict(operator.attributes) | _activations(directions)
    biases = draft.constant(np.stack([_biases(direction, operator.gates) for direction in directions]))
    inputs = (x.name, *weights(directions, operator.gates, draft), biases)
    (found,) = draft.ops(operator.kind, inputs, 1, skipped=int(final), **said)
    return _side_by_side(found, directions, draft, final)


def _activations(directions: Directions) -> dict[str, list[str]]:
    """Return the nonlinearities of cells that have a choice."""
    found = ["Relu" if direction.scalars["relu"] else "Tanh" for direction in directions if direction.scalars]
    return {"activations": found} if found else {}


def _biases(direction: Recurrence, gates: tuple[int, ...]) -> Array:
    """Return those added to W x, then those added to U h, which are zero but for gates that need both apart."""
    rule = direction.rule
    by_input, by_state = direction.bias[: rule.n_gates], np.zeros_like(direction.bias[: rule.n_gates])
    by_state[rule.n_gates - rule.n_apart :] = direction.bias[rule.n_gates :]
    return np.concatenate([by_input[list(gates)], by_state[list(gates)]]).ravel()


def _side_by_side(found: str, directions: Directions, draft: Draft, final: bool) -> str:
    """Put outputs (steps, directions, n, H), or states (directions, n, H), side by side."""
    axis, lead = (0, 1) if final else (1, 2)
    if len(directions) == 1:
        return draft.op("Squeeze", found, draft.whole(axis))
    turned = draft.op("Transpose", found, perm=[1, 0, 2] if final else [0, 2, 1, 3])
    return draft.reshaped(Rows(turned, lead), sum(direction.n_units for direction in directions))
