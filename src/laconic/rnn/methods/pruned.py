"""Gradual magnitude pruning (Zhu and Gupta, arXiv:1710.01878)."""

from laconic.rnn.methods.gradual import STOP, GraduallyMasked
from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import MatrixSize, Method
from laconic.structured import MaskedMatrix, StructuredMatrix


class Pruned(Method):
    """All but the largest weights of a layer are zero; during training their number falls on a cubic curve."""

    name = "pruned"
    summary = "All but the largest weights are zeroed, step by step during training (magnitude pruning)."
    parameter = GraduallyMasked
    learning_rate = 0.012
    settled = STOP

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        return MaskedMatrix.zeros(size.shape, min(n_parameters, size.n_entries))

    def smallest(self, size: MatrixSize) -> int:
        return 1

    def default(self, size: MatrixSize) -> int:
        return Kronecker().default(size)

    def note(self, size: MatrixSize, structure: StructuredMatrix) -> str:
        return f"where its non-zeros stand, not counted, takes {-(-size.n_entries // 8)} bytes more as a bitmap"
