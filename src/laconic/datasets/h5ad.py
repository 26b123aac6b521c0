"""The matrix of an .h5ad file (AnnData), dense or sparse, and the names of its features; needs h5py."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from laconic.core.checks import DataError
from laconic.datasets.arrays import LoadedArray

_SPARSE = {"csr": csr_array, "csc": csc_array}
_FEATURES = {"X": "var", "raw/X": "raw/var"}
"""Where the features of a matrix are described."""


def read_h5ad(path: Path, name: str | None) -> LoadedArray:
    """Return a matrix of an .h5ad file as it is stored, cells by genes, and the names in `var`; the file is only read.

    Parameters
    ----------
    path : Path
        The file.
    name : str or None
        Where the matrix is in the file: `X` if None, or such as `layers/counts` or `raw/X`.

    Raises
    ------
    DataError
        If h5py is not installed, or there is no such matrix.
    OSError, KeyError, RuntimeError, TypeError, ValueError
        What h5py and SciPy raise on a file of another kind, cut short or damaged.
    """
    h5py, where = _h5py(path), name or "X"
    path.open("rb").close()  # says more plainly than h5py that there is no such file
    with h5py.File(path, "r") as file:
        if where not in file:
            raise DataError(
                f"{path.name}: the matrix {where} is missing, the file holds {', '.join(file) or 'nothing'}"
            )
        source = f"{path.name}:{where}"
        return LoadedArray(_matrix(source, file[where]), source, _names(file, where))


def _h5py(path: Path) -> Any:
    try:
        return import_module("h5py")
    except ImportError as error:
        raise DataError(f"{path.name}: files of this kind are read with h5py; pip install h5py") from error


def _matrix(source: str, node: Any) -> Any:
    """Return a data set as an array, or a group as the sparse matrix it describes."""
    if hasattr(node, "dtype"):
        return np.asarray(node[()])
    attributes = node.attrs
    kind = _text(attributes.get("encoding-type", attributes.get("h5sparse_format", "a group without a kind")))
    if kind[:3] not in _SPARSE:
        raise DataError(f"{source}: must be a dense, csr or csc matrix, got {kind}")
    shape = tuple(int(size) for size in attributes.get("shape", attributes.get("h5sparse_shape", ())))
    return _SPARSE[kind[:3]](tuple(node[part][()] for part in ("data", "indices", "indptr")), shape=shape)


def _names(file: Any, where: str) -> tuple[str, ...]:
    """Return the index of the table of features that goes with a matrix, empty where there is none."""
    described = _FEATURES.get("X" if where.startswith("layers/") else where)
    table: Any = file.get(described) if described else None
    if not hasattr(table, "keys"):
        return ()
    index = table.get(_text(table.attrs.get("_index", "_index")))
    if hasattr(index, "keys"):
        index = index.get("values")
    return () if index is None else tuple(_text(name) for name in index[()])


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
