"""Each gate some dense rows over a Kronecker product (arXiv:1910.02558)."""

from laconic.rnn.methods.method import MatrixSize, Method
from laconic.structured import BlockRowsMatrix, HybridKroneckerMatrix, KroneckerMatrix, StructuredMatrix
from laconic.structured.shapes import ShapeChoice, best_within, candidates, paper_shapes


class Hybrid(Method):
    """The first rows of each gate's matrix are dense, the others a Kronecker product.

    The number of dense rows, at least one where one fits, is chosen for the largest rank within the budget.
    """

    name = "hybrid"
    summary = "The first rows of each gate are dense, the others a Kronecker product; the number of rows sets the size."

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        found = _split(size.gate, n_parameters // size.n_gates)
        if found is None:
            best = best_within(*size.gate, n_parameters // size.n_gates)
            shapes = best.shapes if best else paper_shapes(*size.gate)
            return BlockRowsMatrix([KroneckerMatrix.zeros(shapes)] * size.n_gates)
        n_dense, choice = found
        return BlockRowsMatrix([HybridKroneckerMatrix.zeros(n_dense, choice.shapes)] * size.n_gates)

    def smallest(self, size: MatrixSize) -> int:
        return size.n_gates * min(choice.n_parameters for choice in candidates(*size.gate))

    def default(self, size: MatrixSize) -> int:
        """A tenth of the dense matrix, the smaller of the paper's two compression factors."""
        return max(self.smallest(size), size.n_entries // 10)

    def note(self, size: MatrixSize, structure: StructuredMatrix) -> str:
        hybrid = all(part.kind == "hybrid" for part in structure.parts.values())
        return "" if hybrid else "no dense row fits: as kronecker"


def _split(gate: tuple[int, int], n_parameters: int) -> tuple[int, ShapeChoice] | None:
    """Return the number of dense rows, and the product below them, of largest rank together; None if no row fits."""
    m, n = gate
    fits = ((r, best_within(m - r, n, n_parameters - r * n)) for r in range(1, min(m, n_parameters // n + 1)))
    found = [(r, choice) for r, choice in fits if choice is not None]
    return max(found, key=lambda f: (min(f[0] + f[1].max_rank, m, n), f[0]), default=None)
