import io
import re
from dataclasses import dataclass

import pytest
from rich.console import Console

from laconic.cli.progress import TrainingProgress


@dataclass(frozen=True)
class Record:
    epoch: int
    train_loss: float = 0.5
    valid_accuracy: float | None = 0.975


def shown(width=100, terminal=True, accuracy=0.975):
    """What is on the screen after one of two trainings is done and the other has begun."""
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, legacy_windows=False)
    with TrainingProgress(console, ["dense", "kronecker"], 20) as progress:
        progress.start("dense")
        for epoch in range(1, 21):
            progress.update("dense", Record(epoch, valid_accuracy=accuracy))
        progress.finish("dense", 0.98)
        progress.start("kronecker")
        progress.update("kronecker", Record(1))
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue()).replace("\r", "\n")


def test_a_terminal_shows_a_bar_for_each_and_for_all():
    last = [line for line in shown().splitlines() if line][-3:]
    assert [line.split()[0] for line in last] == ["dense", "kronecker", "all"]
    assert "20/20" in last[0]
    assert "accuracy 98.00 %" in last[0]
    assert "1/20" in last[1]
    assert "loss 0.5000  accuracy 97.50 %" in last[1]
    assert "21/40" in last[2]
    assert "left" in last[2]


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_lines_fit_the_terminal(width):
    lines = [line for line in shown(width).splitlines() if line]
    assert all(len(line) <= width for line in lines)
    assert "accuracy 97.50 %" in lines[-2]


def test_elsewhere_plain_lines_a_tenth_of_the_way_apart():
    lines = shown(terminal=False).splitlines()
    dense = [line for line in lines if line.startswith("dense")]
    assert dense[0] == "dense: epoch 1 of 20, loss 0.5000, accuracy 97.50 %"
    assert re.fullmatch(r"dense: epoch 2 of 20, loss 0\.5000, accuracy 97\.50 %, .* left in all", dense[1])
    assert len(dense) == 12
    assert dense[-1] == "dense: done, accuracy 98.00 %"


def test_no_accuracy_no_word_of_it():
    assert "epoch 1 of 20, loss 0.5000\n" in shown(terminal=False, accuracy=None)


def test_nothing_to_train_shows_nothing():
    console = Console(file=io.StringIO(), force_terminal=True)
    with TrainingProgress(console, [], 20):
        pass
    assert console.file.getvalue() == ""
