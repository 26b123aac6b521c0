"""Kronecker products of two or more rectangular factors."""

from collections.abc import Mapping, Sequence
from functools import reduce
from math import prod
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, array_namespace, transpose
from laconic.core.checks import ParameterError
from laconic.structured.base import Options, Part, StructuredMatrix, check_matrix
from laconic.structured.contraction import MOST_FACTORS, Shapes, best_contraction
from laconic.structured.rank_one import nearest_rank_one


class KroneckerMatrix(StructuredMatrix):
    """The Kronecker product A ⊗ B ⊗ ... of rectangular factors.

    With factors of shapes (m1, n1), (m2, n2), ... the matrix has shape (m1·m2·..., n1·n2·...) and rank equal to
    the product of the factors' ranks.

    Parameters
    ----------
    *factors : arrays of shape (m_i, n_i)
        One to seven of them, or one list; all of one library and type.

    Raises
    ------
    ParameterError
        If there are no factors, or more than seven.
    DataError
        If a factor is not a floating-point matrix.

    References
    ----------
    Thakker et al., "Compressing RNNs for IoT devices by 15-38x using Kronecker Products", arXiv:1906.02876.

    Examples
    --------
    >>> import numpy as np
    >>> from laconic.structured import KroneckerMatrix
    >>> K = KroneckerMatrix(np.ones((8, 4)), np.ones((5, 17)))
    >>> K.shape, K.n_parameters, K.max_rank
    ((40, 68), 117, 20)
    >>> (K @ np.ones(68)).shape, K.n_macs
    ((40,), 500)
    """

    kind = "kronecker"

    def __init__(self, *factors: Array | Sequence[Array]) -> None:
        if len(factors) == 1 and isinstance(factors[0], list | tuple):
            factors = tuple(factors[0])
        if not 1 <= len(factors) <= MOST_FACTORS:
            raise ParameterError("KroneckerMatrix", "factors", f"1 to {MOST_FACTORS} matrices", len(factors))
        self.factors = tuple(check_matrix("KroneckerMatrix", f"factor {i}", f) for i, f in enumerate(factors))
        if len({factor.dtype for factor in self.factors}) != 1:
            types = [str(factor.dtype) for factor in self.factors]
            raise ParameterError("KroneckerMatrix", "factors", "of one library and type", types)
        self.shapes: Shapes = tuple((int(f.shape[0]), int(f.shape[1])) for f in self.factors)
        self.shape = (prod(m for m, _ in self.shapes), prod(n for _, n in self.shapes))

    @classmethod
    def zeros(cls, shapes: Shapes) -> Self:
        """Return a template with factors of these shapes, for `nearest` and `random`."""
        return cls(*(np.zeros(shape, np.float32) for shape in shapes))

    @property
    def parts(self) -> dict[str, Part]:
        return {f"factor_{i}": factor for i, factor in enumerate(self.factors)}

    @classmethod
    def build(cls, parts: Mapping[str, Part], options: Options) -> Self:
        return cls(*(parts[f"factor_{i}"] for i in range(len(parts))))

    def dense(self) -> Array:
        return reduce(_product, self.factors)

    def _matmul(self, x: Array) -> Array:
        return _apply(self.factors, best_contraction(self.shapes).order, x)

    def _rmatmul(self, y: Array) -> Array:
        factors = tuple(transpose(factor) for factor in self.factors)
        return _apply(factors, best_contraction(tuple((n, m) for m, n in self.shapes)).order, y)

    @property
    def n_macs(self) -> int:
        return best_contraction(self.shapes).n_macs

    @property
    def max_rank(self) -> int:
        return prod(min(shape) for shape in self.shapes)

    @property
    def scratch(self) -> int:
        return best_contraction(self.shapes).scratch

    def random(self, rng: np.random.Generator, std: float) -> Self:
        scale = std ** (1 / len(self.factors))
        return type(self)(*(scale * rng.standard_normal(shape) for shape in self.shapes))

    def project(self, matrix: "np.ndarray[Any, Any]") -> Self:
        vectors = nearest_rank_one(rearranged(matrix, self.shapes))
        return type(self)(*(v.reshape(shape) for v, shape in zip(vectors, self.shapes, strict=True)))

    @property
    def formula(self) -> str:
        return " ⊗ ".join(f"({m}, {n})" for m, n in self.shapes)


def rearranged(matrix: "np.ndarray[Any, Any]", shapes: Shapes) -> "np.ndarray[Any, Any]":
    """Return the tensor, one axis of length m_i·n_i a factor, in which a Kronecker product has rank one.

    The rearrangement of Van Loan and Pitsianis (1993), for any number of factors.
    """
    rows, columns = [m for m, _ in shapes], [n for _, n in shapes]
    tensor = matrix.reshape(*rows, *columns)
    pairs = [axis for i in range(len(shapes)) for axis in (i, len(shapes) + i)]
    return tensor.transpose(pairs).reshape([m * n for m, n in shapes])


def _product(left: Array, right: Array) -> Array:
    (m1, n1), (m2, n2) = left.shape, right.shape
    product = left[:, None, :, None] * right[None, :, None, :]
    return array_namespace(left).reshape(product, (m1 * m2, n1 * n2))


def _apply(factors: tuple[Array, ...], order: tuple[int, ...], x: Array) -> Array:
    """Multiply each factor into its own axis of x, which has shape (..., n1·n2·..., k)."""
    xp = array_namespace(x)
    batch, k = tuple(x.shape[:-2]), x.shape[-1]
    sizes = [factor.shape[1] for factor in factors]
    for i in order:
        before, after = prod(sizes[:i]), prod(sizes[i + 1 :])
        x = factors[i] @ xp.reshape(x, (*batch, before, sizes[i], after * k))
        sizes[i] = factors[i].shape[0]
    return xp.reshape(x, (*batch, prod(sizes), k))
