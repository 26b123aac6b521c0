"""Structures stacked on top of each other, such as the gates of a recurrent cell."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.checks import ParameterError
from laconic.structured.base import Options, Part, StructuredMatrix, check_structures


class BlockRowsMatrix(StructuredMatrix):
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

    def __init__(self, *blocks: StructuredMatrix | Sequence[StructuredMatrix]) -> None:
        self.blocks = check_structures(type(self).__name__, "blocks", blocks)
        shapes = [block.shape for block in self.blocks]
        if len({width for _, width in shapes}) != 1:
            raise ParameterError(type(self).__name__, "blocks", "of equal width", shapes)
        self.shape = (sum(height for height, _ in shapes), shapes[0][1])
        self._edges = np.cumsum([0, *(block.shape[0] for block in self.blocks)]).tolist()

    @property
    def parts(self) -> dict[str, Part]:
        return {f"block_{i}": block for i, block in enumerate(self.blocks)}

    @classmethod
    def build(cls, parts: Mapping[str, Part], options: Options) -> Self:
        return cls(*(parts[f"block_{i}"] for i in range(len(parts))))

    def dense(self) -> Array:
        return self._stack([block.dense() for block in self.blocks])

    def _matmul(self, x: Array) -> Array:
        return self._stack([block._matmul(x) for block in self.blocks])

    def _rmatmul(self, y: Array) -> Array:
        pieces = (y[..., start:stop, :] for start, stop in pairwise(self._edges))
        products = [block._rmatmul(piece) for block, piece in zip(self.blocks, pieces, strict=True)]
        return sum(products[1:], start=products[0])

    @staticmethod
    def _stack(pieces: list[Array]) -> Array:
        return array_namespace(*pieces).concat(pieces, axis=-2)

    @property
    def n_macs(self) -> int:
        return sum(block.n_macs for block in self.blocks)

    @property
    def n_macs_apart(self) -> int:
        return sum(part.n_macs_apart for part in self.blocks)

    @property
    def max_rank(self) -> int:
        return min(*self.shape, sum(block.max_rank for block in self.blocks))

    @property
    def scratch(self) -> int:
        return max(block.scratch for block in self.blocks)

    def random(self, rng: np.random.Generator, std: float) -> Self:
        return self._remade([block.random(rng, std) for block in self.blocks])

    def project(self, matrix: "np.ndarray[Any, Any]") -> Self:
        pieces = (matrix[start:stop] for start, stop in pairwise(self._edges))
        return self._remade([block.project(piece) for block, piece in zip(self.blocks, pieces, strict=True)])

    def _remade(self, blocks: list[StructuredMatrix]) -> Self:
        return self.build({f"block_{i}": block for i, block in enumerate(blocks)}, self.options)

    @property
    def formula(self) -> str:
        names = [block.formula for block in self.blocks]
        same = len(set(names)) == 1 and len(names) > 1
        return f"{len(names)} x [{names[0]}]" if same else " over ".join(names)
