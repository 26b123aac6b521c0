"""A compression method to copy: each gate a sum of two Kronecker products. CONTRIBUTING.md says what to do with it."""

from laconic.rnn.methods.method import MatrixSize, Method
from laconic.structured import BlockRowsMatrix, KroneckerMatrix, StructuredMatrix, SumMatrix
from laconic.structured.shapes import ShapeChoice, best_within, candidates


class TwoProducts(Method):
    """Each gate's matrix is the sum of two Kronecker products of equal factor shapes.

    The shapes are those of the largest rank within half of the gate's parameters.
    """

    name = "two-products"  # what compress(method=...), files and tables call it
    summary = "Each gate is the sum of two Kronecker products."  # one sentence for the report

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        """Return a template with at most `n_parameters`; `size` says how many gates, rows and columns there are."""
        half = n_parameters // size.n_gates // 2
        product = KroneckerMatrix.zeros((best_within(*size.gate, half) or _smallest(size)).shapes)
        return BlockRowsMatrix([SumMatrix(product, product)] * size.n_gates)

    def smallest(self, size: MatrixSize) -> int:
        """Return the fewest parameters it can do with: a smaller budget is refused by name."""
        return 2 * size.n_gates * _smallest(size).n_parameters

    def default(self, size: MatrixSize) -> int:
        """Return what it takes when there is no budget: here a tenth of the matrix."""
        return max(self.smallest(size), size.n_entries // 10)


def _smallest(size: MatrixSize) -> ShapeChoice:
    return min(candidates(*size.gate), key=lambda choice: choice.n_parameters)
