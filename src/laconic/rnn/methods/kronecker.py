"""Each gate one Kronecker product (arXiv:1906.02876)."""

from math import prod
from operator import index
from typing import Any

from laconic.core.checks import ParameterError
from laconic.rnn.methods.method import MatrixSize, Method, misfit
from laconic.structured import BlockRowsMatrix, KroneckerMatrix, StructuredMatrix
from laconic.structured.contraction import Shapes
from laconic.structured.shapes import candidates, fullest_within, paper_shapes


class Kronecker(Method):
    """Each gate's matrix is a Kronecker product.

    Parameters
    ----------
    shapes : "auto", "paper" or tuple of (int, int)
        "paper" is the papers' rule; "auto" is the largest rank, then the most parameters, within the budget, which is
        the size of the papers' rule where none is given; else the factor shapes themselves.
    """

    name = "kronecker"
    summary = "Each gate is a Kronecker product of two small matrices: few parameters, high rank."

    def __init__(self, shapes: Any = "auto") -> None:
        self.shapes: str | Shapes = shapes if isinstance(shapes, str) else _as_shapes(shapes)
        if self.shapes not in ("auto", "paper") and isinstance(self.shapes, str):
            raise ParameterError("compress", "shapes", "'auto', 'paper' or factor shapes ((m1, n1), (m2, n2))", shapes)

    @property
    def title(self) -> str:
        return super().title + ("" if self.shapes == "auto" else f" with shapes={self.shapes!r}")

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        product = KroneckerMatrix.zeros(self._shapes(size, n_parameters // size.n_gates))
        return BlockRowsMatrix([product] * size.n_gates)

    def smallest(self, size: MatrixSize) -> int:
        if self.shapes == "auto":
            return size.n_gates * min(choice.n_parameters for choice in candidates(*size.gate))
        return self.default(size)

    def default(self, size: MatrixSize) -> int:
        return size.n_gates * sum(m * n for m, n in self._fixed(size))

    def _shapes(self, size: MatrixSize, n_parameters: int) -> Shapes:
        if self.shapes != "auto":
            return self._fixed(size)
        best = fullest_within(*size.gate, n_parameters)
        return best.shapes if best else paper_shapes(*size.gate)

    def _fixed(self, size: MatrixSize) -> Shapes:
        if isinstance(self.shapes, str):
            return paper_shapes(*size.gate)
        if (prod(m for m, _ in self.shapes), prod(n for _, n in self.shapes)) != size.gate:
            raise misfit(size, self.shapes)
        return self.shapes


def _as_shapes(shapes: Any) -> Shapes:
    try:
        found = tuple((index(m), index(n)) for m, n in shapes)
    except (TypeError, ValueError):
        found = ()
    if not found or any(min(shape) < 1 for shape in found):
        raise ParameterError("compress", "shapes", "'auto', 'paper' or factor shapes ((m1, n1), (m2, n2))", shapes)
    return found
