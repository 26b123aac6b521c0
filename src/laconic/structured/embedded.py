"""A small dense matrix on some rows and columns of a larger one that is zero elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, array_namespace, as_array, device, to_numpy, transpose, zeros_like_shape
from laconic.core.checks import ParameterError, check_positive_int
from laconic.structured.base import Options, Part, StructuredMatrix, check_matrix


class EmbeddedMatrix(StructuredMatrix):
    """A dense block that occupies given rows and columns of an otherwise zero matrix.

    With it a network keeps its outer sizes and acts as a narrower one: the units outside the block stay at zero.

    Parameters
    ----------
    block : array of shape (len(rows), len(columns))
    rows, columns : sequences of int, without repetition
        Where the block's rows and columns stand in the whole.
    shape : (int, int)
        Shape (m, n) of the whole.

    Raises
    ------
    ParameterError
        If the places are not as many different indices as the block has rows and columns.
    """

    kind = "embedded"

    def __init__(self, block: Array, rows: Sequence[int], columns: Sequence[int], shape: tuple[int, int]) -> None:
        self.block = check_matrix("EmbeddedMatrix", "block", block)
        m, n = (check_positive_int("EmbeddedMatrix", "shape", size) for size in shape)
        self.shape = (m, n)
        self.rows = _places("rows", rows, self.block.shape[0], self.shape[0])
        self.columns = _places("columns", columns, self.block.shape[1], self.shape[1])

    @classmethod
    def zeros(cls, shape: tuple[int, int], rows: Sequence[int], columns: Sequence[int]) -> Self:
        """Return a template of these places in a matrix of this shape, for `nearest` and `random`."""
        return cls(np.zeros((len(rows), len(columns)), np.float32), rows, columns, shape)

    @property
    def parts(self) -> dict[str, Part]:
        return {"block": self.block}

    @property
    def options(self) -> Options:
        return {"rows": self.rows.tolist(), "columns": self.columns.tolist(), "shape": list(self.shape)}

    @classmethod
    def build(cls, parts: Mapping[str, Part], options: Options) -> Self:
        return cls(parts["block"], options["rows"], options["columns"], options["shape"])

    def dense(self) -> Array:
        return transpose(_spread(transpose(_spread(self.block, self.rows, self.shape[0])), self.columns, self.shape[1]))

    def rows_between(self, start: int, stop: int) -> StructuredMatrix | None:
        inside = (self.rows >= start) & (self.rows < stop)
        if not inside.any():
            return None
        shape = (stop - start, self.shape[1])
        return EmbeddedMatrix(self.block[inside], (self.rows[inside] - start).tolist(), self.columns.tolist(), shape)

    def columns_between(self, start: int, stop: int) -> StructuredMatrix | None:
        inside = (self.columns >= start) & (self.columns < stop)
        if not inside.any():
            return None
        shape = (self.shape[0], stop - start)
        return EmbeddedMatrix(self.block[:, inside], self.rows.tolist(), (self.columns[inside] - start).tolist(), shape)

    def _matmul(self, x: Array) -> Array:
        return _spread(self.block @ _gather(x, self.columns), self.rows, self.shape[0])

    def _rmatmul(self, y: Array) -> Array:
        return _spread(transpose(self.block) @ _gather(y, self.rows), self.columns, self.shape[1])

    @property
    def n_macs(self) -> int:
        return self.n_parameters

    @property
    def n_macs_apart(self) -> int:
        return 0

    @property
    def max_rank(self) -> int:
        return min(len(self.rows), len(self.columns))

    @property
    def scratch(self) -> int:
        return 0

    def random(self, rng: np.random.Generator, std: float) -> Self:
        block = std * rng.standard_normal((len(self.rows), len(self.columns)))
        return self.build({"block": block}, self.options)

    def project(self, matrix: "np.ndarray[Any, Any]") -> Self:
        return self.build({"block": matrix[np.ix_(self.rows, self.columns)]}, self.options)

    @property
    def formula(self) -> str:
        return f"{len(self.rows)} x {len(self.columns)} in {self.shape[0]} x {self.shape[1]}"


def _places(name: str, places: Sequence[int], count: int, size: int) -> "np.ndarray[Any, Any]":
    found = to_numpy(as_array(places))
    whole = found.shape == (count,) and found.dtype.kind in "iu"
    if not whole or len(np.unique(found)) != count or found.min() < 0 or found.max() >= size:
        raise ParameterError("EmbeddedMatrix", name, f"{count} different indices below {size}", places)
    return found.astype(np.int64)


def _gather(x: Array, places: "np.ndarray[Any, Any]") -> Array:
    """Take rows of x of shape (..., n, k)."""
    xp = array_namespace(x)
    return xp.take(x, xp.asarray(places, device=device(x)), axis=x.ndim - 2)


def _spread(x: Array, places: "np.ndarray[Any, Any]", size: int) -> Array:
    """Put the rows of x, shape (..., len(places), k), at their places among `size` rows of zeros."""
    source = np.full(size, len(places))
    source[places] = np.arange(len(places))
    zero = zeros_like_shape((*tuple(x.shape[:-2]), 1, x.shape[-1]), x)
    padded = array_namespace(x).concat([x, zero], axis=-2)
    return _gather(padded, source)
