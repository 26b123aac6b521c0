"""Eight problems side by side have the answers, to the last bit, that each has alone."""

import numpy as np
import pytest

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


@compiled
def all_of_them(out, a, b, n):
    width, length = out.shape[2], a.shape[1]
    add_products(out, 0, 0, a, 1, 0, b, 2, n, 0)
    take_products(out, ROWS * width, 0, a, 1, 0, b, 2, n, 0)
    solve(out, 2 * ROWS * width, 0, a, 1, 0, b, 2, n, 2 + n)
    add_products_four(out, 3 * ROWS * width, width, a, 1, length, b, 2, n, 0)
    solve_four(out, 4 * ROWS * width, width, a, 1, length, b, 2, n, 2 + n)


def in_order(begin, sign, a, b):
    for one, other in zip(a, b, strict=True):
        begin = begin + sign * (one * other)
    return begin


@pytest.mark.parametrize("n", [0, 1, 2, 7, 40])
def test_sums_are_those_of_plain_loops(n):
    rng = np.random.default_rng(n)
    out, a, b = (rng.standard_normal(shape) for shape in ((5, ROWS, 3, LANES), (ROWS, n + 1, LANES), (n + 3, LANES)))
    before = out.copy()
    all_of_them(out, a, b, n)
    right, factor = b[2 : 2 + n], b[2 + n]
    added, taken, solved, added_four, solved_four = out[:, :, 0]
    np.testing.assert_array_equal(added[0], in_order(before[0, 0, 0], 1, a[0, 1:], right))
    np.testing.assert_array_equal(taken[0], in_order(before[1, 0, 0], -1, a[0, 1:], right))
    np.testing.assert_array_equal(solved[0], in_order(before[2, 0, 0], -1, a[0, 1:], right) * factor)
    for row in range(ROWS):
        np.testing.assert_array_equal(added_four[row], in_order(before[3, row, 0], 1, a[row, 1:], right))
        np.testing.assert_array_equal(solved_four[row], in_order(before[4, row, 0], -1, a[row, 1:], right) * factor)
    np.testing.assert_array_equal(out[:, :, 1:], before[:, :, 1:])  # and nothing else is touched
    np.testing.assert_array_equal(out[:3, 1:], before[:3, 1:])
