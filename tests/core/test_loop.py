"""The iteration driver: each problem ends as if it had been alone."""

from dataclasses import dataclass, replace

import array_api_strict
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from laconic.core.loop import BatchRecord, iterate
from laconic.core.result import Result, worst


@dataclass(frozen=True)
class Inner(BatchRecord):
    w: object


@dataclass(frozen=True)
class Root(BatchRecord):
    """Newton's method for square roots; `label` is shared."""

    a: object
    x: object
    label: str = "root"
    inner: Inner | None = None


def newton(root):
    return replace(root, x=(root.x + root.a / root.x) / 2, inner=Inner(root.a * 2))


def moved(before, after):
    return np.abs(np.asarray(after.x - before.x))


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=20))
def test_each_problem_ends_as_if_alone(values):
    a = np.array(values)
    run = iterate(newton, Root(a, np.ones_like(a)), change=moved, tol=1e-6, max_iter=60)
    assert run.settled.all()
    assert run.state.x == pytest.approx(np.sqrt(a), rel=1e-6)
    assert np.all(run.change <= 1e-6)
    assert np.array_equal(run.state.a, a)
    assert np.array_equal(run.state.inner.w, 2 * a)
    for i, value in enumerate(values):
        alone = iterate(newton, Root(np.array([value]), np.ones(1)), change=moved, tol=1e-6, max_iter=60)
        assert run.n_iter[i] >= alone.n_iter[0]


def test_too_few_iterations_are_said():
    run = iterate(newton, Root(np.array([1.0, 1e6]), np.ones(2)), change=moved, tol=1e-9, max_iter=3)
    assert run.settled.tolist() == [True, False]
    assert run.n_iter.tolist() == [1, 3]


def test_trace_stops_where_a_problem_left():
    run = iterate(
        newton,
        Root(np.array([1.0, 1e6]), np.ones(2)),
        change=moved,
        tol=1e-9,
        max_iter=60,
        objective=lambda root: np.asarray(root.x),
    )
    assert np.isnan(run.trace[1:, 0]).all()
    assert run.trace[:, 1] == pytest.approx(np.sort(run.trace[:, 1])[::-1])


def test_every_iteration_is_told():
    seen = []
    start = Root(np.array([4.0]), np.ones(1))
    iterate(newton, start, change=moved, tol=0.0, max_iter=5, on_iteration=lambda i, root: seen.append((i, root.size)))
    assert seen == [(i, 1) for i in range(1, 6)]


@pytest.mark.parametrize("library", [np, torch, array_api_strict])
def test_take_and_put_undo_each_other(library):
    a = library.asarray([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    record, rows = Root(a, a + 1, inner=Inner(a * 2)), np.array([2, 0])
    part = record.take(rows)
    assert part.size == 2
    assert part.label == "root"
    changed = record.put(rows, replace(part, x=part.x * 10))
    assert np.array_equal(np.asarray(changed.x)[:, 0], [20.0, 4.0, 60.0])
    assert np.array_equal(np.asarray(record.put(rows, part).inner.w), np.asarray(record.inner.w))


def test_worst_of_several():
    assert worst(["converged", "stalled"]) == "stalled"
    assert worst(["stalled", "max_iter", "converged"]) == "max_iter"
    assert worst([]) == "converged"
    assert Result(1, 0.0, "converged", "", 1).converged
    assert not Result(1, 0.0, "stalled", "", 1).converged
