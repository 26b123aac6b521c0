"""Unstructured sparse matrices, as magnitude pruning leaves them."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import structural_rank

from laconic.core.arrays import Array, array_namespace, as_array, to_numpy, transpose
from laconic.core.checks import DataError, ParameterError, check_positive_int
from laconic.structured.base import Options, Part, StructuredMatrix, check_matrix


class MaskedMatrix(StructuredMatrix):
    """A matrix of which only the entries under a mask count.

    The values outside the mask are held (so that a mask can move while a network is trained) but never used, counted
    or stored in a file. `n_parameters` and `n_macs` count the non-zeros alone and leave out where they stand, which
    is generous to pruning: a real sparse format adds an index to each.

    Parameters
    ----------
    values : array of shape (m, n)
    mask : boolean array of shape (m, n)
        True where the entry counts.

    Raises
    ------
    ParameterError
        If the mask is not boolean, or of another shape than the values.
    """

    kind = "masked"

    def __init__(self, values: Array, mask: Array) -> None:
        self.values = check_matrix("MaskedMatrix", "values", values)
        self.mask = as_array(mask)
        if tuple(self.mask.shape) != tuple(self.values.shape) or "bool" not in str(self.mask.dtype):
            allowed = f"a boolean array of shape {tuple(self.values.shape)}"
            raise ParameterError("MaskedMatrix", "mask", allowed, (tuple(self.mask.shape), str(self.mask.dtype)))
        self.shape = (int(self.values.shape[0]), int(self.values.shape[1]))

    @classmethod
    def zeros(cls, shape: tuple[int, int], n_nonzeros: int) -> Self:
        """Return a template with so many entries under the mask, for `nearest` and `random`."""
        if not 0 <= n_nonzeros <= shape[0] * shape[1]:
            allowed = f"between 0 and {shape[0] * shape[1]}"
            raise ParameterError("MaskedMatrix.zeros", "n_nonzeros", allowed, n_nonzeros)
        mask = np.arange(shape[0] * shape[1]).reshape(shape) < n_nonzeros
        return cls(np.zeros(shape, np.float32), mask)

    @property
    def parts(self) -> dict[str, Part]:
        return {"values": self.values, "mask": self.mask}

    @classmethod
    def build(cls, parts: Mapping[str, Part], options: Options) -> Self:
        return cls(parts["values"], parts["mask"])

    @property
    def options(self) -> Options:
        return {"shape": list(self.shape)}

    @property
    def packed(self) -> dict[str, Part]:
        """The values under the mask in row-major order, and the mask as bits."""
        mask = to_numpy(self.mask)
        return {"nonzeros": to_numpy(self.values)[mask], "bits": np.packbits(mask)}

    @classmethod
    def unpack(cls, packed: Mapping[str, Part], options: Options) -> Self:
        m, n = (check_positive_int("MaskedMatrix", "shape", size) for size in options["shape"])
        bits, nonzeros = packed["bits"], packed["nonzeros"]
        if bits.shape != (-(-m * n // 8),):  # before anything of the claimed size is made
            raise DataError(f"MaskedMatrix: a mask of {m} x {n} bits does not fit {bits.shape} bytes")
        mask = np.unpackbits(bits, count=m * n).astype(bool).reshape(m, n)
        if nonzeros.shape != (mask.sum(),):
            raise DataError(f"MaskedMatrix: {mask.sum()} entries under the mask, {nonzeros.shape} values")
        values = np.zeros((m, n), nonzeros.dtype)
        values[mask] = nonzeros
        return cls(values, mask)

    def dense(self) -> Array:
        xp = array_namespace(self.values)
        return xp.where(self.mask, self.values, xp.zeros_like(self.values))

    def rows_between(self, start: int, stop: int) -> StructuredMatrix:
        return MaskedMatrix(self.values[start:stop], self.mask[start:stop])

    def columns_between(self, start: int, stop: int) -> StructuredMatrix:
        return MaskedMatrix(self.values[:, start:stop], self.mask[:, start:stop])

    def _matmul(self, x: Array) -> Array:
        return self.dense() @ x

    def _rmatmul(self, y: Array) -> Array:
        return transpose(self.dense()) @ y

    @property
    def n_parameters(self) -> int:
        return int(to_numpy(self.mask).sum())

    @property
    def n_macs(self) -> int:
        return self.n_parameters

    @property
    def n_macs_apart(self) -> int:
        return 0

    @property
    def max_rank(self) -> int:
        """Largest rank that values under this mask can have: the structural rank, a maximum matching."""
        return int(structural_rank(csr_array(to_numpy(self.mask).astype(np.int8))))

    @property
    def scratch(self) -> int:
        return 0

    def random(self, rng: np.random.Generator, std: float) -> Self:
        """Draw all values; the mask moves to the largest of them."""
        return self.project(std * rng.standard_normal(self.shape))

    def project(self, matrix: "np.ndarray[Any, Any]") -> Self:
        """Keep the entries of largest magnitude, as many as the mask has now; the mask moves to them."""
        return type(self)(matrix.copy(), largest_entries(matrix, self.n_parameters))

    @property
    def formula(self) -> str:
        return f"{self.n_parameters} of {self.shape[0]} x {self.shape[1]} entries"


def largest_entries(matrix: "np.ndarray[Any, Any]", count: int) -> "np.ndarray[Any, Any]":
    """Return a mask of exactly `count` entries of largest magnitude; of equal ones the first in row-major order."""
    mask = np.zeros(matrix.size, bool)
    mask[np.argsort(-np.abs(matrix).ravel(), kind="stable")[:count]] = True
    return mask.reshape(matrix.shape)
