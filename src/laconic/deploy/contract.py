"""A structure times a vector as a few small products: what code is made from, and what integers follow too."""

from dataclasses import dataclass
from functools import singledispatch
from itertools import pairwise, product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.structured import (
    BlockRowsMatrix,
    DenseMatrix,
    EmbeddedMatrix,
    KroneckerMatrix,
    LowRankMatrix,
    MaskedMatrix,
    StructuredMatrix,
    SumMatrix,
)
from laconic.structured.contraction import Shapes, best_contraction

Array = NDArray[Any]

SCRATCH = "scratch"


@dataclass(frozen=True)
class Span:
    """Where some numbers stand.

    Attributes
    ----------
    buffer : str
    start, size : int
    """

    buffer: str
    start: int
    size: int

    def part(self, start: int, size: int) -> "Span":
        """Return a part of it."""
        return Span(self.buffer, self.start + start, size)


@dataclass(frozen=True)
class Product:
    """``target[b, i, a] = sum_j weight[i, j] source[b, j, a]``, or added to what stands there.

    Attributes
    ----------
    weight : ndarray (m, n)
    before, after : int
        Lengths of the axes b and a.
    source, target : Span
        Of before n after and before m after numbers, row-major.
    adds : bool
    """

    weight: Array
    before: int
    after: int
    source: Span
    target: Span
    adds: bool

    @property
    def n_macs(self) -> int:
        """Multiply-adds."""
        return self.before * self.after * self.weight.size


@dataclass(frozen=True)
class SparseProduct:
    """``target[i] += sum_k values[k] source[columns[k]]`` over the entries k of row i.

    Attributes
    ----------
    values : ndarray (n_entries,)
        Row by row.
    columns : ndarray of int (n_entries,)
    counts : ndarray of int (rows,)
        Entries of each row.
    source, target : Span
    """

    values: Array
    columns: Array
    counts: Array
    source: Span
    target: Span

    @property
    def n_macs(self) -> int:
        """Multiply-adds."""
        return len(self.values)


Operation = Product | SparseProduct


def row_sums(entries: Array, counts: Array) -> Array:
    """Add up the entries (samples, n) of each row of a sparse matrix, of which there are so many."""
    total = np.zeros((len(counts), len(entries)), entries.dtype)
    np.add.at(total, np.repeat(np.arange(len(counts)), counts), entries.T)
    return total.T


@singledispatch
def contracted(matrix: StructuredMatrix, source: Span, target: Span) -> list[Operation]:
    """Return the operations that add ``matrix source`` to `target`; a new structure registers itself here.

    They may write what lies between into the buffer `SCRATCH`, of `scratch_size` numbers.
    """
    return _dense(DenseMatrix(matrix.dense()), source, target)


def scratch_size(operations: list[Operation]) -> int:
    """Return how many numbers of scratch some operations use."""
    spans = [span for operation in operations for span in (operation.source, operation.target)]
    return max((span.start + span.size for span in spans if span.buffer == SCRATCH), default=0)


@contracted.register
def _dense(matrix: DenseMatrix, source: Span, target: Span) -> list[Operation]:
    return [Product(matrix.values, 1, 1, source, target, adds=True)]


@contracted.register
def _low_rank(matrix: LowRankMatrix, source: Span, target: Span) -> list[Operation]:
    between = Span(SCRATCH, 0, matrix.rank)
    right = Product(matrix.right, 1, 1, source, between, adds=False)
    return [right, Product(matrix.left, 1, 1, between, target, adds=True)]


@contracted.register
def _kronecker(matrix: KroneckerMatrix, source: Span, target: Span) -> list[Operation]:
    """Multiply each factor into its own axis, in the cheapest order."""
    sizes, found = [n for _, n in matrix.shapes], list[Operation]()
    order = best_contraction(matrix.shapes).order
    spans = [*_between(matrix.shapes, order), target]
    for i, into in zip(order, spans, strict=True):
        before, after = prod(sizes[:i]), prod(sizes[i + 1 :])
        found.append(Product(matrix.factors[i], before, after, source, into, adds=into is target))
        source, sizes[i] = into, matrix.shapes[i][0]
    return found


def _between(shapes: Shapes, order: tuple[int, ...]) -> list[Span]:
    """Return where what lies between the factors stands: in turn at the start of the scratch, and behind that."""
    sizes, lengths = [n for _, n in shapes], list[int]()
    for i in order[:-1]:
        sizes[i] = shapes[i][0]
        lengths.append(prod(sizes))
    behind = max(lengths[::2], default=0)
    return [Span(SCRATCH, behind * (place % 2), length) for place, length in enumerate(lengths)]


@contracted.register
def _masked(matrix: MaskedMatrix, source: Span, target: Span) -> list[Operation]:
    if not matrix.mask.any():
        return []
    values, columns = matrix.values[matrix.mask], np.nonzero(matrix.mask)[1]
    return [SparseProduct(values, columns, matrix.mask.sum(axis=1), source, target)]


@contracted.register
def _embedded(matrix: EmbeddedMatrix, source: Span, target: Span) -> list[Operation]:
    """Multiply the pieces that stand together, which are few: the units that live, reading inputs and each other."""
    return [
        Product(
            matrix.block[top:bottom, left:right],
            1,
            1,
            source.part(int(matrix.columns[left]), right - left),
            target.part(int(matrix.rows[top]), bottom - top),
            adds=True,
        )
        for (top, bottom), (left, right) in product(_runs(matrix.rows), _runs(matrix.columns))
    ]


def _runs(places: Array) -> list[tuple[int, int]]:
    """Return where runs of places that follow each other begin and end."""
    breaks = (np.nonzero(np.diff(places) != 1)[0] + 1).tolist()
    return list(pairwise([0, *breaks, len(places)]))


@contracted.register
def _block_rows(matrix: BlockRowsMatrix, source: Span, target: Span) -> list[Operation]:
    found, start = list[Operation](), 0
    for block in matrix.blocks:
        found += contracted(block, source, target.part(start, block.shape[0]))
        start += block.shape[0]
    return found


@contracted.register
def _sum(matrix: SumMatrix, source: Span, target: Span) -> list[Operation]:
    return [operation for term in matrix.terms for operation in contracted(term, source, target)]
