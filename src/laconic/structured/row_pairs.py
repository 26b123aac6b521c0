"""Products of all pairs of rows of a dictionary: with them, the covariances of many signals are one matrix product."""

from dataclasses import dataclass

from laconic.core.arrays import Array, array_namespace, device
from laconic.core.linalg import packed_places


@dataclass(frozen=True)
class RowPairs:
    """What turns scales g into A diag(g) A^T for a whole batch at half the work, and back.

    Attributes
    ----------
    products : array of shape (n (n+1) / 2, m)
        Of the entries of each pair of rows.
    unpacked : array of int, shape (n n,)
        Which pair each entry of an n x n matrix is.
    packed : array of int, shape (n (n+1) / 2,)
        Which entry of an n x n matrix each pair is.
    weights : array of shape (n (n+1) / 2,)
        How often each pair stands in the whole matrix.
    """

    products: Array
    unpacked: Array
    packed: Array
    weights: Array


def row_pairs(A: Array) -> RowPairs:
    """Return the products of all pairs of rows of A, shape (n, m)."""
    xp, n = array_namespace(A), A.shape[0]
    rows, columns, unpacked, weights = packed_places(n)

    def whole(numbers: list[int]) -> Array:
        return xp.asarray(numbers, dtype=xp.int64, device=device(A))

    products = xp.take(A, whole(rows), axis=0) * xp.take(A, whole(columns), axis=0)
    packed = whole([i * n + j for i, j in zip(rows, columns, strict=True)])
    return RowPairs(products, whole(unpacked), packed, xp.asarray(weights, dtype=A.dtype, device=device(A)))
