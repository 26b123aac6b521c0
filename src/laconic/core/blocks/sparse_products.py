"""Products of a sparse matrix with dense ones, compiled and in threads; those of SciPy use one thread.

Each thread has rows of the answer for itself, so that no sum depends on how many threads there are.
"""

from typing import Any

import numpy as np

from laconic.core.compiled import compiled
from laconic.core.threads import in_threads

Floats = np.ndarray[Any, Any]
Numbers = np.ndarray[Any, Any]

LANES = 8
"""A thread has a multiple of so many rows of C' X: processors take as many numbers at a time."""


def times(X: Any, columns: Floats) -> Floats:
    """Return X B of shape (n, k) for a CSR matrix X of shape (n, p) and B of shape (p, k)."""
    right = np.ascontiguousarray(columns, X.dtype)
    product = np.empty((X.shape[0], right.shape[1]), X.dtype)

    def work(first: int, last: int) -> None:
        _add_products(X.data, X.indices, X.indptr, right, product, first, last)

    in_threads(work, X.shape[0])
    return product


def codes_times(codes: Floats, X: Any) -> Floats:
    """Return C' X of shape (k, p) for C of shape (n, k) and a CSR matrix X of shape (n, p)."""
    product = np.empty((codes.shape[1], X.shape[1]), X.dtype)

    def work(first: int, last: int) -> None:
        left = np.ascontiguousarray(codes[:, first:last], X.dtype)
        own = np.zeros((X.shape[1], last - first), X.dtype)  # with lines of the cache in common threads would be slow
        _add_outer_products(X.data, X.indices, X.indptr, left, own)
        product[first:last] = own.T

    in_threads(work, codes.shape[1], LANES, least=LANES)
    return product


@compiled
def _add_products(
    data: Floats, places: Numbers, starts: Numbers, right: Floats, product: Floats, first: int, last: int
) -> None:
    """Set rows first to last of a product; four entries at a time share a walk along the row of the answer."""
    width = right.shape[1]
    for i in range(first, last):
        row, t, end = product[i], starts[i], starts[i + 1]
        row[:] = 0
        while t + 3 < end:
            v0, v1, v2, v3 = data[t], data[t + 1], data[t + 2], data[t + 3]
            r0, r1 = right[np.uintp(places[t])], right[np.uintp(places[t + 1])]
            r2, r3 = right[np.uintp(places[t + 2])], right[np.uintp(places[t + 3])]
            for c in range(width):
                row[c] += v0 * r0[c] + v1 * r1[c] + v2 * r2[c] + v3 * r3[c]
            t += 4
        while t < end:
            value, line = data[t], right[np.uintp(places[t])]
            for c in range(width):
                row[c] += value * line[c]
            t += 1


@compiled
def _add_outer_products(data: Floats, places: Numbers, starts: Numbers, left: Floats, product: Floats) -> None:
    """Add to row j of the product, for each entry x_ij, x_ij times row i of the codes."""
    width = left.shape[1]
    for i in range(left.shape[0]):
        codes = left[i]
        for t in range(starts[i], starts[i + 1]):
            value, row = data[t], product[np.uintp(places[t])]
            for c in range(width):
                row[c] += value * codes[c]
