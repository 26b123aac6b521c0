"""The one iteration driver: many problems at once, each leaving the batch when it has settled."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, Self, TypeVar

import numpy as np

from laconic.core.arrays import array_namespace, device, is_array

Rows = np.ndarray[Any, Any]
"""Whole numbers: places of problems in a batch; or one number a problem."""

NARROW_AT = 0.2
"""Share of a batch that has to be settled before it is worth the copying to leave it behind."""


@dataclass(frozen=True)
class BatchRecord:
    """A frozen record of several problems: every array in it has one row a problem.

    Records inside it are taken apart in the same way; fields that are neither arrays nor such records (None, numbers,
    a dictionary that all problems share) are kept whole.
    """

    @property
    def size(self) -> int:
        """Number of problems."""
        for value in self._values():
            if isinstance(value, BatchRecord) or is_array(value):
                return value.size if isinstance(value, BatchRecord) else int(value.shape[0])
        return 0

    def take(self, rows: Rows) -> Self:
        """Return the record of these problems alone."""
        return self._with(lambda value: value.take(rows) if isinstance(value, BatchRecord) else _take(value, rows))

    def put(self, rows: Rows, part: Self) -> Self:
        """Return the record with these problems replaced by those of `part`."""
        new = iter(part._values())
        return self._with(lambda value: _replaced(value, rows, next(new)))

    def _values(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]

    def _with(self, function: Callable[[Any], Any]) -> Self:
        return replace(self, **{field.name: function(getattr(self, field.name)) for field in fields(self)})


def _take(value: Any, rows: Rows) -> Any:
    if not is_array(value):
        return value
    xp = array_namespace(value)
    return xp.take(value, xp.asarray(rows, device=device(value)), axis=0)


def _replaced(value: Any, rows: Rows, new: Any) -> Any:
    if isinstance(value, BatchRecord):
        return value.put(rows, new)
    if not is_array(value):
        return new
    places = np.arange(value.shape[0])
    places[rows] = value.shape[0] + np.arange(len(rows))
    return _take(array_namespace(value).concat([value, new], axis=0), places)


S = TypeVar("S", bound=BatchRecord)


@dataclass(frozen=True)
class Run(Generic[S]):
    """The end of an iteration.

    Attributes
    ----------
    state : BatchRecord
        Of all problems, as each was when it settled.
    n_iter : array of shape (size,)
    settled : array of bool, shape (size,)
    change : array of shape (size,)
        The last change of each.
    trace : array of shape (iterations, size) or None
        The objective after each iteration; NaN where a problem had left.
    """

    state: S
    n_iter: Rows
    settled: Rows
    change: Rows
    trace: Rows | None


def iterate(
    step: Callable[[S], S],
    state: S,
    *,
    change: Callable[[S, S], Rows],
    tol: float,
    max_iter: int,
    objective: Callable[[S], Rows] | None = None,
    on_iteration: Callable[[int, S], None] | None = None,
) -> Run[S]:
    """Repeat `step` until every problem changes by at most `tol`, or `max_iter` times.

    Parameters
    ----------
    step : callable
        Takes a record of the problems that are left, returns it one iteration on.
    state : BatchRecord
        Where to start.
    change : callable
        Takes the records before and after a step, returns a NumPy array of shape (size,).
    tol : float
        A problem with a change of at most this has settled.
    max_iter : int
    objective : callable, optional
        Takes a record, returns what the trace is made of, a NumPy array of shape (size,).
    on_iteration : callable, optional
        Called with the number of the iteration and the record of the problems that are left.
    """
    whole, live = state, np.arange(state.size)
    n_iter, settled = np.full(state.size, max_iter), np.zeros(state.size, dtype=bool)
    last = np.full(state.size, np.inf)
    trace: list[Rows] = []
    for count in range(1, max_iter + 1):
        before, state = state, step(state)
        moved = change(before, state)
        if objective is not None:
            trace.append(_scattered(objective(state), live[~settled[live]], whole.size, ~settled[live]))
        if on_iteration is not None:
            on_iteration(count, state)
        going = ~settled[live]
        last[live[going]] = moved[going]
        done = going & (moved <= tol)
        n_iter[live[done]], settled[live[done]] = count, True
        whole = _kept(whole, state, live, done if 1 < count < max_iter else going)
        left = ~settled[live]
        if not left.any():
            break
        if left.mean() <= 1 - NARROW_AT:
            live, state = live[left], state.take(np.flatnonzero(left))
    return Run(whole, n_iter, settled, last, np.stack(trace) if trace else None)


def _kept(whole: S, state: S, live: Rows, rows: Rows) -> S:
    """Return the whole with these rows of the problems that are left as they are now."""
    if rows.all() and len(live) == whole.size:
        return state
    return whole.put(live[rows], state.take(np.flatnonzero(rows))) if rows.any() else whole


def _scattered(values: Rows, live: Rows, size: int, going: Rows) -> Rows:
    row = np.full(size, np.nan)
    row[live] = values[going]
    return row
