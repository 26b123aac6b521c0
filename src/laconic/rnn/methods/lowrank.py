"""Low-rank matrix factorisation over the stacked gates."""

from laconic.rnn.methods.kronecker import Kronecker
from laconic.rnn.methods.method import MatrixSize, Method
from laconic.structured import LowRankMatrix, StructuredMatrix


class LowRank(Method):
    """The gates together are a tall matrix times a wide one."""

    name = "lowrank"
    summary = "The stacked gates are a tall matrix times a wide one (low-rank factorisation)."

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        return LowRankMatrix.zeros(size.shape, min(n_parameters // sum(size.shape), *size.shape))

    def smallest(self, size: MatrixSize) -> int:
        return sum(size.shape)

    def default(self, size: MatrixSize) -> int:
        return max(self.smallest(size), Kronecker().default(size))
