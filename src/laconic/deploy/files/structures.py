"""A structure inside a graph's file: its description as JSON, its arrays under names that begin with its place."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError, check_finite
from laconic.structured import KINDS, StructuredMatrix, describe, packed_arrays, rebuild

Array = NDArray[Any]

MOST_ENTRIES = 2**25
"""Of the whole matrix that a structure stands for, which some steps form, and of one array."""


def packed(structure: Any, place: str, arrays: dict[str, Array]) -> dict[str, Any]:
    """Return the description of a structure; put its arrays beside it."""
    if not isinstance(structure, StructuredMatrix) or KINDS.get(structure.kind) is not type(structure):
        raise DataError(f"{place} must be a structure of {', '.join(KINDS)}, got {type(structure).__name__}")
    if not all(isinstance(array, np.ndarray) for array in structure.arrays.values()):
        raise DataError(f"{place} must be made of NumPy arrays")
    arrays |= {f"{place}.{name}": array for name, array in packed_arrays(structure).items()}
    return describe(structure)


def unpacked(spec: Any, place: str, arrays: dict[str, Array]) -> StructuredMatrix:
    """Undo `packed`: take a structure's arrays out of what is there."""
    within = f"{place}."
    own = {name.removeprefix(within): arrays.pop(name) for name in list(arrays) if name.startswith(within)}
    found = rebuild(spec, own)
    if packed_arrays(found).keys() != own.keys() or describe(found) != spec:
        raise DataError(f"{place} has parts or options that a structure of its kind has not")
    if prod(found.shape) > MOST_ENTRIES:
        raise DataError(f"{place} stands for a matrix of shape {found.shape}, at most {MOST_ENTRIES} entries")
    _check_numbers(found, place)
    return found


def _check_numbers(structure: StructuredMatrix, place: str) -> None:
    types = {str(array.dtype) for array in structure.parameters.values()}
    if types not in ({"float32"}, {"float64"}):
        raise DataError(f"{place} must be of float32 or float64, got {sorted(types)}")
    for name, array in structure.parameters.items():
        check_finite("the graph", f"{place}.{name}", array)
