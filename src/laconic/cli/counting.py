"""Progress of one task of many like parts: a bar with the time left on a terminal, plain lines elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from laconic.cli.pace import Pace, in_words


class CountingProgress:
    """Shows how many parts are done and how long is left.

    Parameters
    ----------
    console : rich.console.Console
    name : str
        What is counted.
    total : int
    """

    def __init__(self, console: Console, name: str, total: int) -> None:
        self.console, self.name, self.total, self.pace = console, name, total, Pace([name], total)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}")
        self.bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task(name, total=total, left="")
        self._next = 0.0

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def update(self, done: int) -> None:
        """Show that so many are done."""
        self.pace.tick(self.name, done)
        left = in_words(self.pace.seconds_left())
        self.bar.update(self.task, completed=done, left=left)
        if not self.console.is_terminal and done >= self._next:
            words = [f"{self.name}: {done} of {self.total}", left]
            self.console.print(", ".join(filter(None, words)), highlight=False, markup=False, soft_wrap=True)
            self._next = done + self.total / 10
