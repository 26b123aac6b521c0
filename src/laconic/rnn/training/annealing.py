"""Annealing of gradually pruned models."""

from typing import Any

from laconic.rnn.reparametrise import anneal
from laconic.rnn.training.border import Callback, NeuralNetClassifier
from laconic.rnn.training.clock import Clock


class Anneal(Callback):
    """Bring a gradually pruned model's masks to the present progress, every few batches, and to the last stage.

    Which batches do so depends on their count alone, so a resumed run agrees.

    Parameters
    ----------
    clock : Clock
    every : int, default=16
        Batches from one call to the next within an epoch.
    """

    def __init__(self, clock: Clock, every: int = 16) -> None:
        self.clock = clock
        self.every = every

    def on_batch_begin(self, net: NeuralNetClassifier, training: bool = False, **kwargs: Any) -> None:
        """Set the masks of the present progress where it is time to."""
        if training and self.clock.batch % self.every == 0:
            anneal(net.module_, self.clock.progress)

    def on_batch_end(self, net: NeuralNetClassifier, training: bool = False, **kwargs: Any) -> None:
        """Set the final masks after the last batch of all."""
        if training and self.clock.is_last:
            anneal(net.module_, 1.0)
