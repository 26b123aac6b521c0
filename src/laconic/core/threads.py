"""Work on rows that do not depend on each other, on as many threads as the linear algebra underneath uses."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from threading import Lock, local
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

R = TypeVar("R")

LEAST = 512
"""Rows below which a thread of their own is not worth it."""


def n_threads() -> int:
    """Return how many threads BLAS was told to use, by `OMP_NUM_THREADS` or `threadpoolctl`: one setting for all."""
    return max(_told or [int(library.num_threads) for library in _controller().lib_controllers], default=1)


@contextmanager
def threads_of_our_own() -> Iterator[None]:
    """Have BLAS use one thread, while `in_threads` uses as many as BLAS was told to.

    After a product in several threads OpenBLAS keeps them waiting in a loop for some 30 ms: two threads of ours were as
    slow as one then. Whoever comes while another one is inside finds all done; when that one leaves, BLAS has its
    threads again.
    """
    if not _lock.acquire(blocking=False):
        yield
        return
    try:
        _told.append(n_threads())
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _told.clear()
        _lock.release()


_lock, _told = Lock(), list[int]()


@cache
def _controller() -> Any:
    return ThreadpoolController().select(user_api="blas")


def in_threads(work: Callable[[int, int], R], n_rows: int, multiple: int = 1, least: int = LEAST) -> list[R]:
    """Return what `work(first, last)` returns for equal parts of the rows, in their order.

    `work` has to let other threads run, as compiled functions and NumPy's products do. Parts begin at multiples of
    `multiple`, and are of `least` rows at least.
    """
    parts = max(1, min(n_threads(), n_rows // least))
    size = max(1, -(-n_rows // (parts * multiple)) * multiple)
    ranges = [(first, min(first + size, n_rows)) for first in range(0, n_rows, size)]
    if len(ranges) <= 1 or getattr(_here, "busy", False):
        return [work(*one) for one in ranges]
    others = [_pool(os.getpid(), len(ranges) - 1).submit(_work_alone, work, one) for one in ranges[1:]]
    try:
        first = work(*ranges[0])
    finally:
        wait(others)  # whatever happens here, they write to what the caller owns
    return [first, *(one.result() for one in others)]


_here = local()


def _work_alone(work: Callable[[int, int], R], one: tuple[int, int]) -> R:
    """Work on rows in a thread of a pool, which never waits for others of it."""
    _here.busy = True
    return work(*one)


@cache
def _pool(process: int, n_workers: int) -> ThreadPoolExecutor:
    """Return threads that wait for work: to start them anew took longer than a small product. A fork has its own."""
    return ThreadPoolExecutor(n_workers, thread_name_prefix="laconic")
