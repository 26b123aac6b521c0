"""Progress of several trainings: bars with the time left on a terminal, plain lines elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TaskID, TextColumn

from laconic.cli.pace import Pace, in_words
from laconic.cli.workers import Done, Event, Started
from laconic.cli.workers import Progress as Reported

_ALL = "all"
_WIDE = 90
"""Columns of a terminal that has room for the loss as well."""


class Epoch(Protocol):
    """What a training reports."""

    @property
    def epoch(self) -> int: ...

    @property
    def train_loss(self) -> float: ...

    @property
    def valid_accuracy(self) -> float | None: ...


class TrainingProgress:
    """Shows how far each training is and how long is left for all.

    Parameters
    ----------
    console : rich.console.Console
    names : sequence of str
    n_epochs : int
        Of each training.
    """

    def __init__(self, console: Console, names: Sequence[str], n_epochs: int) -> None:
        self.console, self.n_epochs, self.pace = console, n_epochs, Pace(names, n_epochs)
        self.wide = console.width >= _WIDE
        self.bars = Progress(*_columns(console.width), console=console, disable=not (names and console.is_terminal))
        self.tasks: dict[str, TaskID] = {name: self._add(name, n_epochs, "waiting") for name in names}
        if len(names) > 1:
            self.tasks[_ALL] = self._add(_ALL, n_epochs * len(names), "")

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bars.stop()

    def follow(self, events: Iterable[Event]) -> Iterator[Done]:
        """Show what trainings in other processes report, and yield each that is done, for `finish`."""
        for event in events:
            match event:
                case Started(name):
                    self.start(name)
                case Reported(name, record):
                    self.update(name, record)
                case Done():
                    yield event

    def start(self, name: str) -> None:
        """Show that a training is about to begin."""
        self.bars.update(self.tasks[name], state="starting")

    def update(self, name: str, record: Epoch) -> None:
        """Show an epoch of a training."""
        self.pace.tick(name, record.epoch)
        loss, accuracy = f"loss {record.train_loss:.4f}", _accuracy(record.valid_accuracy)
        shown = [loss, accuracy] if self.wide or not accuracy else [accuracy]
        self.bars.update(self.tasks[name], completed=record.epoch, state="  ".join(filter(None, shown)))
        self._show_all()
        if record.epoch == 1 or record.epoch % max(1, self.n_epochs // 10) == 0:
            left = in_words(self.pace.seconds_left())
            words = [f"epoch {record.epoch} of {self.n_epochs}", loss, accuracy, left and f"{left} in all"]
            self._line(f"{name}: {', '.join(filter(None, words))}")

    def finish(self, name: str, accuracy: float | None) -> None:
        """Show that a training is done; without an accuracy it diverged."""
        said = _accuracy(accuracy) or "diverged"
        self.pace.finish(name)
        self.bars.update(self.tasks[name], completed=self.n_epochs, state=f"[bold]{said}[/bold]")
        self._show_all()
        self._line(f"{name}: done, {said}")

    def _add(self, name: str, total: int, state: str) -> TaskID:
        return self.bars.add_task(name, total=total, state=state)

    def _show_all(self) -> None:
        if _ALL in self.tasks:
            self.bars.update(self.tasks[_ALL], completed=self.pace.done, state=in_words(self.pace.seconds_left()))

    def _line(self, text: str) -> None:
        """Print a line where there are no bars."""
        if not self.console.is_terminal:
            self.console.print(text, highlight=False, markup=False, soft_wrap=True)


def _accuracy(share: float | None) -> str:
    return "" if share is None else f"accuracy {100 * share:.2f} %"


def _columns(width: int) -> tuple[ProgressColumn, ...]:
    """Return what a line shows; the bar takes what the rest leaves, so that no line is broken."""
    bar = max(4, min(40, width - (52 if width >= _WIDE else 38)))
    return (
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=bar),
        MofNCompleteColumn(),
        TextColumn("{task.fields[state]}"),
    )
