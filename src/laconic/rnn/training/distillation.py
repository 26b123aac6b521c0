"""Learning from the answers of a larger network."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained network whose answers another one learns.

    Attributes
    ----------
    module : nn.Module
        Maps sequences as the learner sees them to logits (n, n_classes).
    share : float
        Of its answers in what training minimises, in (0, 1].
    temperature : float
        Both networks' logits are divided by it before they are compared.
    """

    module: nn.Module
    share: float
    temperature: float

    def loss(self, plain: Tensor, logits: Tensor, x: Tensor) -> Tensor:
        """Return the loss with the teacher's part.

        Parameters
        ----------
        plain : Tensor ()
            Loss against the true classes.
        logits : Tensor (n, n_classes)
            Of the learner, for the sequences `x`.

        Notes
        -----
        (1 - share) plain + share T^2 KL(teacher || learner), both softened by T (arXiv:1503.02531).
        """
        with torch.no_grad():
            answers = log_softmax(self.module(x) / self.temperature, dim=1)
        ours = log_softmax(logits / self.temperature, dim=1)
        apart = kl_div(ours, answers, reduction="batchmean", log_target=True)
        return (1 - self.share) * plain + self.share * self.temperature**2 * apart


class Rescaled(nn.Module):
    """A network behind a change of scale: it takes sequences as one standardisation leaves them, and knows another's.

    Parameters
    ----------
    module : nn.Module
    scale, offset : Tensor (n_features,)
        What features are multiplied with, then raised by.
    """

    scale: Tensor
    offset: Tensor

    def __init__(self, module: nn.Module, scale: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.module = module
        self.register_buffer("scale", scale)
        self.register_buffer("offset", offset)

    def forward(self, x: Tensor) -> Tensor:
        """Return the module's logits."""
        answers: Tensor = self.module(x * self.scale + self.offset)
        return answers
