"""The norm of the gradient: measured, and kept within a limit."""

import math
from typing import Any

from torch.nn.utils import clip_grad_norm_

from laconic.rnn.training.border import Callback, NeuralNetClassifier

NORM = "gradient_norm"
"""What a batch's row of the history calls it."""


class ClipGradients(Callback):
    """Record the Euclidean norm of the gradient of all weights together, and shrink it to the largest allowed.

    Parameters
    ----------
    largest_norm : float or None
        None shrinks nothing.
    """

    def __init__(self, largest_norm: float | None) -> None:
        self.largest_norm = math.inf if largest_norm is None else largest_norm

    def on_train_begin(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Look the weights up once."""
        self.weights_ = [weight for weight in net.module_.parameters() if weight.requires_grad]

    def on_grad_computed(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Clip before the optimiser's step."""
        norm = clip_grad_norm_(self.weights_, self.largest_norm)
        net.history.record_batch(NORM, float(norm))
