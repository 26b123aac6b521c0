"""The layer as it is, counted and kept by the same rules as its rivals."""

from laconic.rnn.methods.method import MatrixSize, Method
from laconic.structured import DenseMatrix, StructuredMatrix


class Dense(Method):
    """Nothing is compressed; only the second bias vector of torch's layers is merged into the first."""

    name = "dense"
    summary = "The uncompressed network."
    learning_rate = 0.005

    def structure(self, size: MatrixSize, n_parameters: int) -> StructuredMatrix:
        return DenseMatrix.zeros(size.shape)

    def smallest(self, size: MatrixSize) -> int:
        return size.n_entries

    def default(self, size: MatrixSize) -> int:
        return size.n_entries
