"""Structures in files and messages: a JSON description and plain arrays, never pickled objects."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from laconic.core.archive import pack_arrays, read_arrays
from laconic.core.arrays import Array, to_numpy
from laconic.core.checks import DataError
from laconic.core.files import atomic_write_bytes
from laconic.structured.base import Part, StructuredMatrix

_SPEC = "__structure__"
_DEEPEST = 16


def describe(structure: StructuredMatrix) -> dict[str, Any]:
    """Return what `rebuild` needs besides the arrays, as JSON values: kind, options and parts, by name."""
    parts = {
        name: describe(part) if isinstance(part, StructuredMatrix) else None for name, part in structure.packed.items()
    }
    return {"kind": structure.kind, "options": structure.options, "parts": parts}


def packed_arrays(structure: StructuredMatrix) -> dict[str, Array]:
    """Return the arrays that a file holds, by flat name such as ``block_0_factor_1``."""
    found: dict[str, Array] = {}
    for name, part in structure.packed.items():
        inner = packed_arrays(part) if isinstance(part, StructuredMatrix) else None
        found |= {name: part} if inner is None else {f"{name}_{key}": a for key, a in inner.items()}
    return found


def rebuild(
    spec: Mapping[str, Any],
    arrays: Mapping[str, Array],
    kinds: Mapping[str, type[StructuredMatrix]],
    depth: int = 0,
) -> StructuredMatrix:
    """Return the structure that `describe` described, made of `arrays` (named as `packed_arrays` names them).

    Raises
    ------
    DataError
        If the description or the arrays are not of a structure.
    """
    try:
        if depth >= _DEEPEST:
            raise DataError(f"rebuild: structures inside each other more than {_DEEPEST} deep")
        kind = kinds[spec["kind"]]
        parts: dict[str, Part] = {}
        for name, inner in spec["parts"].items():
            below = {key[len(name) + 1 :]: a for key, a in arrays.items() if key.startswith(f"{name}_")}
            parts[name] = arrays[name] if inner is None else rebuild(inner, below, kinds, depth + 1)
        return kind.unpack(parts, spec["options"])
    except DataError:
        raise
    except KeyError as error:
        raise DataError(f"rebuild: the description or the arrays lack or do not know {error}") from error
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise DataError(f"rebuild: not the description of a structure with its arrays ({error})") from error


def save_structure(structure: StructuredMatrix, path: str | Path) -> None:
    """Write a structure to an .npz file (whole or not at all); torch tensors are stored as NumPy arrays.

    Parameters
    ----------
    structure : StructuredMatrix
    path : str or Path
        Taken as it is: no ending is added.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    arrays: dict[str, Any] = {name: to_numpy(array) for name, array in packed_arrays(structure).items()}
    arrays[_SPEC] = np.array(json.dumps(describe(structure)))
    atomic_write_bytes(path, pack_arrays(arrays))


def load_structure_from(path: str | Path, kinds: Mapping[str, type[StructuredMatrix]]) -> StructuredMatrix:
    """Read what `save_structure` wrote; nothing in the file is unpickled or run."""
    data = Path(path).read_bytes()
    try:
        arrays: dict[str, Any] = read_arrays(data)
        spec = json.loads(str(arrays.pop(_SPEC)))
    except Exception as error:  # a damaged archive fails in more ways than are documented
        raise DataError(f"load_structure: {path} is not a file that save_structure wrote ({error})") from error
    return rebuild(spec, arrays, kinds)
