"""One line that says how far something is: kept up to date on a terminal, printed now and then elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn

NARROW = 80
"""Columns of a terminal that has room for a bar."""

_SILENCE = 10.0
"""Seconds after which there is a line in any case."""


class LiveLine:
    """A name, a bar where there is room, and words.

    Parameters
    ----------
    console : rich.console.Console
    clock : callable
        Returns seconds.
    more : sequence of rich.progress.ProgressColumn
        What comes between bar and words where there is room.
    """

    def __init__(
        self, console: Console, clock: Callable[[], float] = time.monotonic, more: tuple[ProgressColumn, ...] = ()
    ) -> None:
        self.console, self.clock = console, clock
        wide = (BarColumn(10), *more) if console.width >= NARROW else ()
        columns = TextColumn("{task.description}"), *wide, TextColumn("{task.fields[said]}")
        self.bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task("fit", total=None, said="")
        self._stage, self._silent_since = "", 0.0

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def show(self, name: str, done: int, total: int, said: str) -> None:
        """Show on a terminal that so much is done."""
        self.bar.update(self.task, description=name, completed=done, total=total, said=said)

    def line(self, text: str) -> None:
        """Print a line."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def is_due(self, step: int, stage: str) -> bool:
        """Whether there is to be a line: at 1, 2, 5, 10 and so on, when a stage begins, and after a long silence."""
        now = self.clock()
        round_number = str(step).rstrip("0") in ("1", "2", "5")
        if not round_number and stage == self._stage and now - self._silent_since < _SILENCE:
            return False
        self._stage, self._silent_since = stage, now
        return not self.console.is_terminal
