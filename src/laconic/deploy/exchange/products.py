"""A structure times every row of a value: a few products of its factors."""

from collections.abc import Hashable, Sequence
from functools import reduce, singledispatch
from itertools import groupby
from math import prod
from typing import Any

import numpy as np
from onnx import TensorProto

from laconic.deploy.exchange.draft import Array, Draft, Rows
from laconic.deploy.exchange.factors import Factored
from laconic.structured import (
    BlockRowsMatrix,
    EmbeddedMatrix,
    KroneckerMatrix,
    LowRankMatrix,
    MaskedMatrix,
    StructuredMatrix,
    SumMatrix,
)
from laconic.structured.contraction import best_contraction


def product(matrix: StructuredMatrix, draft: Draft, x: Rows) -> str:
    """Return the name of the matrix times each row of x, as rows."""
    return stacked(matrix, [matrix], draft, x)


@singledispatch
def stacked(first: StructuredMatrix, blocks: Sequence[Any], draft: Draft, x: Rows) -> str:
    """Return the products of blocks of one form with each row of x, side by side; a new structure registers itself.

    Blocks that are alike, such as gates, go through one product with a further axis: a node takes its time however
    little it does.
    """
    return _times(np.concatenate([block.dense() for block in blocks]), draft, x)


def _times(weight: Array, draft: Draft, x: Rows) -> str:
    return draft.op("MatMul", x.name, draft.constant(weight.T))


@stacked.register
def _low_rank(first: LowRankMatrix, blocks: Sequence[LowRankMatrix], draft: Draft, x: Rows) -> str:
    right = Rows(_times(np.concatenate([block.right for block in blocks]), draft, x), x.lead)
    if len(blocks) == 1:
        return _times(first.left, draft, right)
    left = draft.constant(np.stack([block.left.T for block in blocks]))
    found = draft.op("MatMul", draft.reshaped(right, len(blocks), 1, first.rank), left)
    return draft.reshaped(Rows(found, x.lead), len(blocks) * first.shape[0])


@stacked.register
def _kronecker(first: KroneckerMatrix, blocks: Sequence[KroneckerMatrix], draft: Draft, x: Rows) -> str:
    """Multiply each factor into its own axis, in the cheapest order."""
    factored, sizes = Factored(x, (first.shape[1],)), [n for _, n in first.shapes]
    for i in best_contraction(first.shapes).order:
        factors = np.stack([block.factors[i] for block in blocks])
        factored = factored.times(factors, prod(sizes[:i]), prod(sizes[i + 1 :]), draft)
        sizes[i] = first.shapes[i][0]
    return draft.reshaped(factored.rows, len(blocks) * first.shape[0])


@stacked.register
def _masked(first: MaskedMatrix, blocks: Sequence[MaskedMatrix], draft: Draft, x: Rows) -> str:
    """Multiply with the whole matrix, which is made of its non-zeros and the gaps between them when it is loaded."""
    values = np.concatenate([block.values.T for block in blocks], axis=1)
    mask = np.concatenate([block.mask.T for block in blocks], axis=1)
    return draft.op("MatMul", x.name, _spread(values, mask, draft.root))


def _spread(values: Array, mask: Array, draft: Draft) -> str:
    """Return a matrix from its entries under a mask: each stands so far behind the one before."""
    zeros = draft.op("ConstantOfShape", draft.whole(mask.size))
    gaps = np.diff(np.flatnonzero(mask), prepend=0)
    held = draft.constant(gaps.astype(np.min_scalar_type(gaps.max(initial=0))))
    places = draft.op("CumSum", draft.op("Cast", held, to=TensorProto.INT64), draft.whole(0))
    flat = draft.op("ScatterElements", zeros, places, draft.constant(values[mask]), axis=0)
    return draft.op("Reshape", flat, draft.whole(*mask.shape))


@stacked.register
def _embedded(first: EmbeddedMatrix, blocks: Sequence[EmbeddedMatrix], draft: Draft, x: Rows) -> str:
    """Multiply what lives, then put it in its places among zeros."""
    read = Rows(draft.op("Gather", x.name, draft.whole(*first.columns), axis=-1), x.lead)
    found = _times(np.concatenate([block.block for block in blocks]), draft, read)
    n, n_blocks = len(first.rows), len(blocks)
    source = np.full((n_blocks, first.shape[0]), n_blocks * n)
    source[:, first.rows] = np.arange(n_blocks * n).reshape(n_blocks, n)
    padded = draft.padded(Rows(found, x.lead), 0, 1)
    return draft.op("Gather", padded, draft.whole(*source.ravel()), axis=-1)


@stacked.register
def _sum(first: SumMatrix, blocks: Sequence[SumMatrix], draft: Draft, x: Rows) -> str:
    """Add the products with the first terms, the second ones and so on."""
    terms = [stacked(terms[0], terms, draft, x) for terms in zip(*(block.terms for block in blocks), strict=True)]
    return reduce(lambda left, right: draft.op("Add", left, right), terms)


@stacked.register
def _block_rows(first: BlockRowsMatrix, blocks: Sequence[BlockRowsMatrix], draft: Draft, x: Rows) -> str:
    """Multiply the blocks within, of all at once where there are several, else those that follow each other alike."""
    if len(blocks) == 1:
        runs = [list(run) for _, run in groupby(first.blocks, form)]
        return draft.joined([stacked(run[0], run, draft, x) for run in runs])
    across = zip(*(block.blocks for block in blocks), strict=True)
    parts = [Rows(stacked(run[0], run, draft, x), x.lead) for run in across]
    heights = [block.shape[0] for block in first.blocks]
    apart = [draft.reshaped(part, len(blocks), height) for part, height in zip(parts, heights, strict=True)]
    return draft.reshaped(Rows(draft.joined(apart), x.lead), len(blocks) * first.shape[0])


def form(matrix: StructuredMatrix) -> Hashable:
    """Return what structures have in common that can be multiplied at once: all but the numbers in them."""
    parts = (
        (name, form(part) if isinstance(part, StructuredMatrix) else tuple(part.shape))
        for name, part in matrix.parts.items()
    )
    return matrix.kind, str(matrix.options), matrix.shape, tuple(parts)
