"""Work on rows that do not depend on each other, on as many threads as the linear algebra underneath uses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

R = TypeVar("R")

LEAST = 512
"""Rows below which a thread of their own is not worth it."""


def n_threads() -> int:
    """Return how many threads BLAS was told to use, by `OMP_NUM_THREADS` or `threadpoolctl`: one setting for all."""
    return max((int(library.num_threads) for library in _libraries()), default=1)


@cache
def _libraries() -> list[Any]:
    return [one for one in ThreadpoolController().lib_controllers if one.user_api == "blas"]


def in_threads(work: Callable[[int, int], R], n_rows: int, multiple: int = 1) -> list[R]:
    """Return what `work(first, last)` returns for equal parts of the rows, in their order.

    `work` has to let other threads run, as compiled functions and NumPy's products do. Parts begin at multiples of
    `multiple`.
    """
    parts = min(n_threads(), n_rows // LEAST) if n_rows >= 2 * LEAST else 1
    size = -(-n_rows // (parts * multiple)) * multiple
    ranges = [(first, min(first + size, n_rows)) for first in range(0, n_rows, size)]
    if len(ranges) == 1:
        return [work(*ranges[0])]
    with ThreadPoolExecutor(len(ranges)) as pool:
        return list(pool.map(lambda one: work(*one), ranges))
