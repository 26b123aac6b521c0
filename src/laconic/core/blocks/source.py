"""Where samples come from, cut into blocks: arrays of any library, sparse matrices, files, pieces one after the other.

A source can be read again and again, one block at a time, and only the block that is read takes memory.
"""

import mmap
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import scipy.sparse

from laconic.core.arrays import Array, array_namespace, device, is_floating
from laconic.core.blocks.block import Block, DenseBlock
from laconic.core.blocks.sparse import SparseBlock
from laconic.core.checks import DataError

BLOCK_BYTES = 2**26
"""What a block takes where nothing else is asked for."""


class Source(ABC):
    """Samples in blocks.

    Parameters
    ----------
    edges : array of int, shape (n_blocks + 1,)
        Block i holds samples edges[i] to edges[i + 1] - 1.
    n_features : int
    dtype : dtype
        float32 or float64 of the library: what blocks hold, whatever the data are.
    weight, mask : array or None
        Of all samples; a mask is True where an entry is missing.
    """

    def __init__(self, edges: Any, n_features: int, dtype: Any, weight: Any = None, mask: Any = None) -> None:
        self.edges, self.n_features, self.dtype = edges, n_features, dtype
        self.weight, self.mask = weight, mask
        self._complete: set[int] = set()

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return int(self.edges[-1])

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.edges) - 1

    def block(self, i: int) -> Block:
        """Return block i; NaN in it is a missing entry."""
        first, last = int(self.edges[i]), int(self.edges[i + 1])
        weight = None if self.weight is None else self.weight[first:last]
        mask = None if self.mask is None else self.mask[first:last]
        return self._block(i, first, last, weight, mask)

    @abstractmethod
    def read(self, first: int, last: int) -> Any:
        """Return these samples as they are held."""

    def _block(self, i: int, first: int, last: int, weight: Any, mask: Any) -> Block:
        values = self.read(first, last)
        if i in self._complete:
            return DenseBlock(first, weight, values)
        block = dense_block(values, first, weight, mask)
        if block.is_complete:
            self._complete.add(i)
        return block


class ArraySource(Source):
    """An array in memory, of any library: blocks are views of it."""

    def __init__(self, values: Array, edges: Any, weight: Any = None, mask: Any = None) -> None:
        super().__init__(edges, values.shape[1], values.dtype, weight, mask)
        self.values = values

    def read(self, first: int, last: int) -> Any:
        return self.values[first:last, :]


class SlicedSource(Source):
    """What is read by slices of its first axis, as arrays of zarr and HDF5 are."""

    def __init__(self, values: Any, edges: Any, weight: Any = None, mask: Any = None) -> None:
        super().__init__(edges, values.shape[1], working_type(np.dtype(values.dtype)), weight, mask)
        self.values = values

    def read(self, first: int, last: int) -> Any:
        return np.asarray(self.values[first:last]).astype(self.dtype, copy=False)


class FileSource(Source):
    """A file of rows, one after the other, behind a memory map.

    It is read, not mapped: pages of a map that were looked at would count as memory of this process.
    """

    def __init__(self, values: "np.memmap[Any, Any]", edges: Any, weight: Any = None, mask: Any = None) -> None:
        super().__init__(edges, values.shape[1], working_type(values.dtype), weight, mask)
        self.path, self.start, self.held = str(values.filename), place_in_file(values), values.dtype
        self._map = values  # never looked at; a temporary file goes when its map does

    def read(self, first: int, last: int) -> Any:
        row = self.n_features * self.held.itemsize
        count = (last - first) * self.n_features
        found = np.fromfile(self.path, self.held, count, offset=self.start + first * row)
        if len(found) != count:
            raise DataError(f"{self.path}: ends before sample {last}; was it cut short?")
        return found.reshape(last - first, self.n_features).astype(self.dtype, copy=False)


class SparseSource(Source):
    """A sparse matrix in memory."""

    def __init__(self, values: Any, edges: Any, weight: Any = None, mask: Any = None) -> None:
        super().__init__(edges, values.shape[1], values.dtype, weight, mask)
        self.values = values

    def read(self, first: int, last: int) -> Any:
        X = self.values
        a, b = X.indptr[first], X.indptr[last]
        parts = (X.data[a:b], X.indices[a:b], X.indptr[first : last + 1] - a)
        return scipy.sparse.csr_array(parts, shape=(last - first, self.n_features))

    def _block(self, i: int, first: int, last: int, weight: Any, mask: Any) -> Block:
        values = self.read(first, last)
        return (
            SparseBlock(first, weight, values)
            if i in self._complete
            else self._looked_at(i, values, first, weight, mask)
        )

    def _looked_at(self, i: int, values: Any, first: int, weight: Any, mask: Any) -> Block:
        block = sparse_block(values, first, weight, mask)
        if block.is_complete:
            self._complete.add(i)
        return block


def dense_block(values: Array, first: int, weight: Any = None, mask: Any = None) -> DenseBlock:
    """Return an array as a block; NaN, and where the mask is True, is missing."""
    xp = array_namespace(values)
    missing = xp.isnan(values)
    if mask is not None:
        marks = mask.toarray() if scipy.sparse.issparse(mask) else mask
        missing = missing | xp.asarray(marks, dtype=xp.bool, device=device(values))
    if not bool(xp.any(missing)):
        return DenseBlock(first, weight, values)
    return DenseBlock(first, weight, xp.where(missing, xp.zeros_like(values), values), missing)


def sparse_block(values: Any, first: int, weight: Any = None, mask: Any = None) -> SparseBlock:
    """Return a CSR matrix as a block; stored NaN, and where the mask is True, is missing."""
    lost = np.isnan(values.data)
    if mask is None and not lost.any():
        return SparseBlock(first, weight, values)
    stored = values.tocoo()
    marks = scipy.sparse.csr_array((lost[lost], (stored.row[lost], stored.col[lost])), shape=values.shape, dtype=bool)
    if mask is not None:
        marks = (marks + scipy.sparse.csr_array(mask).astype(bool)).tocsr()
    marks.eliminate_zeros()
    if not marks.nnz:
        return SparseBlock(first, weight, values)
    there = scipy.sparse.csr_array(values.copy())
    there.data[lost] = 0
    there = (there - there.multiply(marks)).tocsr().astype(values.dtype, copy=False)
    there.eliminate_zeros()
    places = marks.tocoo()
    return SparseBlock(first, weight, there, (places.row, places.col))


def working_type(held: Any) -> Any:
    """Return float32 for what fits into it whole, else float64."""
    held = np.dtype(held)
    return np.dtype(np.float32 if held.kind == "f" and held.itemsize <= 4 else np.float64)


def place_in_file(values: "np.memmap[Any, Any]") -> int:
    """Return the place of the first entry of a memory map, or of a part of one, in its file."""
    whole = np.frombuffer(values._mmap, dtype=np.uint8)  # type: ignore[attr-defined]  # NumPy's own, and the only way
    begin = values.offset - values.offset % mmap.ALLOCATIONGRANULARITY
    return int(begin + values.__array_interface__["data"][0] - whole.__array_interface__["data"][0])


def is_working(array: Array) -> bool:
    """Whether an array is of a type that blocks may hold as they are."""
    return is_floating(array) and str(array.dtype).rsplit(".", 1)[-1] in ("float32", "float64")
