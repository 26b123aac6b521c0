"""Structures stacked on top of each other, such as the gates of a recurrent cell."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.checks import ParameterError
from laconic.structured.base import StructuredMatrix, check_structures
from laconic.structured.composite import CompositeMatrix


class BlockRowsMatrix(CompositeMatrix):
    """Structures of equal width, one below the other; each may be of another kind.

    Parameters
    ----------
    *blocks : StructuredMatrix of shapes (m_i, n)
        Or one list of them.

    Raises
    ------
    ParameterError
        If a block is not a structure, or the widths differ.
    """

    kind = "rows"
    member = "block"

    def __init__(self, *blocks: StructuredMatrix | Sequence[StructuredMatrix]) -> None:
        self.members = check_structures(type(self).__name__, "blocks", blocks)
        shapes = [block.shape for block in self.members]
        if len({width for _, width in shapes}) != 1:
            raise ParameterError(type(self).__name__, "blocks", "of equal width", shapes)
        self.shape = (sum(height for height, _ in shapes), shapes[0][1])
        self._edges = np.cumsum([0, *(block.shape[0] for block in self.members)]).tolist()

    @property
    def blocks(self) -> tuple[StructuredMatrix, ...]:
        """Its members."""
        return self.members

    def dense(self) -> Array:
        return self._stack([block.dense() for block in self.members])

    def rows_between(self, start: int, stop: int) -> StructuredMatrix | None:
        cuts = [
            block.rows_between(max(start - first, 0), min(stop, last) - first)
            for block, (first, last) in zip(self.members, pairwise(self._edges), strict=True)
            if first < stop and last > start
        ]
        found = [cut for cut in cuts if cut is not None]
        if len(found) != len(cuts):
            return None
        return found[0] if len(found) == 1 else BlockRowsMatrix(*found)

    def _matmul(self, x: Array) -> Array:
        return self._stack([block._matmul(x) for block in self.members])

    def _rmatmul(self, y: Array) -> Array:
        pieces = (y[..., start:stop, :] for start, stop in pairwise(self._edges))
        products = [block._rmatmul(piece) for block, piece in zip(self.members, pieces, strict=True)]
        return sum(products[1:], start=products[0])

    @staticmethod
    def _stack(pieces: list[Array]) -> Array:
        return array_namespace(*pieces).concat(pieces, axis=-2)

    @property
    def scratch(self) -> int:
        return max(block.scratch for block in self.members)

    def random(self, rng: np.random.Generator, std: float) -> Self:
        return self._remade([block.random(rng, std) for block in self.members])

    def project(self, matrix: "np.ndarray[Any, Any]") -> Self:
        pieces = (matrix[start:stop] for start, stop in pairwise(self._edges))
        return self._remade([block.project(piece) for block, piece in zip(self.members, pieces, strict=True)])

    def _remade(self, blocks: list[StructuredMatrix]) -> Self:
        return self.build(dict(zip(self.parts, blocks, strict=True)), self.options)

    @property
    def formula(self) -> str:
        names = [block.formula for block in self.members]
        same = len(set(names)) == 1 and len(names) > 1
        return f"{len(names)} x [{names[0]}]" if same else " over ".join(names)
