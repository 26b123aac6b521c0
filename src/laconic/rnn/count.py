"""Counting what a model is made of."""

from torch import nn

from laconic.rnn.reparametrise import StructuredParameter


def count_parameters(model: nn.Module) -> int:
    """Return the number of parameters of a model, those of its structures as the structures count them.

    A pruned matrix counts its non-zeros. A parameter that several modules share counts once.
    """
    inside = [module for module in model.modules() if isinstance(module, StructuredParameter)]
    structured = {id(parameter) for module in inside for parameter in module.parameters()}
    plain = sum(p.numel() for p in model.parameters() if id(p) not in structured)
    return plain + sum(module.structure.n_parameters for module in inside)
