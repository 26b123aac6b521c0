"""Gradient clipping."""

from typing import Any

from torch.nn.utils import clip_grad_norm_

from laconic.rnn.training.border import Callback, NeuralNetClassifier


class ClipGradients(Callback):
    """Shrink the gradient of all weights together to a largest Euclidean norm.

    Parameters
    ----------
    largest_norm : float
    """

    def __init__(self, largest_norm: float) -> None:
        self.largest_norm = largest_norm

    def on_train_begin(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Look the weights up once."""
        self.weights_ = [weight for weight in net.module_.parameters() if weight.requires_grad]

    def on_grad_computed(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Clip before the optimiser's step."""
        clip_grad_norm_(self.weights_, self.largest_norm)
