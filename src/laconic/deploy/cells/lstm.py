"""Long short-term memory."""

from collections.abc import Mapping

import numpy as np

from laconic.deploy.cells.cell import Array, Cell, gates, sigmoid


class LSTM(Cell):
    """``c' = f c + i g``, ``h' = o tanh(c')``; gates in PyTorch's order i, f, g, o, states h, c."""

    name = "lstm"
    n_gates = 4
    n_states = 2
    n_biases = 4
    bounded = True

    def step(
        self, driven: Array, apart: Array, bias: Array, scalars: Mapping[str, float], states: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        """Return h' and c'."""
        i, f, g, o = gates(driven + bias.reshape(-1), 4)
        c = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
