"""Low-rank matrices as a product of two thin ones."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, transpose
from laconic.core.checks import ParameterError
from laconic.structured.base import Options, Part, StructuredMatrix, check_matrix


class LowRankMatrix(StructuredMatrix):
    """The product L R of a tall and a wide matrix (low-rank matrix factorisation, LMF).

    Parameters
    ----------
    left : array of shape (m, r)
    right : array of shape (r, n)

    Raises
    ------
    ParameterError
        If the inner sizes differ.
    """

    kind = "lowrank"

    def __init__(self, left: Array, right: Array) -> None:
        self.left = check_matrix("LowRankMatrix", "left", left)
        self.right = check_matrix("LowRankMatrix", "right", right)
        if self.left.shape[1] != self.right.shape[0]:
            raise ParameterError(
                "LowRankMatrix", "right", f"of shape ({self.left.shape[1]}, n)", tuple(self.right.shape)
            )
        self.shape = (int(self.left.shape[0]), int(self.right.shape[1]))
        self.rank = int(self.left.shape[1])

    @classmethod
    def zeros(cls, shape: tuple[int, int], rank: int) -> Self:
        """Return a template of this shape and rank, for `nearest` and `random`."""
        return cls(np.zeros((shape[0], rank), np.float32), np.zeros((rank, shape[1]), np.float32))

    @property
    def parts(self) -> dict[str, Part]:
        return {"left": self.left, "right": self.right}

    @classmethod
    def build(cls, parts: Mapping[str, Part], options: Options) -> Self:
        return cls(parts["left"], parts["right"])

    def dense(self) -> Array:
        return self.left @ self.right

    def rows_between(self, start: int, stop: int) -> StructuredMatrix:
        return LowRankMatrix(self.left[start:stop], self.right)

    def columns_between(self, start: int, stop: int) -> StructuredMatrix:
        return LowRankMatrix(self.left, self.right[:, start:stop])

    def _matmul(self, x: Array) -> Array:
        return self.left @ (self.right @ x)

    def _rmatmul(self, y: Array) -> Array:
        return transpose(self.right) @ (transpose(self.left) @ y)

    @property
    def n_macs(self) -> int:
        return self.rank * sum(self.shape)

    @property
    def n_macs_apart(self) -> int:
        return self.rank * self.shape[0]

    @property
    def max_rank(self) -> int:
        return min(self.rank, *self.shape)

    @property
    def scratch(self) -> int:
        return self.rank

    def random(self, rng: np.random.Generator, std: float) -> Self:
        each = (std / self.rank**0.5) ** 0.5
        left, right = ((m, n) for m, n in ((self.shape[0], self.rank), (self.rank, self.shape[1])))
        return type(self)(each * rng.standard_normal(left), each * rng.standard_normal(right))

    def project(self, matrix: "np.ndarray[Any, Any]") -> Self:
        """Truncated singular value decomposition (Eckart and Young), the singular values split evenly."""
        peak = np.max(np.abs(matrix)) or matrix.dtype.type(1)  # singular values of huge entries would overflow
        left, values, right = np.linalg.svd(matrix / peak, full_matrices=False)
        missing = max(0, self.rank - len(values))
        root = np.sqrt(peak) * np.pad(np.sqrt(values[: self.rank]), (0, missing))
        left = np.pad(left[:, : self.rank], ((0, 0), (0, missing)))
        right = np.pad(right[: self.rank], ((0, missing), (0, 0)))
        return type(self)(left * root, root[:, None] * right)

    @property
    def formula(self) -> str:
        return f"rank {self.rank}"
