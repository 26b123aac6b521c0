"""Progress of a factorisation: iteration, objective, change and time left, as a bar on a terminal, else as lines."""

import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from laconic.cli.outlook import Outlook
from laconic.cli.pace import in_words
from laconic.factorize import Tick

_WIDE, _NARROW = 110, 80
"""Columns of a terminal that has room for the change as well, and of one that has room for a bar."""

_SURELY_LESS = 0.8
"""Share of the longest time below which the likely one is worth saying."""

_SILENCE = 10.0
"""Seconds after which there is a line in any case."""


class FitProgress:
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
        self.console, self.n_fits, self.clock = console, n_fits, clock
        self.outlook = Outlook(n_fits, tol, clock)
        bar = (BarColumn(10),) if console.width >= _NARROW else ()
        columns = TextColumn("{task.description}"), *bar, TextColumn("{task.fields[said]}")
        self.bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task("fit", total=None, said="")
        self._fit, self._last, self._stage, self._silent_since = 0, 0, "", 0.0

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def update(self, tick: Tick) -> None:
        """Show an iteration."""
        if tick.iteration <= self._last or self._fit == 0:
            self._fit, self._stage = self._fit + 1, ""
        self._last = tick.iteration
        self.outlook.tick(tick.iteration, tick.limit, tick.change, tick.stage == "final")
        name = f"fit {self._fit} of {self.n_fits}" if self.n_fits > 1 else "fit"
        words, left = self._words(tick), self._left()
        few = words if self.console.width >= _WIDE else words[:2]
        shown = ", ".join(filter(None, [f"{tick.iteration}/{tick.limit}", *few, left]))
        self.bar.update(self.task, description=name, completed=tick.iteration, total=tick.limit, said=shown)
        if not self.console.is_terminal and self._is_due(tick):
            said = [f"{name}: iteration {tick.iteration} of at most {tick.limit}", *words, left]
            self.console.print(", ".join(filter(None, said)), highlight=False, markup=False, soft_wrap=True)

    def _words(self, tick: Tick) -> list[str]:
        change = [f"change {tick.change:.1e}"] if math.isfinite(tick.change) else []
        return [tick.stage, f"objective {float(tick.objective):.4g}", *change]

    def _left(self) -> str:
        likely, at_most = self.outlook.likely(), self.outlook.at_most()
        most = f"at most {in_words(at_most)}" if at_most else ""
        if not at_most or not likely or likely > _SURELY_LESS * at_most:
            return most
        return f"about {in_words(likely).removesuffix(' left')}, {most}"

    def _is_due(self, tick: Tick) -> bool:
        """Whether there is to be a line: at 1, 2, 5, 10 and so on, when a stage begins, and after a long silence."""
        now = self.clock()
        round_number = str(tick.iteration).rstrip("0") in ("1", "2", "5")
        if not round_number and tick.stage == self._stage and now - self._silent_since < _SILENCE:
            return False
        self._stage, self._silent_since = tick.stage, now
        return True
