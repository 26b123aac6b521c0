"""One manner of multiplying for every kind of known dictionary: arrays, sparse matrices, operators, structures."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse
from scipy.sparse.linalg import LinearOperator

from laconic.core.arrays import Array, array_namespace, device, is_array, is_floating, size, to_numpy
from laconic.core.checks import DataError, check_finite
from laconic.core.units import format_bytes
from laconic.structured.base import StructuredMatrix
from laconic.structured.kronecker import KroneckerMatrix
from laconic.structured.row_pairs import RowPairs, row_pairs

DENSE_LIMIT = 2**30
"""Bytes up to which a dictionary that is no plain array is formed where the whole of it is asked for."""

PROBES = 64
"""Random vectors that the norms of the columns of an operator are estimated with."""


class Dictionary(ABC):
    """A known matrix A of shape (n, m) that signals are made of: y = A x.

    Attributes
    ----------
    shape : (int, int)
    like : array
        An empty array of the library, type and device that its products have.
    """

    shape: tuple[int, int]
    like: Array

    @property
    def dtype(self) -> Any:
        """Type of its products."""
        return self.like.dtype

    @property
    def is_dense(self) -> bool:
        """Whether it is held as a plain array."""
        return False

    @abstractmethod
    def matmul(self, x: Array) -> Array:
        """Return A x for x of shape (m, k)."""

    @abstractmethod
    def rmatmul(self, y: Array) -> Array:
        """Return the transpose of A times y, for y of shape (n, k)."""

    @abstractmethod
    def _formed(self) -> Array:
        """Return A as a plain array."""

    def dense(self, owner: str, limit: float = DENSE_LIMIT) -> Array:
        """Return A as a plain array, or raise `DataError` if it takes more than `limit` bytes and is not one yet."""
        if not self.fits(limit):
            raise DataError(
                f"{owner}: needs the dictionary as a plain array, and {self.shape[0]} x {self.shape[1]} would take "
                f"{format_bytes(self.n_bytes)}; choose a way that needs products only, or a larger memory"
            )
        return self._formed()

    def fits(self, limit: float = DENSE_LIMIT) -> bool:
        """Whether it is a plain array, or takes at most `limit` bytes as one."""
        return self.is_dense or self.n_bytes <= limit

    @property
    def n_bytes(self) -> int:
        """Bytes that it takes as a plain array."""
        return self.shape[0] * self.shape[1] * _itemsize(self.like)

    def squared(self) -> "Dictionary | None":
        """Return the dictionary of squared entries, or None where that would have to be formed."""
        return None

    def absolute(self) -> "Dictionary | None":
        """Return the dictionary of absolute entries: itself where none is negative, None where that is not known."""
        return None

    def squared_norms(self) -> Array:
        """Return the squared lengths of the columns, shape (m,); for an operator an estimate from random products."""
        squares = self.squared()
        if squares is None:
            return self._estimated_squared_norms()
        xp = array_namespace(self.like)
        return squares.rmatmul(xp.ones((self.shape[0], 1), dtype=self.dtype, device=device(self.like)))[:, 0]

    def _estimated_squared_norms(self) -> Array:
        xp, rng = array_namespace(self.like), np.random.default_rng(0)
        signs = rng.choice([-1.0, 1.0], size=(self.shape[0], PROBES))
        products = self.rmatmul(xp.asarray(signs, dtype=self.dtype, device=device(self.like)))
        return xp.mean(products**2, axis=1)


class DenseDictionary(Dictionary):
    """A dictionary held as a plain array of any library."""

    def __init__(self, array: Array) -> None:
        self.array, self.shape, self.like = array, tuple(array.shape), array[:0, :0]

    @property
    def is_dense(self) -> bool:
        return True

    def matmul(self, x: Array) -> Array:
        return self.array @ x

    def rmatmul(self, y: Array) -> Array:
        return self.array.T @ y

    def _formed(self) -> Array:
        return self.array

    def squared(self) -> Dictionary:
        return DenseDictionary(self.array**2)

    @cached_property
    def gram(self) -> Array:
        """Products of all pairs of columns, shape (m, m); kept as long as the dictionary is."""
        return self.array.T @ self.array

    @cached_property
    def row_pairs(self) -> RowPairs:
        """Products of all pairs of rows; kept as long as the dictionary is."""
        return row_pairs(self.array)

    def absolute(self) -> Dictionary:
        xp = array_namespace(self.array)
        return DenseDictionary(xp.abs(self.array)) if bool(xp.any(self.array < 0)) else self


class SparseDictionary(Dictionary):
    """A dictionary held as a scipy.sparse matrix or array."""

    def __init__(self, matrix: Any) -> None:
        self.matrix, self.adjoint = matrix.tocsr(), matrix.T.tocsr()
        self.shape, self.like = tuple(matrix.shape), np.empty((0, 0), dtype=matrix.dtype)

    def matmul(self, x: Array) -> Array:
        return self.matrix @ x

    def rmatmul(self, y: Array) -> Array:
        return self.adjoint @ y

    def _formed(self) -> Array:
        return self.matrix.toarray()

    def squared(self) -> Dictionary:
        return SparseDictionary(self.matrix.multiply(self.matrix))

    def absolute(self) -> Dictionary:
        return SparseDictionary(abs(self.matrix)) if self.matrix.nnz and self.matrix.min() < 0 else self


class StructuredDictionary(Dictionary):
    """A dictionary held as a matrix with few parameters: a Kronecker dictionary of a million columns, say."""

    def __init__(self, structure: StructuredMatrix) -> None:
        self.structure, self.shape = structure, structure.shape
        first = next(iter(structure.parameters.values()))
        self.like = array_namespace(first).empty((0, 0), dtype=first.dtype, device=device(first))

    def matmul(self, x: Array) -> Array:
        return self.structure.matmul(x)

    def rmatmul(self, y: Array) -> Array:
        return self.structure.rmatmul(y)

    def _formed(self) -> Array:
        return self.structure.dense()

    def squared(self) -> Dictionary | None:
        if isinstance(self.structure, KroneckerMatrix):
            return StructuredDictionary(
                self.structure.with_arrays({name: array**2 for name, array in self.structure.arrays.items()})
            )
        return DenseDictionary(self.structure.dense() ** 2) if self.fits() else None

    def absolute(self) -> Dictionary | None:
        if not isinstance(self.structure, KroneckerMatrix):
            return DenseDictionary(self.structure.dense()).absolute() if self.fits() else None
        arrays = self.structure.arrays
        xp = array_namespace(self.like)
        if not any(bool(xp.any(array < 0)) for array in arrays.values()):
            return self
        return StructuredDictionary(self.structure.with_arrays({name: xp.abs(a) for name, a in arrays.items()}))


class OperatorDictionary(Dictionary):
    """A dictionary held as a SciPy LinearOperator: products are all that is known of it."""

    def __init__(self, operator: LinearOperator) -> None:
        self.operator, self.shape = operator, tuple(operator.shape)
        dtype = np.float32 if operator.dtype == np.float32 else np.float64
        self.like = np.empty((0, 0), dtype=dtype)

    def matmul(self, x: Array) -> Array:
        return self.operator.matmat(x).astype(self.dtype, copy=False)

    def rmatmul(self, y: Array) -> Array:
        return self.operator.rmatmat(y).astype(self.dtype, copy=False)

    def _formed(self) -> Array:
        return self.matmul(np.eye(self.shape[1], dtype=self.dtype))

    def absolute(self) -> Dictionary | None:
        return DenseDictionary(self._formed()).absolute() if self.fits() else None


def as_dictionary(owner: str, value: Any) -> Dictionary:
    """Return a dictionary for what a user calls one.

    Parameters
    ----------
    owner : str
        Who asks, for errors.
    value : array, sparse matrix, LinearOperator, StructuredMatrix or Dictionary, of shape (n, m)
        Arrays may be NumPy's or torch's; whole numbers become float64, float32 stays.

    Raises
    ------
    DataError
        If it has not two axes, is empty, complex or not numeric, or holds NaN or infinity.
    """
    if isinstance(value, Dictionary):
        return value
    if isinstance(value, StructuredMatrix):
        return StructuredDictionary(value)
    if isinstance(value, LinearOperator):
        return OperatorDictionary(_checked_operator(owner, value))
    if scipy.sparse.issparse(value):
        return SparseDictionary(_checked_sparse(owner, value))
    return DenseDictionary(_checked_array(owner, "the dictionary", value, ndim=(2,)))


def _checked_operator(owner: str, operator: LinearOperator) -> LinearOperator:
    _check_shape(owner, tuple(operator.shape))
    if np.issubdtype(operator.dtype, np.complexfloating):
        raise DataError(f"{owner}: the dictionary must be real, got an operator of {operator.dtype}")
    return operator


def _checked_sparse(owner: str, matrix: Any) -> Any:
    _check_shape(owner, tuple(matrix.shape))
    values = _checked_array(owner, "the dictionary", matrix.tocsr().data, ndim=(1,), empty=True)
    return matrix.tocsr().astype(values.dtype)


def _check_shape(owner: str, shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or 0 in shape:
        raise DataError(f"{owner}: the dictionary must be a matrix with a row and a column at least, got shape {shape}")


def _checked_array(owner: str, name: str, value: Any, *, ndim: tuple[int, ...], empty: bool = False) -> Array:
    array = real_array(owner, name, value)
    if array.ndim not in ndim or (size(array) == 0 and not empty):
        words = " or ".join(map(str, ndim))
        raise DataError(f"{owner}: {name} must have {words} axes, none empty, got shape {tuple(array.shape)}")
    check_finite(owner, name, to_numpy(array))
    return array


def real_array(owner: str, name: str, value: Any) -> Array:
    """Return `value` as an array of real floating-point numbers: float32 stays, other real numbers become float64.

    Raises
    ------
    DataError
        If its entries are not real numbers.
    """
    array = value if is_array(value) else _numpy(owner, name, value)
    if is_floating(array) and _itemsize(array) >= 4:
        return array
    xp = array_namespace(array)
    if not (is_floating(array) or xp.isdtype(array.dtype, ("bool", "integral"))):
        raise DataError(f"{owner}: {name} must hold real numbers, got {array.dtype}")
    return xp.astype(array, xp.float32 if is_floating(array) else xp.float64)


def _numpy(owner: str, name: str, value: Any) -> Array:
    try:
        array = np.asarray(value)
        return array.astype(np.float64) if array.dtype == object else array
    except (TypeError, ValueError):
        raise DataError(f"{owner}: {name} must be an array of numbers, got {type(value).__name__}") from None


def _itemsize(array: Array) -> int:
    return int(array_namespace(array).finfo(array.dtype).bits) // 8
