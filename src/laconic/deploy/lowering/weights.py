"""The weights of a module as structures and arrays of NumPy."""

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from laconic.core.arrays import to_numpy
from laconic.core.checks import check_finite
from laconic.deploy.lowering.refusal import joined
from laconic.rnn.reparametrise import Reparametrised, StructuredParameter
from laconic.structured import DenseMatrix, StructuredMatrix

Array = NDArray[Any]


def matrices(module: nn.Module, layer: str, key: str, names: tuple[str, ...]) -> tuple[StructuredMatrix, ...]:
    """Return the structure that stands for the weights of these names of a layer, or one for each."""
    held: dict[str, Any] = dict(module.compressed.items()) if isinstance(module, Reparametrised) else {}
    if key in held:
        return (_structure(held[key], joined(layer, key)),)
    return tuple(
        _structure(held[name], joined(layer, name))
        if name in held
        else DenseMatrix(numpy_of(getattr(module, name), joined(layer, name)))
        for name in names
    )


def _structure(parameter: StructuredParameter, name: str) -> StructuredMatrix:
    structure = parameter.structure
    return structure.with_arrays({key: numpy_of(array, name) for key, array in structure.arrays.items()})


def numpy_of(tensor: Tensor, name: str) -> Array:
    """Return a tensor as an array, or raise `DataError` if it is not finite; halves become float32."""
    tensor = tensor.detach()
    array: Array = to_numpy(tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor).copy()
    if array.dtype.kind == "f":
        check_finite("lower", f"{name}", array)
    return array
