"""A moving average of the weights, to evaluate and predict with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from laconic.rnn.training.border import Callback, NeuralNetClassifier
from laconic.rnn.training.clock import Clock


def ramped_decay(decay: float, step: int) -> float:
    """Return the share that the average keeps at a step counted from 1.

    It grows as ``step / (9 + step)`` up to `decay`, so that the weights training started from are soon forgotten
    and a run of a few steps is averaged over a few steps.
    """
    return min(decay, step / (9.0 + step))


class WeightAverage(Callback):
    """Exponential moving average of all weights, one update a training batch.

    After step t, ``average = d average + (1 - d) weights`` with d = `ramped_decay` (decay, t).

    Parameters
    ----------
    clock : Clock
    decay : float
        Largest share kept from one step to the next, in [0, 1).

    Attributes
    ----------
    average_ : dict of str to Tensor
        Averaged weight of each name; set by `start`.
    """

    def __init__(self, clock: Clock, decay: float) -> None:
        self.clock = clock
        self.decay = decay

    def start(self, module: nn.Module) -> None:
        """Begin with the weights as they are."""
        self._weights = {name: weight for name, weight in module.named_parameters() if weight.requires_grad}
        self.average_ = {name: weight.detach().clone() for name, weight in self._weights.items()}

    @torch.no_grad()
    def on_batch_end(self, net: NeuralNetClassifier, training: bool = False, **kwargs: Any) -> None:
        """Take the weights of a training batch in."""
        if training:
            new = 1.0 - ramped_decay(self.decay, self.clock.step)
            for name, weight in self._weights.items():
                self.average_[name].lerp_(weight, new)

    @torch.no_grad()
    def apply(self) -> None:
        """Overwrite the module's weights by their average."""
        for name, weight in self._weights.items():
            weight.copy_(self.average_[name])

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let the module hold the average inside a ``with`` block, and its own weights again after it."""
        own = {name: weight.detach().clone() for name, weight in self._weights.items()}
        self.apply()
        try:
            yield
        finally:
            with torch.no_grad():
                for name, weight in self._weights.items():
                    weight.copy_(own[name])
