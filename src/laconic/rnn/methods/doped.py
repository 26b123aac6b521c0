"""Each gate a Kronecker product and a few entries beside it (arXiv:2001.08896)."""

from collections.abc import Mapping

import torch
from torch import Tensor

from laconic.rnn.methods.gradual import STOP, GraduallyMasked
from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import MatrixSize, Method
from laconic.structured import BlockRowsMatrix, KroneckerMatrix, MaskedMatrix, StructuredMatrix, SumMatrix
from laconic.structured.contraction import Shapes
from laconic.structured.shapes import ShapeChoice, candidates, fullest_within

DROPPED = 0.1
"""Share of the rows of either term that a batch does without while entries are taken away."""


class CoMatrixDropout(GraduallyMasked):
    """The sum, of which rows of either term are dropped at random in training while the masks move.

    Else the terms lean on each other and the sum falls apart when entries go: co-matrix adaptation. Rows that are kept
    are raised, so that the expected matrix is the sum.
    """

    def __init__(self, structure: StructuredMatrix, weights: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__(structure, weights)
        self.moving = False

    def anneal(self, progress: float) -> None:
        super().anneal(progress)
        self.moving = progress < STOP

    def formed(self) -> Tensor:
        if not (self.training and self.moving):
            return super().formed()
        return torch.cat([_thinned(gate) for gate in self.structure.parts.values()])


class Doped(Method):
    """Each gate's matrix is a Kronecker product plus a sparse matrix.

    The product gets half of the parameters, or what the smallest one needs, and the sparse matrix, whose entries are
    taken away during training as in gradual pruning, the others.
    """

    name = "doped"
    summary = "Each gate is a Kronecker product plus a few single entries, found step by step during training."
    parameter = CoMatrixDropout
    learning_rate = 0.012
    settled = STOP

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        each = n_parameters // size.n_gates
        product = KroneckerMatrix.zeros(_shapes(size.gate, each))
        n_entries = min(each - product.n_parameters, size.n_entries // size.n_gates)
        return BlockRowsMatrix([SumMatrix(product, MaskedMatrix.zeros(size.gate, n_entries))] * size.n_gates)

    def smallest(self, size: MatrixSize) -> int:
        return size.n_gates * (_smallest(size.gate).n_parameters + 1)

    def default(self, size: MatrixSize) -> int:
        return max(self.smallest(size), Kronecker().default(size))

    def note(self, size: MatrixSize, structure: StructuredMatrix) -> str:
        return f"where single entries stand, not counted, takes {-(-size.n_entries // 8)} bytes more as a bitmap"


def _thinned(gate: SumMatrix) -> Tensor:
    product, entries = (term.dense() for term in gate.terms)
    return torch.add(_rows_kept(product) * product, _rows_kept(entries) * entries)


def _rows_kept(matrix: Tensor) -> Tensor:
    kept = torch.rand(len(matrix), 1, device=matrix.device) >= DROPPED
    return kept.to(matrix.dtype).div(1 - DROPPED)


def _shapes(gate: tuple[int, int], n_parameters: int) -> Shapes:
    half = fullest_within(*gate, n_parameters // 2)
    return (half or _smallest(gate)).shapes


def _smallest(gate: tuple[int, int]) -> ShapeChoice:
    """Return the product of fewest parameters, of these the one of largest rank."""
    return min(candidates(*gate), key=lambda choice: choice.costs)
