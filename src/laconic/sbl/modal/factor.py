"""Cholesky factors of eight matrices side by side, and what they are good for.

A matrix is an array of shape (n, n, LANES), of which the lower triangle counts. Factors keep the inverses of their
diagonals there.
"""

import math
from typing import Any

import numpy as np

from laconic.core.compiled import compiled
from laconic.core.lanes import (
    LANES,
    ROWS,
    add_products,
    add_products_four,
    solve,
    solve_four,
    take_products,
)

Floats = np.ndarray[Any, Any]


@compiled
def cholesky(root: Floats, log_det: Floats, n: int, least: float) -> None:
    """Replace the lower triangles of the first n rows by Cholesky factors, and write the logarithms of determinants.

    `least` is what no pivot is below but for rounding.
    """
    width = root.shape[1]
    log_det[:] = 0.0
    for first in range(0, n, ROWS):
        last = min(first + ROWS, n)
        _substitute(root, root, first, last, 0, 0, first)
        for i in range(first, last):
            _substitute(root, root, i, i + 1, 0, first, i)
            take_products(root, i * width + i, 0, root, i * width, 0, root, i * width, i, 0)
            for t in range(LANES):
                pivot = root[i, i, t]
                pivot = pivot if pivot > least else least  # and where it is not a number
                log_det[t] += math.log(pivot)
                root[i, i, t] = 1.0 / math.sqrt(pivot)


@compiled
def substitute(root: Floats, x: Floats, rows: int, n: int) -> None:
    """Replace the first n entries of each row of x, shape (rows, n, LANES), by L^-1 x."""
    for first in range(0, rows, ROWS):
        _substitute(root, x, first, min(first + ROWS, rows), 0, 0, n)


@compiled
def _substitute(root: Floats, x: Floats, first: int, last: int, zeros: int, begin: int, n: int) -> None:
    """Solve for entries `begin` to n of some rows, of which the first `zeros` are 0."""
    width, own = root.shape[1], x.shape[1]
    for k in range(begin, n):
        line, at = k * width, first * own
        if last - first == ROWS:
            solve_four(x, at + k, own, x, at + zeros, own, root, line + zeros, k - zeros, line + k)
            continue
        for at in range(first * own, last * own, own):
            solve(x, at + k, 0, x, at + zeros, 0, root, line + zeros, k - zeros, line + k)


@compiled
def invert(root: Floats, inverse: Floats, n: int) -> None:
    """Write the inverses of the factors, transposed: row c has column c."""
    for first in range(0, n, ROWS):
        last = min(first + ROWS, n)
        inverse[first:last, :n] = 0.0
        for c in range(first, last):
            inverse[c, c] = root[c, c]
            _substitute(root, inverse, c, c + 1, c, c + 1, last)
        _substitute(root, inverse, first, last, first, last, n)


@compiled
def square(inverse: Floats, product: Floats, n: int, whole: bool) -> None:
    """Write the inverses of the matrices from those of their factors: lower triangles, or diagonals alone."""
    width = inverse.shape[1]
    for i in range(n):
        line, length, j = i * width, n - i, 0 if whole else i
        product[i, j : i + 1] = 0.0
        while j + ROWS <= i + 1:
            add_products_four(product, line + j, 1, inverse, j * width + i, width, inverse, line + i, length, 0)
            j += ROWS
        while j <= i:
            add_products(product, line + j, 0, inverse, j * width + i, 0, inverse, line + i, length, 0)
            j += 1


@compiled
def apply(inverse: Floats, x: Floats, product: Floats, n: int) -> None:
    """Write L'^-1 x for x of shape (1, n, LANES), from the inverses of the factors."""
    width = inverse.shape[1]
    product[0, :n] = 0.0
    for c in range(n):
        add_products(product, c, 0, inverse, c * width + c, 0, x, c, n - c, 0)
