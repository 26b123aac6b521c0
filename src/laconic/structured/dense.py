"""The matrix itself: every parameter stored."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, transpose
from laconic.structured.base import Options, Part, StructuredMatrix, check_matrix


class DenseMatrix(StructuredMatrix):
    """A matrix held whole.

    Parameters
    ----------
    values : array of shape (m, n)
    """

    kind = "dense"

    def __init__(self, values: Array) -> None:
        self.values = check_matrix("DenseMatrix", "values", values)
        self.shape = (int(self.values.shape[0]), int(self.values.shape[1]))

    @classmethod
    def zeros(cls, shape: tuple[int, int]) -> Self:
        """Return a template of this shape, for `nearest` and `random`."""
        return cls(np.zeros(shape, np.float32))

    @property
    def parts(self) -> dict[str, Part]:
        return {"values": self.values}

    @classmethod
    def build(cls, parts: Mapping[str, Part], options: Options) -> Self:
        return cls(parts["values"])

    def dense(self) -> Array:
        return self.values

    def rows_between(self, start: int, stop: int) -> StructuredMatrix:
        return DenseMatrix(self.values[start:stop])

    def columns_between(self, start: int, stop: int) -> StructuredMatrix:
        return DenseMatrix(self.values[:, start:stop])

    def _matmul(self, x: Array) -> Array:
        return self.values @ x

    def _rmatmul(self, y: Array) -> Array:
        return transpose(self.values) @ y

    @property
    def n_macs(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def n_macs_apart(self) -> int:
        return 0

    @property
    def max_rank(self) -> int:
        return min(self.shape)

    @property
    def scratch(self) -> int:
        return 0

    def random(self, rng: np.random.Generator, std: float) -> Self:
        return type(self)(std * rng.standard_normal(self.shape))

    def project(self, matrix: "np.ndarray[Any, Any]") -> Self:
        return type(self)(matrix.copy())

    @property
    def formula(self) -> str:
        return f"{self.shape[0]} x {self.shape[1]}"
