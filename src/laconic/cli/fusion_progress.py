"""Progress of learning dictionaries of several modalities: the search, stage by stage, and the steps over all data."""

import math
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import TimeElapsedColumn

from laconic.cli.live_line import LiveLine
from laconic.cli.outlook import Outlook
from laconic.factorize.multimodal import Tick

FINAL = "final"
"""Stage whose steps are over all data; those before it are a search."""

_WIDE, _MIDDLE = 110, 90
"""Columns of a terminal that has room for the change as well, and of one that has room for the likelihood alone."""


class FusionProgress(LiveLine):
    """Shows what is being done, how far it is, and, at the end, how long is left.

    Parameters
    ----------
    console : rich.console.Console
    n_searches : int
    tol : float
        Change at which a fit ends.
    clock : callable
        Returns seconds.
    """

    def __init__(
        self, console: Console, n_searches: int, tol: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(console, clock, (TimeElapsedColumn(),))
        self.n_searches, self.outlook = n_searches, Outlook(1, tol, clock)
        self._started, self._search, self._stages = clock(), 0, list[str]()

    def update(self, tick: Tick) -> None:
        """Show a step."""
        if tick.stage == FINAL:
            self._show_final(tick)
        else:
            self._show_search(tick)

    def _show_search(self, tick: Tick) -> None:
        """Show a step of the search; one of a stage that an earlier one came after begins another search."""
        if not self._stages or (tick.stage != self._stages[-1] and tick.stage in self._stages):
            self._search, self._stages = self._search + 1, []
        if tick.stage not in self._stages:
            self._stages.append(tick.stage)
        name = f"search {self._search} of {self.n_searches}" if self.n_searches > 1 else "search"
        words = [f"{tick.stage} {tick.iteration} of {tick.limit}", *_likelihood(tick)]
        self.show(name, tick.iteration, tick.limit, ", ".join(words))
        if self.is_due(tick.iteration, f"{name} {tick.stage}"):
            self.line(f"{name}: {', '.join(words)}, {self.clock() - self._started:.0f} s so far")

    def _show_final(self, tick: Tick) -> None:
        self.outlook.tick(tick.iteration, tick.limit, tick.change, final=True)
        change = [f"change {tick.change:.1e}"] if math.isfinite(tick.change) else []
        words, left = [*_likelihood(tick), *change], self.outlook.in_words()
        few = words[: (self.console.width >= _MIDDLE) + (self.console.width >= _WIDE)]
        shown = [f"{tick.iteration}/{tick.limit}", *few, left]
        self.show("fit", tick.iteration, tick.limit, ", ".join(filter(None, shown)))
        if self.is_due(tick.iteration, tick.stage):
            said = [f"fit: step {tick.iteration} of at most {tick.limit}", *words, left]
            self.line(", ".join(filter(None, said)))


def _likelihood(tick: Tick) -> list[str]:
    value = float(tick.objective)
    return [f"log-likelihood {value:.4g}"] if math.isfinite(value) else []
