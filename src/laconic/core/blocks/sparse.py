"""A block of samples held as a sparse matrix: every product costs in proportion to its non-zeros."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse

from laconic.core.arrays import Array
from laconic.core.blocks.block import Block, Places
from laconic.core.blocks.sparse_products import codes_times, times
from laconic.core.blocks.survey import Survey


@dataclass(frozen=True)
class SparseBlock(Block):
    """A block held as a `scipy.sparse.csr_array`; what is not stored is zero, not missing.

    Attributes
    ----------
    values : csr_array of shape (n, p)
        Nothing is stored where an entry is missing.
    missing : tuple of two arrays, or None
        Rows and columns of missing entries.
    made_up : csr_array of shape (n, p) or None
        What a model says of the missing entries.
    """

    values: Any
    missing: Places | None = None
    made_up: Any = None

    @property
    def shape(self) -> tuple[int, int]:
        return self.values.shape[0], self.values.shape[1]

    @property
    def like(self) -> Array:
        return self.values.data

    @property
    def is_complete(self) -> bool:
        return self.missing is None

    def project(self, dictionary: Array) -> Array:
        return sum(times(part, dictionary.T) for part in self._parts())

    def gather(self, codes: Array) -> Array:
        return sum(codes_times(codes, part) for part in self._parts())

    def squares(self) -> Array:
        return sum(_row_squares(part) for part in self._parts())

    def completed(self, codes: Array, dictionary: Array) -> "SparseBlock":
        if self.missing is None:
            return self
        made_up = scipy.sparse.csr_array((_entries(codes, dictionary, self.missing), self.missing), shape=self.shape)
        return replace(self, made_up=made_up, missing=None)

    def errors(self, codes: Array, dictionary: Array) -> Array:
        gram, cross = (
            dictionary @ dictionary.T,
            np.einsum("ij,ij->i", self.project(dictionary), codes, dtype=np.float64),
        )
        fit = np.einsum("ij,ij->i", codes @ gram, codes, dtype=np.float64)
        if self.missing is not None:
            lost = _entries(codes, dictionary, self.missing).astype(np.float64)
            fit = fit - _row_sums(self.missing[0], lost**2, self.shape[0])
        return np.maximum(_row_squares(self.values) - 2 * cross + fit, 0.0)

    def survey(self) -> Survey:
        data = self.values.data
        low, high = (float(data.min()), float(data.max())) if data.size else (0.0, 0.0)
        size = max(abs(low), abs(high))
        known = np.isfinite(size) and size > 0
        rows = _row_squares(self.values / data.dtype.type(size)) if known else np.zeros(self.shape[0])
        n, p = self.shape
        lost = np.zeros(n, np.int64) if self.missing is None else np.bincount(self.missing[0], minlength=n)
        entries = (p - lost).astype(np.float64)
        return Survey.of(rows, self.weight, smallest=low, largest=size, entries=entries, lost=int(lost.sum()))

    def take(self, rows: Any) -> "SparseBlock":
        weight = None if self.weight is None else self.weight[rows]
        missing = self.missing
        if missing is not None:
            marks = scipy.sparse.csr_array((np.ones(len(missing[0])), missing), shape=self.shape)[rows].tocoo()
            missing = (marks.row, marks.col)
        return SparseBlock(self.first, weight, self.values[rows], missing)

    def lost(self) -> Places:
        rows, columns = np.zeros((2, 0), np.intp) if self.missing is None else self.missing
        order = np.argsort(rows, kind="stable")
        return rows[order], columns[order]

    def _parts(self) -> list[Any]:
        return [self.values] if self.made_up is None else [self.values, self.made_up]


ENTRIES_AT_ONCE = 2**16


def _entries(codes: Array, dictionary: Array, places: Places) -> Array:
    """Return the entries of C D at these places."""
    rows, columns = places
    found = np.empty(len(rows), codes.dtype)
    for i in range(0, len(rows), ENTRIES_AT_ONCE):
        part = slice(i, i + ENTRIES_AT_ONCE)
        found[part] = np.einsum("ij,ji->i", codes[rows[part]], dictionary[:, columns[part]])
    return found


def _row_squares(matrix: Any) -> Array:
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return _row_sums(row, matrix.data.astype(np.float64) ** 2, matrix.shape[0])


def _row_sums(row: Array, values: Array, n: int) -> Array:
    return np.bincount(row, values, minlength=n).astype(np.float64, copy=False)  # of nothing it makes integers
