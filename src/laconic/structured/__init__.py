"""Matrices with few parameters: a layer's weight to one half of laconic, a dictionary to the other."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from laconic.core.arrays import Array
from laconic.structured import files as _files
from laconic.structured.base import StructuredMatrix
from laconic.structured.dense import DenseMatrix
from laconic.structured.embedded import EmbeddedMatrix
from laconic.structured.files import describe, packed_arrays, save_structure
from laconic.structured.hybrid import HybridKroneckerMatrix
from laconic.structured.kronecker import KroneckerMatrix
from laconic.structured.lowrank import LowRankMatrix
from laconic.structured.masked import MaskedMatrix
from laconic.structured.nearest import nearest
from laconic.structured.rows import BlockRowsMatrix
from laconic.structured.shapes import ShapeChoice, ShapeSuggestions, suggest_shapes
from laconic.structured.summed import SumMatrix

__all__ = [
    "KINDS",
    "BlockRowsMatrix",
    "DenseMatrix",
    "EmbeddedMatrix",
    "HybridKroneckerMatrix",
    "KroneckerMatrix",
    "LowRankMatrix",
    "MaskedMatrix",
    "ShapeChoice",
    "ShapeSuggestions",
    "StructuredMatrix",
    "SumMatrix",
    "describe",
    "load_structure",
    "nearest",
    "packed_arrays",
    "rebuild",
    "save_structure",
    "suggest_shapes",
]

KINDS: dict[str, type[StructuredMatrix]] = {
    structure.kind: structure
    for structure in (
        DenseMatrix,
        KroneckerMatrix,
        HybridKroneckerMatrix,
        LowRankMatrix,
        MaskedMatrix,
        SumMatrix,
        BlockRowsMatrix,
        EmbeddedMatrix,
    )
}
"""Every structure by its kind; a new one adds its line here."""


def rebuild(spec: Mapping[str, Any], arrays: Mapping[str, Array]) -> StructuredMatrix:
    """Return the structure that `describe` described, made of `arrays` named as `packed_arrays` names them.

    Parameters
    ----------
    spec : mapping
        JSON values, as from `describe`.
    arrays : mapping of str to NumPy array

    Raises
    ------
    DataError
        If the description or the arrays are not of a structure.

    Examples
    --------
    >>> import numpy as np
    >>> from laconic.structured import KroneckerMatrix, describe, packed_arrays, rebuild
    >>> K = KroneckerMatrix(np.ones((8, 4)), np.ones((5, 17)))
    >>> rebuild(describe(K), packed_arrays(K))
    KroneckerMatrix(40 x 68: (8, 4) ⊗ (5, 17), 117 parameters)
    """
    return _files.rebuild(spec, arrays, KINDS)


def load_structure(path: str | Path) -> StructuredMatrix:
    """Read a structure that `save_structure` wrote, made of NumPy arrays; nothing in the file is unpickled or run.

    Raises
    ------
    DataError
        If the file is damaged, or not one of `save_structure`.
    OSError
        If it cannot be read.
    """
    return _files.load_structure_from(path, KINDS)
