"""A module's weights formed from few parameters, under their old names.

The module keeps its place, its forward and its kind (`isinstance` holds); its matrices become properties formed from
a structure, once for each call of forward, so that the fused kernels run as before and gradients reach the
structure's parameters.
"""

import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from laconic.core.checks import check_interval
from laconic.structured import StructuredMatrix

M = TypeVar("M", bound=nn.Module)

# What cuDNN says of formed weights, which are new at every call and so cannot have been packed before.
warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk", UserWarning)


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
        self._names = tuple(structure.arrays)
        self._latest: tuple[StructuredMatrix, list[Tensor]] | None = None

    @property
    def structure(self) -> StructuredMatrix:
        """The structure, made of this module's parameters."""
        arrays = [getattr(self, name) for name in self._names]
        if self._latest is None or any(a is not b for a, b in zip(arrays, self._latest[1], strict=True)):
            structure = self._template.with_arrays(dict(zip(self._names, arrays, strict=True)))
            if not all(isinstance(array, nn.Parameter) for array in arrays):
                return structure  # made of what functional_call lends, or of buffers: not to be held
            self._latest = structure, arrays
        return self._latest[0]

    @property
    def options(self) -> dict[str, Any]:
        """What else than the structure a file has to keep, as JSON values."""
        return {}

    def set_options(self, options: Mapping[str, Any]) -> None:
        """Take what `options` gave before."""

    def forward(self) -> dict[str, Tensor]:
        """Return the weights by name, formed from the parameters in their own precision."""
        with _own_precision(getattr(self, self._names[0]).device):
            dense = self.formed()
        widths = [shape[1] if len(shape) > 1 else 1 for shape in self.weights.values()]
        pieces = torch.split(dense, widths, dim=1)
        return {name: p.reshape(s) for (name, s), p in zip(self.weights.items(), pieces, strict=True)}

    def formed(self) -> Tensor:
        """Return the whole matrix, as a forward in the present mode uses it."""
        dense: Tensor = self.structure.dense()
        return dense

    def anneal(self, progress: float) -> None:
        """Take the form of this stage of training, 0 to 1; nothing to do unless a method says so."""

    def extra_repr(self) -> str:
        """Return the structure's formula."""
        return f"{' | '.join(self.weights)} = {self._template.formula}"

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_latest": None}


def _own_precision(device: torch.device) -> AbstractContextManager[Any]:
    """Autocast must not reach into the product: its kernels would round each factor, and not every structure alike."""
    kind = device.type
    active = torch.amp.autocast_mode.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    return torch.autocast(kind, enabled=False) if active else nullcontext()


class Reparametrised(nn.Module):
    """What a module becomes when some of its weights are formed; see `reparametrise`."""

    compressed: nn.ModuleDict

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Form the weights once, then do what the module always did."""
        with _formed_once(self):
            return super().forward(*args, **kwargs)

    def reset_parameters(self) -> None:
        """Refuse: what a layer does to its own weights would reach the factors of a product instead."""
        kind = type(self).__name__
        raise RuntimeError(f"{kind} is compressed: initialise it before laconic.rnn.compress, or use init='random'")

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _blank, (type(self).__bases__[1], _formed_names(self)), self._state()

    def _state(self) -> dict[str, Any]:
        return self.__getstate__()  # type: ignore[no-any-return, no-untyped-call]  # object's own, untyped


class ReparametrisedRNN(Reparametrised):
    """A layer of torch's fused kernels, which read their weights from a list that they keep: here it is not kept."""

    _flat_weights_names: list[str]

    @property
    def _flat_weights(self) -> list[Tensor]:
        weights = _formed(self)
        found = [weights[name] if name in weights else getattr(self, name) for name in self._flat_weights_names]
        return found if found[0].device.type == "cpu" else [weight.contiguous() for weight in found]  # cuDNN's wish

    @property
    def _flat_weight_refs(self) -> list[Any]:
        return []

    @_flat_weight_refs.setter
    def _flat_weight_refs(self, refs: list[Any]) -> None:
        """Nothing to keep."""

    def _init_flat_weights(self) -> None:
        """Nothing to keep."""

    def _update_flat_weights(self) -> None:
        """Nothing to keep."""

    def flatten_parameters(self) -> None:
        """Do nothing: packing weights in place is for leaves; cuDNN copies formed ones itself."""

    def _state(self) -> dict[str, Any]:
        return dict(self.__dict__)


_KEPT_BY_TORCH = ("_flat_weights", "_flat_weight_refs")
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
    for name in _KEPT_BY_TORCH:
        module.__dict__.pop(name, None)
    base, names = type(module), tuple[str, ...]()
    if isinstance(module, Reparametrised):
        base, names = type(module).__bases__[1], _formed_names(module)
    else:
        module.add_module("compressed", nn.ModuleDict())
    parameters: Any = module.compressed
    parameters[key] = parameter
    parameters.train(module.training)
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

    Raises
    ------
    ParameterError
        If the progress is not a number from 0 to 1.
    """
    progress = check_interval("anneal", "progress", progress, 0, 1)
    for module in model.modules():
        if isinstance(module, StructuredParameter):
            module.anneal(progress)


def materialise(model: M) -> M:
    """Turn a compressed model back into a plain one, in place: each weight becomes an ordinary parameter.

    The model predicts as before and has forgotten its structure; for tools that know plain layers only.
    """
    for module in list(model.modules()):
        if isinstance(module, Reparametrised):
            _undress(module)
    return model


def _undress(module: nn.Module) -> None:
    trained = any(parameter.requires_grad for parameter in module.compressed.parameters())  # type: ignore[union-attr]
    weights = {name: nn.Parameter(w.detach().clone(), trained) for name, w in _formed(module).items()}
    module.__class__ = type(module).__bases__[1]
    del module._modules["compressed"]
    for name in zeros(module):
        module._non_persistent_buffers_set.discard(name)
        weights[name] = nn.Parameter(module._buffers.pop(name), trained)  # type: ignore[arg-type]  # never None here
    parameters = weights | module._parameters
    order = list(getattr(module, "_flat_weights_names", parameters))
    module._parameters = {name: parameters[name] for name in sorted(parameters, key=order.index)}
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
    outer = held.get(id(module))
    held[id(module)] = _formed(module)
    try:
        yield
    finally:
        if outer is None:
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
        kind = ReparametrisedRNN if issubclass(base, nn.RNNBase) else Reparametrised
        _classes[base, names] = type(base.__name__, (kind, base), members)
    return _classes[base, names]


def _formed_names(module: nn.Module) -> tuple[str, ...]:
    return tuple(name for name, member in vars(type(module)).items() if isinstance(member, property))


def _blank(base: type[nn.Module], names: tuple[str, ...]) -> nn.Module:
    """An empty module of the dressed class, for pickle and copy to fill."""
    cls = _dressed(base, names)
    module: nn.Module = cls.__new__(cls)
    return module


def merged_bias(first: Tensor, second: Tensor, shares: tuple[float, ...]) -> Tensor:
    """Return the first bias vector of a layer plus the second one's share, gate by gate."""
    share = torch.tensor(shares).repeat_interleave(len(second) // len(shares))
    return first.detach() + second.detach() * share.to(second)


def merge_biases(module: nn.Module, first: str, second: str, shares: tuple[float, ...]) -> None:
    """Add the second bias vector of a layer into the first, gate by gate, and hold it at zero from now on."""
    kept = module.get_parameter(first)
    with torch.no_grad():
        kept.copy_(merged_bias(kept, module.get_parameter(second), shares))
    hold_at_zero(module, second)


def hold_at_zero(module: nn.Module, name: str) -> None:
    """Let a parameter be zero from now on: it is no longer learned, counted or saved."""
    if name in module._parameters:
        zero = torch.zeros_like(module.get_parameter(name), requires_grad=False)
        del module._parameters[name]
        module.register_buffer(name, zero, persistent=False)


def zeros(module: nn.Module) -> list[str]:
    """Return the names of the bias vectors of a module that are held at zero."""
    return [name for name in getattr(module, "_flat_weights_names", ()) if name in module._buffers]
