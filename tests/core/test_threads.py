"""Rows in equal parts on several threads: every row once, in order, and one setting for the number of threads."""

import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from laconic.core import threads
from laconic.core.threads import LEAST, in_threads, n_threads, threads_of_our_own


@pytest.mark.parametrize("n", [1, 2, 63, LEAST, 2 * LEAST - 1, 2 * LEAST, 2 * LEAST + 1, 5000, 100_003])
@pytest.mark.parametrize("available", [1, 2, 3, 7])
@pytest.mark.parametrize("multiple", [1, 64])
def test_every_row_is_worked_on_once(n, available, multiple, monkeypatch):
    monkeypatch.setattr(threads, "n_threads", lambda: available)
    parts = in_threads(lambda first, last: (first, last), n, multiple)
    assert [row for first, last in parts for row in range(first, last)] == list(range(n))
    assert len(parts) <= max(1, min(available, n // LEAST))
    assert all(first % multiple == 0 for first, _ in parts)
    sizes = [last - first for first, last in parts]
    assert max(sizes) == sizes[0]


def test_parts_run_at_the_same_time(monkeypatch):
    monkeypatch.setattr(threads, "n_threads", lambda: 2)
    meet = threading.Barrier(2, timeout=20)
    assert sorted(in_threads(lambda *_: meet.wait(), 4 * LEAST)) == [0, 1]


def test_an_error_in_a_part_is_raised(monkeypatch):
    monkeypatch.setattr(threads, "n_threads", lambda: 2)

    def work(first, last):
        if first:
            raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        in_threads(work, 4 * LEAST)


def test_an_error_waits_for_the_other_parts(monkeypatch):
    monkeypatch.setattr(threads, "n_threads", lambda: 2)
    ended = []

    def work(first, last):
        if first == 0:
            raise ValueError("here")
        time.sleep(0.1)
        ended.append(first)

    with pytest.raises(ValueError, match="here"):
        in_threads(work, 4 * LEAST)
    assert ended == [2 * LEAST]


def test_parts_may_have_parts_of_their_own(monkeypatch):
    monkeypatch.setattr(threads, "n_threads", lambda: 2)

    def work(first, last):
        return in_threads(lambda a, b: (first + a, first + b), last - first)

    found = [one for part in in_threads(work, 8 * LEAST) for one in part]
    assert [row for first, last in found for row in range(first, last)] == list(range(8 * LEAST))


def test_several_callers_at_once_get_what_is_theirs(monkeypatch):
    monkeypatch.setattr(threads, "n_threads", lambda: 3)

    def call(number):
        return [in_threads(lambda first, _: (number, first), 6 * LEAST) for _ in range(50)]

    with ThreadPoolExecutor(4) as pool:
        for number, found in enumerate(pool.map(call, range(4))):
            assert all(one == [(number, i * 2 * LEAST) for i in range(3)] for one in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="where processes fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_has_threads_of_its_own(monkeypatch):
    monkeypatch.setattr(threads, "n_threads", lambda: 2)
    in_threads(lambda *_: None, 4 * LEAST)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_in_a_fork).get(20) == [0, 2 * LEAST]


def _in_a_fork():
    return in_threads(lambda first, _: first, 4 * LEAST)


def test_threads_are_those_of_the_linear_algebra():
    np.ones((2, 2)) @ np.ones((2, 2))
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"):
            assert n_threads() == limit


def test_nothing_is_nothing_to_do():
    assert in_threads(lambda first, last: (first, last), 0) == []


def told():
    return [library.num_threads for library in threads._controller().lib_controllers]


def test_blas_has_one_thread_while_ours_are_as_many_as_it_was_told_to_use():
    with threadpool_limits(2, user_api="blas"):
        with threads_of_our_own():
            assert n_threads() == 2
            assert set(told()) == {1}
            with threads_of_our_own():
                assert n_threads() == 2
            assert set(told()) == {1}
        assert set(told()) == {2}
        with pytest.raises(ValueError, match="here"), threads_of_our_own():
            raise ValueError("here")
        assert set(told()) == {2}


def test_two_at_a_time_are_one():
    """In whatever order they leave, BLAS gets its threads back."""
    entered, leave = threading.Event(), threading.Event()

    def other():
        with threads_of_our_own():
            entered.set()
            leave.wait(20)

    with threadpool_limits(2, user_api="blas"):
        thread = threading.Thread(target=other)
        with threads_of_our_own():
            thread.start()
            entered.wait(20)
            assert set(told()) == {1}
        assert set(told()) == {2}
        assert n_threads() == 2
        leave.set()
        thread.join()
        assert set(told()) == {2}
        with threads_of_our_own():
            assert set(told()) == {1}
        assert set(told()) == {2}
