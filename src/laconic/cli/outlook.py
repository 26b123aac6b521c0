"""How long a fit will go on: at most, by the iterations it may take, and probably, by how its steps shrink."""

import math
import time
from collections import deque
from collections.abc import Callable

from laconic.cli.pace import in_words

WINDOW = 10
"""Iterations whose mean change is compared with that of as many before them."""

SURELY_LESS = 0.8
"""Share of the longest time below which the likely one is worth saying."""


class Outlook:
    """What is left of several fits, one after the other.

    Parameters
    ----------
    n_fits : int
    tol : float
        Change at which a fit ends.
    clock : callable
        Returns seconds.
    """

    def __init__(self, n_fits: int, tol: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._fits_left, self._tol, self._clock = n_fits, tol, clock
        self._times = deque[float](maxlen=2 * WINDOW + 1)
        self._changes = deque[float](maxlen=2 * WINDOW)
        self._iteration, self._limit = 0, 0

    def tick(self, iteration: int, limit: int, change: float, final: bool) -> None:
        """Note an iteration of a fit; one with a number that is not larger begins another fit."""
        if iteration <= self._iteration or self._iteration == 0:
            self._fits_left -= 1
            self._changes.clear()
        self._iteration, self._limit = iteration, limit
        self._times.append(self._clock())
        if final and 0 < change < math.inf:
            self._changes.append(math.log(change))

    def at_most(self) -> float | None:
        """Return seconds until every iteration of every fit were used up, None as long as that cannot be told."""
        pace = self._pace()
        rest = self._limit - self._iteration + max(0, self._fits_left) * self._limit
        return None if pace is None else pace * rest

    def likely(self) -> float | None:
        """Return seconds until the changes come below `tol` if they shrink on as they do, None if they do not."""
        pace, more = self._pace(), self._more()
        if pace is None or more is None:
            return None
        more = min(more, self._limit - self._iteration)
        return pace * (more + max(0, self._fits_left) * (self._iteration + more))

    def in_words(self) -> str:
        """Return how long is left, as people say it; empty as long as that cannot be told."""
        likely, at_most = self.likely(), self.at_most()
        most = f"at most {in_words(at_most)}" if at_most else ""
        if not at_most or not likely or likely > SURELY_LESS * at_most:
            return most
        return f"about {in_words(likely).removesuffix(' left')}, {most}"

    def _pace(self) -> float | None:
        """Return seconds an iteration."""
        n = len(self._times) - 1
        return (self._times[-1] - self._times[0]) / n if n > 0 else None

    def _more(self) -> float | None:
        """Return iterations that are still needed, from the slope of the logarithm of the changes."""
        changes = list(self._changes)
        if len(changes) < 2 * WINDOW or self._tol <= 0:
            return None
        before, now = (sum(half) / WINDOW for half in (changes[:WINDOW], changes[WINDOW:]))
        slope = (now - before) / WINDOW
        return max(0.0, (math.log(self._tol) - now) / slope) if slope < 0 else None
