"""A structure to copy: a diagonal matrix. CONTRIBUTING.md says what to do with it."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, array_namespace, as_array, device, is_floating
from laconic.core.checks import DataError
from laconic.structured.base import Options, Part, StructuredMatrix


class DiagonalMatrix(StructuredMatrix):
    """A square matrix that is zero off its diagonal.

    Parameters
    ----------
    diagonal : array of shape (n,)
        Floating-point, of any library that follows the array API.

    Raises
    ------
    DataError
        If `diagonal` is not a floating-point vector with at least one entry.
    """

    kind = "diagonal"  # its name in files and tables: never to be changed after a release

    def __init__(self, diagonal: Array) -> None:
        self.diagonal = as_array(diagonal)
        if self.diagonal.ndim != 1 or self.diagonal.shape[0] == 0 or not is_floating(self.diagonal):
            raise DataError(
                "DiagonalMatrix: diagonal must be a floating-point vector with at least one entry, "
                f"got shape {tuple(self.diagonal.shape)}, type {self.diagonal.dtype}"
            )
        n = int(self.diagonal.shape[0])
        self.shape = (n, n)

    @classmethod
    def zeros(cls, n: int) -> Self:
        """Return a template of this size, for `nearest` and `random`."""
        return cls(np.zeros(n, np.float32))

    # What it is made of: the two must undo each other.

    @property
    def parts(self) -> dict[str, Part]:
        return {"diagonal": self.diagonal}

    @classmethod
    def build(cls, parts: Mapping[str, Part], options: Options) -> Self:
        return cls(parts["diagonal"])

    # What it does: array-API calls and operators only, so that NumPy and torch both flow through.

    def dense(self) -> Array:
        xp = array_namespace(self.diagonal)
        return self.diagonal * xp.eye(self.shape[0], dtype=self.diagonal.dtype, device=device(self.diagonal))

    def _matmul(self, x: Array) -> Array:
        return self.diagonal[:, None] * x

    def _rmatmul(self, y: Array) -> Array:
        return self.diagonal[:, None] * y

    # What it costs.

    @property
    def n_macs(self) -> int:
        return self.shape[0]

    @property
    def n_macs_apart(self) -> int:
        return 0  # a column acts on its own: two groups of them apart cost no more

    @property
    def max_rank(self) -> int:
        return self.shape[0]

    @property
    def scratch(self) -> int:
        return 0

    # Which one: drawn at random, and nearest to a given matrix in the Frobenius norm.

    def random(self, rng: np.random.Generator, std: float) -> Self:
        return type(self)(std * rng.standard_normal(self.shape[0]))

    def project(self, matrix: "np.ndarray[Any, Any]") -> Self:
        return type(self)(np.diag(matrix).copy())
