"""The member of a family of structures that is nearest to a given matrix."""

from typing import Any, TypeVar

import numpy as np

from laconic.core.arrays import Array, array_namespace, as_array, device, is_floating, to_numpy
from laconic.core.checks import DataError, ParameterError, check_finite
from laconic.structured.base import StructuredMatrix

S = TypeVar("S", bound=StructuredMatrix)


def nearest(matrix: Array, structure: S) -> S:
    """Return the structure of the same kind and sizes that is nearest to `matrix` in the Frobenius norm.

    Parameters
    ----------
    matrix : array of shape (m, n)
        NumPy or torch; its type and device are kept. Half precision is fitted in float32.
    structure : StructuredMatrix of shape (m, n)
        A template: only its kind and sizes matter. Each class makes one with `zeros`, for example
        ``KroneckerMatrix.zeros(((8, 4), (5, 17)))`` or ``LowRankMatrix.zeros((40, 68), rank=2)``.

    Returns
    -------
    StructuredMatrix
        One Kronecker product of two factors, a hybrid, a low-rank and a masked matrix, and a sum of products of equal
        factor shapes are the nearest there is; products of three factors or more, and doped products, are local
        optima that are exact on members.

    Raises
    ------
    ParameterError
        If `structure` is not a structure of the matrix's shape.
    DataError
        If `matrix` is not a finite floating-point matrix.

    References
    ----------
    Van Loan and Pitsianis, "Approximation with Kronecker products" (1993), for one product and for sums of them;
    Eckart and Young (1936) for low rank.

    Examples
    --------
    >>> import numpy as np
    >>> from laconic.structured import KroneckerMatrix, nearest
    >>> W = np.kron(np.arange(6.0).reshape(2, 3), np.eye(4))
    >>> K = nearest(W, KroneckerMatrix.zeros(((2, 3), (4, 4))))
    >>> bool(np.allclose(K.dense(), W))
    True
    """
    if not isinstance(structure, StructuredMatrix):
        raise ParameterError("nearest", "structure", "a template such as KroneckerMatrix.zeros(shapes)", structure)
    matrix = as_array(matrix)
    if tuple(matrix.shape) != structure.shape or not is_floating(matrix):
        raise DataError(
            f"nearest: matrix must be floating-point of shape {structure.shape}, as the structure, "
            f"got shape {tuple(matrix.shape)}, type {matrix.dtype}"
        )
    values = to_numpy(matrix)
    check_finite("nearest", "matrix", values)
    working = np.float32 if values.dtype.itemsize <= 4 else np.float64  # what LAPACK knows
    return moved(structure.project(values.astype(working, copy=False)), matrix)


def moved(structure: S, like: Array) -> S:
    """Return the structure with its arrays in the library and on the device of `like`, its parameters in its type."""
    return structure.with_arrays({name: _moved(array, like) for name, array in structure.arrays.items()})


def _moved(array: Array, like: Array) -> Any:
    values = np.ascontiguousarray(to_numpy(array))
    dtype = like.dtype if is_floating(array) else None
    return array_namespace(like).asarray(values, dtype=dtype, device=device(like), copy=True)
