"""Which optimiser trains a network."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from laconic.rnn.training.full_adam import MOST, FullAdam

Chosen = tuple[type[Optimizer], dict[str, Any]]
"""An optimiser and what it is made with, beside rates and decay."""


def adamw(module: nn.Module, device: str) -> Chosen:
    """Adam, with the decay of weights apart."""
    return torch.optim.AdamW, {"fused": torch.device(device).type in ("cpu", "cuda")}


def full_adam(module: nn.Module, device: str) -> Chosen:
    """All weights together; where there are more than it takes, AdamW."""
    n = sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
    return (FullAdam, {}) if n <= MOST else adamw(module, device)


OPTIMIZERS: dict[str, Callable[[nn.Module, str], Chosen]] = {"adamw": adamw, "full-adam": full_adam}
"""Every optimiser by name; a new one adds its line here."""
