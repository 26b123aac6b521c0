"""FastRNN (arXiv:1901.02358, equation 2)."""

from collections.abc import Mapping

from laconic.deploy.cells.cell import Array, Cell, squash


class FastRNN(Cell):
    """``h' = alpha squash(W x + U h + b) + beta h``, alpha and beta after their sigmoid."""

    name = "fastrnn"
    n_gates = 1
    n_biases = 1
    scalars = ("alpha", "beta", "relu")

    def step(
        self, driven: Array, apart: Array, bias: Array, scalars: Mapping[str, float], states: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        """Return h'."""
        return (scalars["alpha"] * squash(driven + bias[0], scalars) + scalars["beta"] * states[0],)
