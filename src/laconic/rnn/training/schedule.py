"""Learning-rate schedules: pure functions of progress, applied before each batch.

Each maps (progress, warmup), both in [0, 1], to the factor in [0, 1] that the learning rate is multiplied with.
"""

import math
from collections.abc import Callable
from typing import Any

from laconic.rnn.training.border import Callback, NeuralNetClassifier
from laconic.rnn.training.clock import Clock

_START = 0.04  # a warm-up begins at a 25th of the full rate


def constant(progress: float, warmup: float) -> float:
    """Stay at the full rate."""
    return 1.0


def cosine(progress: float, warmup: float) -> float:
    """Fall from the full rate to zero along half a cosine."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def one_cycle(progress: float, warmup: float) -> float:
    """Rise in a straight line up to the share `warmup` of training, then fall as `cosine` does.

    After L. Smith and N. Topin, "Super-convergence", arXiv:1708.07120.
    """
    if progress < warmup:
        return _START + (1.0 - _START) * progress / warmup
    return cosine((progress - warmup) / (1.0 - warmup), warmup)


SCHEDULES: dict[str, Callable[[float, float], float]] = {
    "one-cycle": one_cycle,
    "cosine": cosine,
    "constant": constant,
}


class SetLearningRate(Callback):
    """Set the optimiser's learning rate before each batch.

    Parameters
    ----------
    clock : Clock
    learning_rate : float
        The full rate.
    schedule : str
        A key of `SCHEDULES`.
    warmup : float
        Share of training in [0, 1) that a warm-up takes.
    """

    def __init__(self, clock: Clock, learning_rate: float, schedule: str, warmup: float) -> None:
        self.clock = clock
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.warmup = warmup

    def on_batch_begin(self, net: NeuralNetClassifier, training: bool = False, **kwargs: Any) -> None:
        """Apply the rate of the present progress."""
        if training:
            factor = SCHEDULES[self.schedule](self.clock.progress, self.warmup)
            for group in net.optimizer_.param_groups:
                group["lr"] = self.learning_rate * factor
