"""Counting what a model is made of: parameters, bytes and multiply-adds, by one rule for every method."""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn
from torch.nn.utils import parametrize

from laconic.rnn.reparametrise import Reparametrised, StructuredParameter


@dataclass(frozen=True)
class Footprint:
    """What some modules hold."""

    parameters: int = 0
    bytes: int = 0

    def __add__(self, other: "Footprint") -> "Footprint":
        return Footprint(self.parameters + other.parameters, self.bytes + other.bytes)

    def __sub__(self, other: "Footprint") -> "Footprint":
        return Footprint(self.parameters - other.parameters, self.bytes - other.bytes)


def count_parameters(model: nn.Module) -> int:
    """Return the number of parameters of a model, those of its structures as the structures count them.

    A pruned matrix counts its non-zeros, a recurrent layer one bias vector a gate, though torch's layers hold two. A
    parameter that several modules share counts once.
    """
    return footprint(model.modules(), set()).parameters


def footprint(modules: Iterable[nn.Module], counted: set[int]) -> Footprint:
    """Return what modules hold themselves, their submodules not among it.

    Parameters
    ----------
    counted : set of int
        Identities of the parameters counted before, which are left out; it grows.
    """
    total = Footprint()
    for module in modules:
        if isinstance(module, StructuredParameter):
            total += _structured(module, counted)
        else:
            total += _plain(module, counted)
    return total


def own_parts(module: nn.Module) -> list[nn.Module]:
    """Return a module and the submodules that hold weights on its behalf: structures, torch's parametrizations."""
    helpers = {"compressed"} if isinstance(module, Reparametrised) else set[str]()
    helpers |= {"parametrizations"} if parametrize.is_parametrized(module) else set()
    return [module, *(part for helper in sorted(helpers) for part in module.get_submodule(helper).modules())]


def count_macs(module: nn.Module) -> int:
    """Return the multiply-adds of a module's own matrices for one step or input; an embedding looks its row up."""
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return 0
    structures = (part.structure for part in own_parts(module) if isinstance(part, StructuredParameter))
    return count_plain_macs(module) + sum(structure.n_macs for structure in structures)


def count_plain_macs(module: nn.Module) -> int:
    """Return the entries of a module's own weight matrices that are no structures."""
    weights = [(n, w) for n, w in module._parameters.items() if w is not None and not _is_lazy(w)]
    if parametrize.is_parametrized(module):
        weights += [(n, getattr(module, n)) for n in module.get_submodule("parametrizations")._modules]
    return sum(weight.numel() for name, weight in weights if weight.dim() == 2 and "weight" in name)


def _plain(module: nn.Module, counted: set[int]) -> Footprint:
    total = Footprint()
    for name, parameter in module._parameters.items():
        second = isinstance(module, nn.RNNBase) and name.startswith("bias_hh")
        if parameter is not None and not second and id(parameter) not in counted and not _is_lazy(parameter):
            counted.add(id(parameter))
            total += Footprint(parameter.numel(), parameter.numel() * parameter.element_size())
    return total


def _structured(module: StructuredParameter, counted: set[int]) -> Footprint:
    if id(module) in counted:
        return Footprint()
    counted.add(id(module))
    count, itemsize = module.structure.n_parameters, next(module.parameters()).element_size()
    return Footprint(count, count * itemsize)


def _is_lazy(parameter: nn.Parameter) -> bool:
    """Whether the size of a parameter is not known yet; it counts as none."""
    return isinstance(parameter, nn.UninitializedParameter)
