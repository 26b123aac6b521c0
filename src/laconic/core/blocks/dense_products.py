"""Products of samples with a dictionary and with codes; those of NumPy in threads of our own."""

import numpy as np

from laconic.core.arrays import Array
from laconic.core.threads import in_threads


def times(X: Array, columns: Array) -> Array:
    """Return X B of shape (n, k) for X of shape (n, p) and B of shape (p, k); rows are dealt out to threads."""
    if not isinstance(X, np.ndarray):
        return X @ columns
    product = np.empty((X.shape[0], columns.shape[1]), np.result_type(X, columns))

    def work(first: int, last: int) -> None:
        np.matmul(X[first:last], columns, out=product[first:last])

    in_threads(work, X.shape[0])
    return product


def codes_times(codes: Array, X: Array) -> Array:
    """Return C' X of shape (k, p) for C of shape (n, k) and X of shape (n, p); columns are dealt out to threads."""
    if not isinstance(X, np.ndarray):
        return codes.T @ X
    product = np.empty((codes.shape[1], X.shape[1]), np.result_type(X, codes))

    def work(first: int, last: int) -> None:
        np.matmul(codes.T, X[:, first:last], out=product[:, first:last])

    in_threads(work, X.shape[1], LANES, least=LANES)
    return product


LANES = 64
"""Columns of a thread, at least, and what their number is a multiple of."""
