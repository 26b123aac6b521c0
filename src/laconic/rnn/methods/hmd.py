"""Each gate some dense rows over a matrix of low rank: hybrid matrix decomposition (arXiv:1906.04886)."""

from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import MatrixSize, Method
from laconic.structured import BlockRowsMatrix, DenseMatrix, LowRankMatrix, StructuredMatrix


class HybridDecomposition(Method):
    """The upper rows of each gate's matrix are dense, the others a tall matrix times a wide one.

    The paper's upper half is dense, which compresses by less than two to four; a budget below that takes dense rows
    away, and one above it raises the rank of the lower half.
    """

    name = "hmd"
    summary = "The upper rows of each gate are dense, the others of low rank (hybrid matrix decomposition)."

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        (m, n), each = size.gate, n_parameters // size.n_gates
        n_dense = max(r for r in range(1, m // 2 + 1) if _parameters(size.gate, r, 1) <= each)
        rank = max(k for k in range(1, min(m - n_dense, n) + 1) if _parameters(size.gate, n_dense, k) <= each)
        gate = BlockRowsMatrix(DenseMatrix.zeros((n_dense, n)), LowRankMatrix.zeros((m - n_dense, n), rank))
        return BlockRowsMatrix([gate] * size.n_gates)

    def smallest(self, size: MatrixSize) -> int:
        return size.n_gates * _parameters(size.gate, 1, 1)

    def default(self, size: MatrixSize) -> int:
        return max(self.smallest(size), Kronecker().default(size))

    def refusal(self, size: MatrixSize) -> str:
        return "method 'hmd' needs at least two units" if size.n_units < 2 else ""


def _parameters(gate: tuple[int, int], n_dense: int, rank: int) -> int:
    m, n = gate
    return n_dense * n + rank * (m - n_dense + n)
