"""The one file that knows the array API: NumPy, torch (with gradients) and others through the same few names."""

from typing import Any

import numpy as np
from array_api_compat import (
    array_namespace,
    device,
    is_array_api_obj,
    is_numpy_array,
    is_torch_array,
    size,
)

Array = Any
"""An array of any library that follows the array API standard; shapes are given where it is used."""

__all__ = [
    "Array",
    "array_namespace",
    "as_array",
    "device",
    "is_array",
    "is_floating",
    "size",
    "to_numpy",
    "transpose",
    "zeros_like_shape",
]


def as_array(value: Any) -> Array:
    """Return `value` unchanged if it is an array of some library, else as a NumPy array."""
    return value if is_array_api_obj(value) else np.asarray(value)


def is_array(value: Any) -> bool:
    """Whether `value` is an array of some library that follows the array API."""
    return bool(is_array_api_obj(value))


def is_floating(array: Array) -> bool:
    """Whether the array holds real floating-point numbers."""
    return bool(array_namespace(array).isdtype(array.dtype, "real floating"))


def to_numpy(array: Array) -> "np.ndarray[Any, Any]":
    """Return the values as a NumPy array on the CPU, without gradients.

    The floating type is kept, except that torch's bfloat16, which NumPy lacks, becomes float32. Memory may be shared.
    """
    if is_numpy_array(array):
        return np.asarray(array)
    if is_torch_array(array):
        array = array.detach().cpu()
        array = array.float() if str(array.dtype) == "torch.bfloat16" else array
    return np.from_dlpack(array) if hasattr(array, "__dlpack__") else np.asarray(array)


def transpose(array: Array) -> Array:
    """Swap the last two axes: shape (..., m, n) becomes (..., n, m)."""
    return array_namespace(array).matrix_transpose(array)


def zeros_like_shape(shape: tuple[int, ...], like: Array) -> Array:
    """Return zeros of `shape` in the library, type and device of `like`."""
    return array_namespace(like).zeros(shape, dtype=like.dtype, device=device(like))
