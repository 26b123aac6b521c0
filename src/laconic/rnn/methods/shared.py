"""All gates together one sum of Kronecker products."""

from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import MatrixSize, Method
from laconic.structured import KroneckerMatrix, StructuredMatrix, SumMatrix
from laconic.structured.contraction import Shapes
from laconic.structured.shapes import ShapeChoice, divisors


class Shared(Method):
    """The stacked gates are a sum of Kronecker products, so that gates share what single products would each repeat.

    In a term A ⊗ B, A has rows of every gate, and B serves all gates. Low rank is the member of this family in which A
    has one column and B one row; here the two are of about equal size, where terms are smallest and so most.
    """

    name = "shared"
    summary = "All gates share the factors of a sum of Kronecker products."

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        shapes = _shapes(size)
        most = min(m * n for m, n in shapes)  # so many terms can be any matrix
        return SumMatrix([KroneckerMatrix.zeros(shapes)] * min(most, n_parameters // _of_a_term(shapes)))

    def smallest(self, size: MatrixSize) -> int:
        return _of_a_term(_shapes(size))

    def default(self, size: MatrixSize) -> int:
        return max(self.smallest(size), Kronecker().default(size))


def _shapes(size: MatrixSize) -> Shapes:
    """Return factor shapes of fewest parameters, the first with as many rows of each gate; of equals the fastest."""
    m, n = size.gate
    choices = [
        ShapeChoice.of(((size.n_gates * rows, columns), (m // rows, n // columns)))
        for rows in divisors(m)
        for columns in divisors(n)
    ]
    return min(choices, key=lambda choice: (choice.n_parameters, choice.n_macs, choice.shapes)).shapes


def _of_a_term(shapes: Shapes) -> int:
    return sum(m * n for m, n in shapes)
