"""Gated recurrent unit."""

from collections.abc import Mapping

import numpy as np

from laconic.deploy.cells.cell import Array, Cell, gates, sigmoid


class GRU(Cell):
    """``n = tanh(W x + b_n + r (U h + b_h))``, ``h' = (1 - z) n + z h``; gates in PyTorch's order r, z, n."""

    name = "gru"
    n_gates = 3
    n_apart = 1
    n_biases = 4
    bounded = True

    def step(
        self, driven: Array, apart: Array, bias: Array, scalars: Mapping[str, float], states: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        """Return h'."""
        (h,) = states
        r, z, n = gates(driven + bias[:3].reshape(-1), 3)
        n = np.tanh(n + sigmoid(r) * (apart + bias[3]))
        z = sigmoid(z)
        return (n + z * (h - n),)
