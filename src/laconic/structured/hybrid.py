"""Hybrid Kronecker products: dense rows over a product."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from laconic.core.arrays import Array
from laconic.core.checks import ParameterError
from laconic.structured.base import Options, Part
from laconic.structured.contraction import Shapes
from laconic.structured.dense import DenseMatrix
from laconic.structured.kronecker import KroneckerMatrix
from laconic.structured.rows import BlockRowsMatrix


class HybridKroneckerMatrix(BlockRowsMatrix):
    """The first rows dense, the others one Kronecker product: [D ; A ⊗ B].

    The number of dense rows sets the compression at will.

    Parameters
    ----------
    top : array of shape (r, n)
        The dense rows.
    *factors : arrays of shape (m_i, n_i), or one KroneckerMatrix
        The product below them, of shape (m - r, n).

    Raises
    ------
    ParameterError
        If the dense rows are not as wide as the product.

    References
    ----------
    Thakker et al., "Pushing the limits of RNN Compression", arXiv:1910.02558.
    """

    kind = "hybrid"

    def __init__(self, top: Array | DenseMatrix, *factors: Array | KroneckerMatrix | Sequence[Array]) -> None:
        self.top = top if isinstance(top, DenseMatrix) else DenseMatrix(top)
        whole = factors[0] if len(factors) == 1 else None
        self.product = whole if isinstance(whole, KroneckerMatrix) else KroneckerMatrix(*factors)
        if self.top.shape[1] != self.product.shape[1]:
            allowed = f"of shape (r, {self.product.shape[1]}), as wide as the product"
            raise ParameterError("HybridKroneckerMatrix", "top", allowed, self.top.shape)
        super().__init__(self.top, self.product)

    @classmethod
    def zeros(cls, n_dense_rows: int, shapes: Shapes) -> Self:
        """Return a template with so many dense rows over factors of these shapes, for `nearest` and `random`."""
        product = KroneckerMatrix.zeros(shapes)
        return cls(np.zeros((n_dense_rows, product.shape[1]), np.float32), product)

    @classmethod
    def build(cls, parts: Mapping[str, Part], options: Options) -> Self:
        return cls(parts["block_0"], parts["block_1"])

    @property
    def formula(self) -> str:
        return f"{self.top.shape[0]} dense rows over {self.product.formula}"
