"""A module's weights formed from few parameters, under their old names.

The module keeps its place, its forward and its kind (`isinstance` holds); its matrices become properties formed from
a structure, once for each call of forward, so that the fused kernels run as before and gradients reach the
structure's parameters.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from laconic.structured import StructuredMatrix


class StructuredParameter(nn.Module):
    """The parameters of a structured matrix that stands for one or more weights side by side.

    Parameters
    ----------
    structure : StructuredMatrix of shape (rows, sum of the weights' columns)
        Made of torch tensors: its floating-point arrays become parameters, the others buffers.
    weights : mapping of str to tuple of int
        Names of the weights it stands for, from left to right, and the shape of each.
    """

    def __init__(self, structure: StructuredMatrix, weights: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        self.weights = dict(weights)
        for name, array in structure.arrays.items():
            if array.is_floating_point():
                self.register_parameter(name, nn.Parameter(array))
            else:
                self.register_buffer(name, array)
        self._template = structure.with_arrays(
            {name: array.detach().to("meta") for name, array in structure.arrays.items()}
        )

    @property
    def structure(self) -> StructuredMatrix:
        """The structure, made of this module's parameters."""
        return self._template.with_arrays({name: getattr(self, name) for name in self._template.arrays})

    def forward(self) -> dict[str, Tensor]:
        """Return the weights by name, formed from the parameters."""
        dense = self.structure.dense()
        widths = [shape[1] if len(shape) > 1 else 1 for shape in self.weights.values()]
        pieces = dense.split(widths, dim=1)
        return {name: p.reshape(s) for (name, s), p in zip(self.weights.items(), pieces, strict=True)}

    def anneal(self, progress: float) -> None:
        """Take the form of this stage of training, 0 to 1; nothing to do unless a method says so."""

    def extra_repr(self) -> str:
        """Return the structure's formula."""
        return f"{' | '.join(self.weights)} = {self._template.formula}"


class Reparametrised(nn.Module):
    """What a module becomes when some of its weights are formed; see `reparametrise`."""

    compressed: nn.ModuleDict

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Form the weights once, then do what the module always did."""
        with _formed_once(self):
            if isinstance(self, nn.RNNBase):
                self._init_flat_weights()
            return super().forward(*args, **kwargs)

    def flatten_parameters(self) -> None:
        """Do nothing: packing weights in place is for leaves; cuDNN copies formed ones itself."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave the formed weights out: they are made again from the parameters."""
        return {key: [] if key in _DERIVED else value for key, value in self.__dict__.items()}

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _blank, (type(self).__bases__[1], _formed_names(self)), self.__getstate__()


_DERIVED = ("_flat_weights", "_flat_weight_refs")
_forming = threading.local()


def reparametrise(module: nn.Module, key: str, parameter: StructuredParameter) -> None:
    """Let `parameter` stand for the weights it names: they become properties, no longer parameters, of `module`.

    Parameters
    ----------
    module : torch.nn.Module
        Changed in place; its class becomes a subclass of the same name.
    key : str
        Name of the parameter's submodule under ``module.compressed``.
    parameter : StructuredParameter
    """
    for name in parameter.weights:
        module._parameters.pop(name, None)
    base, names = type(module), tuple[str, ...]()
    if isinstance(module, Reparametrised):
        base, names = type(module).__bases__[1], _formed_names(module)
    else:
        module.add_module("compressed", nn.ModuleDict())
    parameters: Any = module.compressed
    parameters[key] = parameter
    module.__class__ = _dressed(base, tuple(dict.fromkeys((*names, *parameter.weights))))


def structures(model: nn.Module) -> dict[str, StructuredMatrix]:
    """Return every structure inside a compressed model, by the name of its submodule."""
    return {name: m.structure for name, m in model.named_modules() if isinstance(m, StructuredParameter)}


def anneal(model: nn.Module, progress: float) -> None:
    """Bring a model to a stage of its training: gradually pruned weights get the mask of that stage.

    Parameters
    ----------
    model : torch.nn.Module
    progress : float
        Share of the training that is done, 0 to 1. At 1 the model is as small as `compress` promised.
    """
    for module in model.modules():
        if isinstance(module, StructuredParameter):
            module.anneal(min(max(float(progress), 0.0), 1.0))


def materialise(model: nn.Module) -> nn.Module:
    """Turn a compressed model back into a plain one, in place: each weight becomes an ordinary parameter.

    The model predicts as before and has forgotten its structure; for tools that know plain layers only.
    """
    for module in list(model.modules()):
        if isinstance(module, Reparametrised):
            _undress(module)
    return model


def _undress(module: nn.Module) -> None:
    weights = {name: nn.Parameter(weight.detach().clone()) for name, weight in _formed(module).items()}
    module.__class__ = type(module).__bases__[1]
    del module._modules["compressed"]
    for name in [name for name in module._buffers if name.startswith("bias")]:
        weights[name] = nn.Parameter(module._buffers.pop(name))  # type: ignore[arg-type]  # never None here
    for name, weight in weights.items():
        module.register_parameter(name, weight)
    if isinstance(module, nn.RNNBase):
        module._init_flat_weights()


def _formed(module: nn.Module) -> dict[str, Tensor]:
    """The weights of a module: those of the forward that runs in this thread, else newly formed."""
    held: dict[str, Tensor] | None = getattr(_forming, "weights", {}).get(id(module))
    if held is not None:
        return held
    parameters: nn.ModuleDict = module.compressed  # type: ignore[assignment]  # nn.Module types it loosely
    return {name: weight for parameter in parameters.values() for name, weight in parameter().items()}


@contextmanager
def _formed_once(module: nn.Module) -> Iterator[None]:
    """Hold a module's weights for the time of one forward in this thread."""
    held = _forming.__dict__.setdefault("weights", {})
    held[id(module)] = _formed(module)
    try:
        yield
    finally:
        del held[id(module)]


def _formed_weight(name: str) -> property:
    def get(module: nn.Module) -> Tensor:
        return _formed(module)[name]

    return property(get, doc="Formed from a structure; see laconic.rnn.structures.")


_classes: dict[tuple[type[nn.Module], tuple[str, ...]], type[nn.Module]] = {}


def _dressed(base: type[nn.Module], names: tuple[str, ...]) -> type[nn.Module]:
    """Return the subclass of `base` whose weights of these names are formed; the same one for the same question."""
    if (base, names) not in _classes:
        members: dict[str, Any] = {name: _formed_weight(name) for name in names}
        members |= {"__module__": base.__module__, "__qualname__": base.__qualname__, "__doc__": base.__doc__}
        _classes[base, names] = type(base.__name__, (Reparametrised, base), members)
    return _classes[base, names]


def _formed_names(module: nn.Module) -> tuple[str, ...]:
    return tuple(name for name, member in vars(type(module)).items() if isinstance(member, property))


def _blank(base: type[nn.Module], names: tuple[str, ...]) -> nn.Module:
    """An empty module of the dressed class, for pickle and copy to fill."""
    cls = _dressed(base, names)
    module: nn.Module = cls.__new__(cls)
    return module


def merge_biases(module: nn.Module, first: str, second: str, shares: tuple[float, ...]) -> None:
    """Add the second bias vector of a layer into the first, gate by gate, and hold it at zero from now on."""
    kept, added = module.get_parameter(first), module.get_parameter(second)
    share = torch.tensor(shares).repeat_interleave(len(added) // len(shares))
    with torch.no_grad():
        kept.add_(added * share.to(added))
    hold_at_zero(module, second)


def hold_at_zero(module: nn.Module, name: str) -> None:
    """Let a parameter be zero from now on: it is no longer learned, counted or saved."""
    if name in module._parameters:
        zero = torch.zeros_like(module.get_parameter(name), requires_grad=False)
        del module._parameters[name]
        module.register_buffer(name, zero, persistent=False)
