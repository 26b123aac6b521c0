"""Each gate the sum of two Kronecker products."""

from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import MatrixSize, Method
from laconic.structured import BlockRowsMatrix, KroneckerMatrix, StructuredMatrix, SumMatrix
from laconic.structured.shapes import candidates, fullest_within

TERMS = 2


class Summed(Method):
    """Each gate's matrix is the sum of Kronecker products of equal factor shapes.

    Any matrix is such a sum of enough terms (Van Loan and Pitsianis, 1993): the terms set the size where a single
    product of few parameters says too little.
    """

    name = "sum"
    summary = "Each gate is the sum of two Kronecker products."

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        choice = fullest_within(*size.gate, n_parameters // size.n_gates // TERMS)
        assert choice is not None  # the smallest one fits
        gate = SumMatrix([KroneckerMatrix.zeros(choice.shapes)] * TERMS)
        return BlockRowsMatrix([gate] * size.n_gates)

    def smallest(self, size: MatrixSize) -> int:
        return size.n_gates * TERMS * min(choice.n_parameters for choice in candidates(*size.gate))

    def default(self, size: MatrixSize) -> int:
        return max(self.smallest(size), Kronecker().default(size))
