"""Models in files: safetensors for the numbers, JSON for the structures; nothing is ever unpickled."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from laconic.core.arrays import to_numpy
from laconic.core.checks import DataError
from laconic.core.files import atomic_write_bytes, write_json
from laconic.rnn.methods import METHODS
from laconic.rnn.reparametrise import Reparametrised, StructuredParameter, hold_at_zero, reparametrise
from laconic.structured import describe, packed_arrays, rebuild
from laconic.structured.nearest import moved

FORMAT = "laconic-weights-1"


def save_weights(model: nn.Module, path: str | Path, metadata: dict[str, Any] | None = None) -> None:
    """Write a model's weights, compressed ones as their structures, to PATH.safetensors and PATH.json.

    Each file is written whole or not at all; the JSON, last, names the tensors it belongs to.

    Parameters
    ----------
    model : torch.nn.Module
    path : str or Path
        With or without the ending .safetensors.
    metadata : dict, optional
        JSON values to keep beside the weights, returned by `load_weights`.
    """
    path = _stem(path)
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in _plain_tensors(model).items()}
    for prefix, parameter in _structured(model).items():
        packed = packed_arrays(parameter.structure)
        tensors |= {prefix + name: torch.from_numpy(to_numpy(array).copy()) for name, array in packed.items()}
    layers = {name: _layer_spec(module) for name, module in model.named_modules() if isinstance(module, Reparametrised)}
    document = {"format": FORMAT, "layers": layers, "metadata": metadata or {}}
    atomic_write_bytes(_with(path, ".safetensors"), save(tensors, {"laconic": json.dumps(document)}))
    write_json(_with(path, ".json"), document)


def load_weights(model: nn.Module, path: str | Path) -> dict[str, Any]:
    """Read into a model what `save_weights` wrote; layers that were compressed become so.

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
        If the file is not one of `save_weights`, or is of another model.
    """
    file = _with(_stem(path), ".safetensors")
    try:
        with safe_open(file, "pt") as opened:
            document = json.loads(opened.metadata()["laconic"])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # not a dict
        if document["format"] != FORMAT:
            raise KeyError(document["format"])
        return _restore(model, document, tensors, file)
    except (OSError, SafetensorError, KeyError, TypeError, json.JSONDecodeError, AttributeError) as error:
        raise DataError(f"load_weights: {file} does not hold the weights of this model ({error!r})") from error


def _restore(model: nn.Module, document: dict[str, Any], tensors: dict[str, Tensor], file: Path) -> dict[str, Any]:
    """Check that everything fits, then change the model: an error leaves it as it was."""
    layers = [(model.get_submodule(name), name, spec) for name, spec in document["layers"].items()]
    parameters = {
        (name, key): _parameter(spec, _pop(tensors, _join(name, f"compressed.{key}.")))
        for _, name, layer in layers
        for key, spec in layer["structures"].items()
    }
    gone = {_join(name, weight) for (name, _), p in parameters.items() for weight in p.weights}
    gone |= {_join(name, zero) for _, name, layer in layers for zero in layer["zeros"]}
    _check_fit({n: tuple(t.shape) for n, t in _plain_tensors(model).items() if n not in gone}, tensors, file)
    for module, name, layer in layers:
        for zero in layer["zeros"]:
            hold_at_zero(module, zero)
        for key in layer["structures"]:
            reparametrise(module, key, parameters[name, key])
    plain = _plain_tensors(model)
    with torch.no_grad():
        for name, tensor in tensors.items():
            plain[name].copy_(tensor)
    return dict(document["metadata"])


def _layer_spec(module: Reparametrised) -> dict[str, Any]:
    structures = {key: _spec(parameter) for key, parameter in module.compressed.items()}
    return {"structures": structures, "zeros": sorted(module._non_persistent_buffers_set)}


def _spec(parameter: nn.Module) -> dict[str, Any]:
    assert isinstance(parameter, StructuredParameter)
    return {
        "class": type(parameter).__name__,
        "weights": {name: list(shape) for name, shape in parameter.weights.items()},
        "structure": describe(parameter.structure),
    }


def _parameter(spec: dict[str, Any], arrays: dict[str, Tensor]) -> StructuredParameter:
    """Make the structured parameter that `_spec` described, of the class it was saved from."""
    structure = rebuild(spec["structure"], {name: to_numpy(t) for name, t in arrays.items()})
    like = next(t for t in arrays.values() if t.is_floating_point())
    weights = {name: tuple(shape) for name, shape in spec["weights"].items()}
    return _CLASSES[spec["class"]](moved(structure, like), weights)


_CLASSES = {method.parameter.__name__: method.parameter for method in METHODS.values()}


def _structured(model: nn.Module) -> dict[str, StructuredParameter]:
    """The structured parameters of a model by the prefix of their tensors' names."""
    return {f"{name}.": m for name, m in model.named_modules() if isinstance(m, StructuredParameter)}


def _plain_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Everything in the state of a model that does not belong to a structure."""
    prefixes = tuple(_structured(model))
    state = model.state_dict(keep_vars=True)
    return {name: t for name, t in state.items() if not (prefixes and name.startswith(prefixes))}


def _pop(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: tensors.pop(name) for name in list(tensors) if name.startswith(prefix)}


def _check_fit(expected: dict[str, tuple[int, ...]], tensors: dict[str, Tensor], file: Path) -> None:
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if expected != given:
        differ = sorted(name for name in expected.keys() | given.keys() if expected.get(name) != given.get(name))
        raise DataError(
            f"load_weights: {file} is of another model: {', '.join(differ[:5])} differ in presence or shape"
        )


def _join(module_name: str, name: str) -> str:
    return f"{module_name}.{name}" if module_name else name


def _stem(path: str | Path) -> Path:
    path = Path(path)
    return path.with_suffix("") if path.suffix in (".safetensors", ".json") else path


def _with(stem: Path, ending: str) -> Path:
    return stem.with_name(stem.name + ending)
