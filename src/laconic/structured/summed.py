"""Sums of structures: several Kronecker products, or one doped with sparse entries."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, to_numpy
from laconic.core.checks import ParameterError
from laconic.structured.base import StructuredMatrix, check_structures
from laconic.structured.composite import CompositeMatrix

_MOST_SWEEPS = 500


class SumMatrix(CompositeMatrix):
    """The sum of structures of equal shape.

    A Kronecker product plus a masked matrix is a doped product; several products of equal factor shapes are the
    sum whose nearest member is a truncated singular value decomposition.

    Parameters
    ----------
    *terms : StructuredMatrix of shape (m, n)
        Or one list of them.

    Raises
    ------
    ParameterError
        If a term is not a structure, or the shapes differ.

    References
    ----------
    Thakker et al., "Compressing Language Models using Doped Kronecker Products", arXiv:2001.08896.
    """

    kind = "sum"
    member = "term"

    def __init__(self, *terms: StructuredMatrix | Sequence[StructuredMatrix]) -> None:
        self.members = check_structures("SumMatrix", "terms", terms)
        shapes = [term.shape for term in self.members]
        if len(set(shapes)) != 1:
            raise ParameterError("SumMatrix", "terms", "of equal shape", shapes)
        self.shape = shapes[0]

    @property
    def terms(self) -> tuple[StructuredMatrix, ...]:
        """Its members."""
        return self.members

    def dense(self) -> Array:
        return _total([term.dense() for term in self.members])

    def rows_between(self, start: int, stop: int) -> StructuredMatrix | None:
        return self._of_all([term.rows_between(start, stop) for term in self.members])

    def _matmul(self, x: Array) -> Array:
        return _total([term._matmul(x) for term in self.members])

    def _rmatmul(self, y: Array) -> Array:
        return _total([term._rmatmul(y) for term in self.members])

    @property
    def scratch(self) -> int:
        """That of the greediest term, and room for one term's product while it is added."""
        return max(term.scratch for term in self.members) + (self.shape[0] if len(self.members) > 1 else 0)

    def random(self, rng: np.random.Generator, std: float) -> Self:
        return type(self)(*(term.random(rng, std / len(self.members) ** 0.5) for term in self.members))

    def project(self, matrix: "np.ndarray[Any, Any]") -> Self:
        """Fit each term to what the others leave, in turn, from the first and from the last; keep the nearer.

        For terms of one kind that are nested like Kronecker products of equal shapes, the first pass is already
        the truncated singular value decomposition; for a doped product each pass can only come nearer.
        """
        orders = (range(len(self.members)), range(len(self.members))[::-1])
        return min((self._alternate(matrix, order) for order in orders), key=lambda s: _distance(matrix, s))

    def _alternate(self, matrix: "np.ndarray[Any, Any]", order: Sequence[int]) -> Self:
        terms = [np.zeros(self.shape, matrix.dtype) for _ in self.members]
        fitted = list(self.members)
        before = np.inf
        for _ in range(_MOST_SWEEPS):
            for i in order:
                rest = matrix - sum(term for j, term in enumerate(terms) if j != i)
                fitted[i] = self.members[i].project(rest)
                terms[i] = to_numpy(fitted[i].dense())
            error = _norm(matrix - sum(terms))
            if error >= before * (1 - 1e-6) or error == 0:
                break
            before = error
        return type(self)(*fitted)

    @property
    def formula(self) -> str:
        return " + ".join(f"[{term.formula}]" for term in self.members)


def _total(products: list[Array]) -> Array:
    return sum(products[1:], start=products[0])


def _distance(matrix: "np.ndarray[Any, Any]", structure: StructuredMatrix) -> float:
    return _norm(matrix - to_numpy(structure.dense()))


def _norm(matrix: "np.ndarray[Any, Any]") -> float:
    """Frobenius norm in float64, where the squares of any float32 fit."""
    return float(np.linalg.norm(matrix.astype(np.float64)))
