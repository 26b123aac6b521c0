"""FastGRNN (arXiv:1901.02358, equation 3)."""

from collections.abc import Mapping

from laconic.deploy.cells.cell import Array, Cell, sigmoid, squash


class FastGRNN(Cell):
    """``z = sigmoid(p + b_z)``, ``h' = (zeta (1 - z) + nu) squash(p + b_h) + z h`` with ``p = W x + U h``.

    zeta and nu after their sigmoid.
    """

    name = "fastgrnn"
    n_gates = 1
    n_biases = 2
    scalars = ("zeta", "nu", "relu")

    def step(
        self, driven: Array, apart: Array, bias: Array, scalars: Mapping[str, float], states: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        """Return h'."""
        z = sigmoid(driven + bias[0])
        share = scalars["zeta"] * (1 - z) + scalars["nu"]
        return (share * squash(driven + bias[1], scalars) + z * states[0],)
