"""Linear algebra of batches of symmetric positive definite matrices, in any array library."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import get_lapack_funcs

from laconic.core.arrays import Array, array_namespace, device

JITTERS = (0.0, 1e-12, 1e-8, 1e-5)
"""Shares of the mean diagonal that are added, one after the other, until a factorisation succeeds."""


@dataclass(frozen=True)
class Inverse:
    """The inverses of symmetric positive definite matrices.

    Attributes
    ----------
    matrix, inverse : array of shape (k, n, n)
    log_determinant : array of shape (k,)
    """

    matrix: Array
    inverse: Array
    log_determinant: Array

    def solve(self, b: Array) -> Array:
        """Return the solutions for b of shape (k, n), each refined by its residual."""
        x = _times(self.inverse, b)
        return x + _times(self.inverse, b - _times(self.matrix, x))


def invert(matrices: Array) -> Inverse:
    """Invert symmetric positive definite matrices, shape (k, n, n), by way of their Cholesky factors.

    The inverse is formed from that of the factor, so that its diagonal blocks stay positive and keep their digits
    where the matrix is ill-conditioned. A matrix that is not positive definite to rounding gets the least jitter of
    its diagonal that makes it so.
    """
    xp = array_namespace(matrices)
    root, used = _cholesky(matrices)
    log_determinant = 2 * xp.sum(xp.log(xp.linalg.diagonal(root)), axis=-1)
    lower = _inverse_of_lower(root)
    return Inverse(used, xp.matrix_transpose(lower) @ lower, log_determinant)


def _times(matrices: Array, vectors: Array) -> Array:
    return (matrices @ vectors[..., None])[..., 0]


def _inverse_of_lower(root: Array) -> Array:
    """Return the inverses of lower triangular matrices."""
    xp = array_namespace(root)
    if isinstance(root, np.ndarray):
        trtri = get_lapack_funcs("trtri", (root,))
        # LAPACK reads columns where NumPy writes rows: it is handed, and returns, the transposes.
        return np.stack([trtri(one.T, lower=0)[0].T for one in root])
    if hasattr(xp.linalg, "solve_triangular"):
        eye = xp.eye(root.shape[-1], dtype=root.dtype, device=device(root))
        return xp.linalg.solve_triangular(root, eye, upper=False)
    return xp.linalg.inv(root)


def _cholesky(matrices: Array) -> tuple[Array, Array]:
    xp = array_namespace(matrices)
    for jitter in JITTERS:
        moved = matrices + jitter * _mean_diagonal(matrices) if jitter else matrices
        try:
            root = xp.linalg.cholesky(moved)
        except Exception as error:  # each library has its own class for "not positive definite"
            if type(error).__name__ not in ("LinAlgError", "_LinAlgError"):
                raise
            continue
        if bool(xp.all(xp.isfinite(root))):
            return root, moved
    raise ArithmeticError("a covariance is not positive definite, even with its diagonal raised by 1e-5")


def _mean_diagonal(matrices: Array) -> Array:
    """Return the mean of each diagonal, on the diagonal of matrices that are zero elsewhere."""
    xp = array_namespace(matrices)
    n = matrices.shape[-1]
    mean = xp.mean(xp.linalg.diagonal(matrices), axis=-1)[:, None, None]
    return mean * xp.eye(n, dtype=matrices.dtype, device=device(matrices))


def packed_places(n: int) -> tuple[list[int], list[int], list[int], list[float]]:
    """Return how the upper triangle of an n x n matrix lies in a row of n (n+1) / 2 numbers.

    Returns
    -------
    rows, columns : list of int
        Of each packed entry.
    unpacked : list of int, n * n long
        Which packed entry each entry of the whole matrix is, row after row.
    weights : list of float
        How often each packed entry stands in the whole matrix: 1 on the diagonal, 2 elsewhere.
    """
    rows = [i for i in range(n) for _ in range(i, n)]
    columns = [j for i in range(n) for j in range(i, n)]
    start = [i * n - i * (i - 1) // 2 - i for i in range(n)]
    unpacked = [start[min(i, j)] + max(i, j) for i in range(n) for j in range(n)]
    weights = [1.0 if i == j else 2.0 for i, j in zip(rows, columns, strict=True)]
    return rows, columns, unpacked, weights


def log_two_pi(count: Array) -> Array:
    """Return count times ln(2 pi)."""
    return count * math.log(2 * math.pi)
