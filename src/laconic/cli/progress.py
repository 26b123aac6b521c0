"""Progress of several trainings: bars with the time left on a terminal, plain lines elsewhere."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class Epoch(Protocol):
    """What a training reports."""

    @property
    def epoch(self) -> int: ...

    @property
    def train_loss(self) -> float: ...

    @property
    def valid_accuracy(self) -> float | None: ...


class TrainingProgress:
    """Shows how far each training is.

    Parameters
    ----------
    console : rich.console.Console
    names : sequence of str
    n_epochs : int
    """

    def __init__(self, console: Console, names: Sequence[str], n_epochs: int) -> None:
        self.console, self.n_epochs = console, n_epochs
        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
        )
        self.bars = Progress(*columns, console=console, disable=not console.is_terminal)
        self.tasks: dict[str, TaskID] = {
            name: self.bars.add_task(name, total=n_epochs, state="waiting", start=False) for name in names
        }

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bars.stop()

    def update(self, name: str, record: Epoch) -> None:
        """Show an epoch of a training."""
        accuracy = "" if record.valid_accuracy is None else f", accuracy {record.valid_accuracy:.4f}"
        state = f"loss {record.train_loss:.4f}{accuracy}"
        task = self.tasks[name]
        if not self.bars.tasks[task].started:
            self.bars.start_task(task)
        self.bars.update(task, completed=record.epoch, state=state)
        if not self.console.is_terminal and (record.epoch % max(1, self.n_epochs // 10) == 0 or record.epoch == 1):
            self.console.print(f"{name}: epoch {record.epoch} of {self.n_epochs}, {state}", highlight=False)

    def finish(self, name: str, state: str) -> None:
        """Show that a training is done."""
        task = self.tasks[name]
        self.bars.update(task, completed=self.n_epochs, state=state)
        if not self.console.is_terminal:
            self.console.print(f"{name}: {state}", highlight=False)
