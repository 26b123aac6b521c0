"""The simple recurrent network of Elman."""

from collections.abc import Mapping

from laconic.deploy.cells.cell import Array, Cell, squash


class RNN(Cell):
    """``h' = squash(W x + U h + b)``."""

    name = "rnn"
    n_gates = 1
    n_biases = 1
    scalars = ("relu",)

    def step(
        self, driven: Array, apart: Array, bias: Array, scalars: Mapping[str, float], states: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        """Return h'."""
        return (squash(driven + bias[0], scalars),)
