"""Progress of a factorisation: iteration, objective, change and time left, as a bar on a terminal, else as lines."""

import math
import time
from collections.abc import Callable

from rich.console import Console

from laconic.cli.live_line import LiveLine
from laconic.cli.outlook import Outlook
from laconic.factorize import Tick

_WIDE = 110
"""Columns of a terminal that has room for the change as well."""


class FitProgress(LiveLine):
    """Shows how far a fit is, or each of several, and how long is left at most.

    Parameters
    ----------
    console : rich.console.Console
    n_fits : int
    tol : float
        Change at which a fit ends.
    clock : callable
        Returns seconds.
    """

    def __init__(self, console: Console, n_fits: int, tol: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(console, clock)
        self.n_fits, self.outlook = n_fits, Outlook(n_fits, tol, clock)
        self._fit, self._last = 0, 0

    def update(self, tick: Tick) -> None:
        """Show an iteration."""
        if tick.iteration <= self._last or self._fit == 0:
            self._fit, self._stage = self._fit + 1, ""
        self._last = tick.iteration
        self.outlook.tick(tick.iteration, tick.limit, tick.change, tick.stage == "final")
        name = f"fit {self._fit} of {self.n_fits}" if self.n_fits > 1 else "fit"
        words, left = self._words(tick), self.outlook.in_words()
        few = words if self.console.width >= _WIDE else words[:2]
        shown = ", ".join(filter(None, [f"{tick.iteration}/{tick.limit}", *few, left]))
        self.show(name, tick.iteration, tick.limit, shown)
        if self.is_due(tick.iteration, tick.stage):
            said = [f"{name}: iteration {tick.iteration} of at most {tick.limit}", *words, left]
            self.line(", ".join(filter(None, said)))

    def _words(self, tick: Tick) -> list[str]:
        change = [f"change {tick.change:.1e}"] if math.isfinite(tick.change) else []
        return [tick.stage, f"objective {float(tick.objective):.4g}", *change]
