"""Models in files: safetensors for the numbers, JSON for the structures; nothing is ever unpickled."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from laconic.core.arrays import to_numpy
from laconic.core.checks import DataError, ParameterError
from laconic.core.files import atomic_write_bytes, write_json
from laconic.rnn.methods import METHODS
from laconic.rnn.reparametrise import Reparametrised, StructuredParameter, hold_at_zero, reparametrise, zeros
from laconic.structured import describe, packed_arrays, rebuild
from laconic.structured.nearest import moved

FORMAT = "laconic-weights-1"


def save_weights(model: nn.Module, path: str | Path, metadata: dict[str, Any] | None = None) -> None:
    """Write a model's weights, compressed ones as their structures, to PATH.safetensors and PATH.json.

    Each file is written whole or not at all. The JSON is for readers: the same text is the safetensors file's header,
    from which `load_weights` reads it.

    Parameters
    ----------
    model : torch.nn.Module
    path : str or Path
        With or without the ending .safetensors.
    metadata : dict, optional
        JSON values to keep beside the weights, returned by `load_weights`.

    Raises
    ------
    ParameterError
        If the metadata are not JSON values.
    """
    path = _stem(path)
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in _plain_tensors(model).items()}
    for prefix, parameter in _structured(model).items():
        packed = packed_arrays(parameter.structure)
        tensors |= {prefix + name: torch.from_numpy(to_numpy(array).copy()) for name, array in packed.items()}
    layers = {name: _layer_spec(module) for name, module in model.named_modules() if isinstance(module, Reparametrised)}
    document = {"format": FORMAT, "layers": layers, "metadata": metadata or {}}
    try:
        header = json.dumps(document, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ParameterError("save_weights", "metadata", f"JSON values ({error})", metadata) from None
    atomic_write_bytes(_with(path, ".safetensors"), save(tensors, {"laconic": header}))
    write_json(_with(path, ".json"), document)


def weights_file(path: str | Path) -> Path:
    """Return the safetensors file of what `save_weights` wrote to `path`, with or without its ending."""
    return _with(_stem(path), ".safetensors")


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Return the metadata given to `save_weights`, with no need of the model.

    Raises
    ------
    DataError
        If the file is not one of `save_weights`.
    """
    file = weights_file(path)
    try:
        with safe_open(file, "pt") as opened:
            return dict(json.loads(opened.metadata()["laconic"])["metadata"])
    except _NOT_OURS as error:
        raise DataError(f"{file} does not hold weights of laconic ({error!r})") from error


def load_weights(model: nn.Module, path: str | Path) -> dict[str, Any]:
    """Read into a model what `save_weights` wrote; layers that were compressed become so.

    The numbers take the type and device of the model's own. A model that is compressed in the same way already keeps
    its parameters and takes the numbers, so that an optimizer stays valid.

    Parameters
    ----------
    model : torch.nn.Module
        Built as the saved one was before it was compressed, or compressed in the same way.
    path : str or Path

    Returns
    -------
    dict
        The metadata that were saved.

    Raises
    ------
    DataError
        If the file is not one of `save_weights`, or is of another model; the model is as it was then.
    """
    file = weights_file(path)
    try:
        with safe_open(file, "pt") as opened:
            document = json.loads(opened.metadata()["laconic"])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # not a dict
        if document["format"] != FORMAT:
            raise KeyError(document["format"])
        layers = [_Layer.of(model, name, spec, tensors) for name, spec in document["layers"].items()]
        _check_fit(_expected(model, layers), tensors)
        metadata = dict(document["metadata"])
    except _NOT_OURS as error:
        reason = error if isinstance(error, DataError) else repr(error)
        raise DataError(f"load_weights: {file} does not hold the weights of this model ({reason})") from error
    _restore(model, layers, tensors)
    return metadata


_NOT_OURS = (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError)
"""What reading another file than ours, or one that was tampered with, can raise."""


def _restore(model: nn.Module, layers: list["_Layer"], tensors: dict[str, Tensor]) -> None:
    """Change the model, now that everything is known to fit."""
    for layer in layers:
        layer.restore()
    plain = _plain_tensors(model)
    with torch.no_grad():
        for name, tensor in tensors.items():
            plain[name].copy_(tensor)


@dataclass(frozen=True)
class _Layer:
    """A layer of a model and what a file makes of it."""

    names: list[str]
    """Where it stands in the model; more than one place if it is shared."""
    module: nn.Module
    parameters: dict[str, StructuredParameter]
    zeros: list[str]

    @classmethod
    def of(cls, model: nn.Module, name: str, spec: dict[str, Any], tensors: dict[str, Tensor]) -> "_Layer":
        """Make the structures of a layer, taking what they need out of `tensors`."""
        module = model.get_submodule(name)
        names = [other for other, m in model.named_modules(remove_duplicate=False) if m is module]
        weights = _weights(module)
        parameters = {
            key: _parameter(inner, _pop(tensors, _join(name, f"compressed.{key}.")), weights)
            for key, inner in spec["structures"].items()
        }
        layer = cls(names, module, parameters, list(spec["zeros"]))
        if isinstance(module, Reparametrised) and _layer_spec(module) != layer.spec:
            raise DataError(f"{name or 'the model'} is compressed in another way than the file's")
        if not set(layer.zeros) <= set(getattr(module, "_flat_weights_names", ())):
            raise DataError(f"{name or 'the model'} has no biases {layer.zeros}")
        return layer

    @property
    def spec(self) -> dict[str, Any]:
        return _described(self.parameters, self.zeros)

    @property
    def gone(self) -> set[str]:
        """Names of plain tensors that a model so compressed does not have."""
        formed = [weight for parameter in self.parameters.values() for weight in parameter.weights]
        return {_join(name, tensor) for name in self.names for tensor in (*formed, *self.zeros)}

    def restore(self) -> None:
        if isinstance(self.module, Reparametrised):
            for key, parameter in self.parameters.items():
                _copy(parameter, self.module.compressed[key])
            return
        for zero in self.zeros:
            hold_at_zero(self.module, zero)
        for key, parameter in self.parameters.items():
            reparametrise(self.module, key, parameter)


def _weights(module: nn.Module) -> dict[str, Tensor]:
    """The floating-point tensors of a module that a structure can stand for, by name."""
    parameters: dict[str, Tensor] = {name: p for name, p in module._parameters.items() if p is not None}
    if isinstance(module, Reparametrised):
        parameters |= {n: w for p in module.compressed.values() for n, w in p().items()}
    return parameters


def _copy(source: StructuredParameter, target: nn.Module) -> None:
    with torch.no_grad():
        for name, array in source.structure.arrays.items():
            getattr(target, name).copy_(array)
    if isinstance(target, StructuredParameter):
        target.set_options(source.options)


def _layer_spec(module: Reparametrised) -> dict[str, Any]:
    return _described(dict(module.compressed.items()), zeros(module))


def _described(parameters: Mapping[str, nn.Module], zeros: list[str]) -> dict[str, Any]:
    return {"structures": {key: _spec(parameter) for key, parameter in parameters.items()}, "zeros": zeros}


def _spec(parameter: nn.Module) -> dict[str, Any]:
    assert isinstance(parameter, StructuredParameter)
    return {
        "class": type(parameter).__name__,
        "options": parameter.options,
        "weights": {name: list(shape) for name, shape in parameter.weights.items()},
        "structure": describe(parameter.structure),
        "arrays": {name: list(array.shape) for name, array in parameter.structure.arrays.items()},
    }


def _parameter(spec: dict[str, Any], arrays: dict[str, Tensor], weights: dict[str, Tensor]) -> StructuredParameter:
    """Make the structured parameter that `_spec` described, in the place of some of a module's weights."""
    replaced = {name: weights[name] for name in spec["weights"]}
    shapes = {name: tuple(weight.shape) for name, weight in replaced.items()}
    if not replaced:
        raise DataError("a structure for no weight")
    like = next(iter(replaced.values()))
    structure = rebuild(spec["structure"], {name: to_numpy(t) for name, t in arrays.items()})
    width = sum(shape[1] if len(shape) > 1 else 1 for shape in shapes.values())
    if structure.shape != (len(like), width) or packed_arrays(structure).keys() != arrays.keys():
        raise DataError(f"{structure!r} for weights of shapes {shapes}")
    parameter = _CLASSES[spec["class"]](moved(structure, like), shapes)
    parameter.set_options(spec["options"])
    parameter.requires_grad_(any(weight.requires_grad for weight in replaced.values()))
    return parameter


_CLASSES = {method.parameter.__name__: method.parameter for method in METHODS.values()}


def _structured(model: nn.Module) -> dict[str, StructuredParameter]:
    """The structured parameters of a model by the prefix of their tensors' names."""
    return {f"{name}.": m for name, m in model.named_modules() if isinstance(m, StructuredParameter)}


def _plain_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Everything in the state of a model that does not belong to a structure."""
    modules = model.named_modules(remove_duplicate=False)
    prefixes = tuple(f"{name}." for name, m in modules if isinstance(m, StructuredParameter))
    state = model.state_dict(keep_vars=True)
    return {name: t for name, t in state.items() if not (prefixes and name.startswith(prefixes))}


def _expected(model: nn.Module, layers: list[_Layer]) -> dict[str, tuple[int, ...]]:
    """Shapes of the plain tensors that a file for these layers must hold."""
    gone = {name for layer in layers for name in layer.gone}
    return {name: tuple(t.shape) for name, t in _plain_tensors(model).items() if name not in gone}


def _pop(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensors.pop(name) for name in list(tensors) if name.startswith(prefix)}


def _check_fit(expected: dict[str, tuple[int, ...]], tensors: dict[str, Tensor]) -> None:
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if expected != given:
        differ = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
        raise DataError(f"{', '.join(differ[:5])} differ in presence or shape")


def _join(module_name: str, name: str) -> str:
    return f"{module_name}.{name}" if module_name else name


def _stem(path: str | Path) -> Path:
    path = Path(path)
    return path.with_suffix("") if path.suffix in (".safetensors", ".json") else path


def _with(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)
