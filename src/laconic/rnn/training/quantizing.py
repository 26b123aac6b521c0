"""Training with the rounded weights and biases that a device will have."""

from contextlib import ExitStack
from typing import Any

from laconic.rnn.quantization import quantized
from laconic.rnn.training.border import Callback, NeuralNetClassifier
from laconic.rnn.training.clock import Clock


class Quantize(Callback):
    """Find the gradients of training batches with rounded numbers, in the last part of the training.

    From the start of a batch until its gradients are known the module holds them; the optimiser's step is taken by its
    own numbers, which are what checkpoints and averages keep.

    Parameters
    ----------
    clock : Clock
    share : float
        Of the training, from its end.
    """

    def __init__(self, clock: Clock, share: float) -> None:
        self.clock = clock
        self.share = share
        self.held_ = ExitStack()

    def on_batch_begin(self, net: NeuralNetClassifier, training: bool = False, **kwargs: Any) -> None:
        """Round."""
        if training and self.clock.progress > 1 - self.share:
            self.held_.enter_context(quantized(net.module_))

    def on_grad_computed(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Undo it before the optimiser's step."""
        self.held_.close()
