"""Early stopping. What it knows it reads from the history, so a resumed run needs no state of its own."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from torch import Tensor

from laconic.rnn.training.border import Callback, NeuralNetClassifier


class StopTrainingError(Exception):
    """Ends the loop over epochs in good order."""


def best_epoch(losses: Sequence[float]) -> int:
    """Return the place, from 0, of the first smallest loss."""
    return min(range(len(losses)), key=lambda place: losses[place])


def is_over(losses: Sequence[float], patience: int) -> bool:
    """Tell whether the last `patience` epochs have all failed to better the smallest loss before them."""
    return bool(losses) and len(losses) - 1 - best_epoch(losses) >= patience


class KeepBest(Callback):
    """Keep the weights of the epoch with the smallest validation loss.

    Parameters
    ----------
    evaluated : callable
        Returns a context in which the module holds the weights that were evaluated.
    skip : int
        Epochs at the start that cannot be the best.
    """

    def __init__(self, evaluated: Callable[[], AbstractContextManager[None]], skip: int = 0) -> None:
        self.evaluated = evaluated
        self.skip = skip
        self.weights_: dict[str, Tensor] = {}

    def on_epoch_end(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Copy the weights where this epoch is the best so far."""
        losses = valid_losses(net, self.skip)
        if losses and best_epoch(losses) == len(losses) - 1:
            with self.evaluated():
                self.weights_ = {name: value.clone() for name, value in net.module_.state_dict().items()}


class Stop(Callback):
    """End training when the validation loss has not fallen for `patience` epochs; the last callback of all.

    Parameters
    ----------
    patience : int
    skip : int
        Epochs at the start that do not count.
    """

    def __init__(self, patience: int, skip: int = 0) -> None:
        self.patience = patience
        self.skip = skip

    def on_epoch_end(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Leave the loop where it is time to."""
        if is_over(valid_losses(net, self.skip), self.patience):
            raise StopTrainingError


def valid_losses(net: NeuralNetClassifier, skip: int) -> list[float]:
    """Validation loss of each epoch so far but the first few."""
    return [row["valid_loss"] for row in net.history.to_list()[skip:]]
