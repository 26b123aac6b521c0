"""Each gate some dense rows over a Kronecker product (arXiv:1910.02558)."""

from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import MatrixSize, Method
from laconic.structured import BlockRowsMatrix, HybridKroneckerMatrix, StructuredMatrix
from laconic.structured.shapes import ShapeChoice, fullest_within

FILLED = 0.9
"""A number of dense rows uses the budget if it has this share of the most parameters that any number has."""


class Hybrid(Method):
    """The first rows of each gate's matrix are dense, the others a Kronecker product.

    The number of dense rows is at least one where one fits. Of all numbers that use the budget, to a tenth, it is the
    one of the largest rank; rank alone would often stop at few rows and leave a third of the budget.
    """

    name = "hybrid"
    summary = "The first rows of each gate are dense, the others a Kronecker product; the number of rows sets the size."

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        found = _split(size.gate, n_parameters // size.n_gates)
        if found is None:
            return Kronecker().structure(size, n_parameters)
        n_dense, choice = found
        return BlockRowsMatrix([HybridKroneckerMatrix.zeros(n_dense, choice.shapes)] * size.n_gates)

    def smallest(self, size: MatrixSize) -> int:
        return Kronecker().smallest(size)

    def default(self, size: MatrixSize) -> int:
        """A tenth of the dense matrix, the smaller of the paper's two compression factors."""
        return max(self.smallest(size), size.n_entries // 10)

    def note(self, size: MatrixSize, structure: StructuredMatrix) -> str:
        hybrid = all(part.kind == "hybrid" for part in structure.parts.values())
        return "" if hybrid else "no dense row fits: as kronecker"


def _split(gate: tuple[int, int], n_parameters: int) -> tuple[int, ShapeChoice] | None:
    """Return the number of dense rows and the product below them; None if no row fits."""
    m, n = gate
    fits = ((r, fullest_within(m - r, n, n_parameters - r * n)) for r in range(1, min(m, n_parameters // n + 1)))
    found = [(r, choice, r * n + choice.n_parameters) for r, choice in fits if choice is not None]
    least = FILLED * max((size for _, _, size in found), default=0)
    full = [(r, choice, size) for r, choice, size in found if size >= least]
    best = max(full, key=lambda f: (min(f[0] + f[1].max_rank, n), f[2]), default=None)
    return best and best[:2]
