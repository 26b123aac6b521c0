"""Samples to factorise, from a user's own file, dense or sparse; nothing in a file is ever unpickled."""

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import mmread
from scipy.sparse import csr_array, issparse, load_npz

from laconic.core.checks import DataError
from laconic.datasets.archive import BROKEN, reading
from laconic.datasets.arrays import (
    LoadedArray,
    check_filled,
    check_real,
    load_array,
    read_mat,
    refuse_name,
    split_name,
)
from laconic.datasets.h5ad import read_h5ad

_BROKEN = (*BROKEN, AttributeError, KeyError, TypeError, IndexError, OverflowError)
_SPARSE_NPZ = {"format.npy", "shape.npy", "data.npy"}
"""Members that every sparse matrix has that SciPy saves."""


@dataclass(frozen=True, eq=False)
class LoadedSamples:
    """Samples, one a row, and where they come from.

    Attributes
    ----------
    values : ndarray or scipy.sparse.csr_array, shape (n_samples, n_features)
        As in the file, whatever type of real numbers that is; NaN and negative values are kept. An .npy file is
        memory-mapped, so only what is used of it is read. A sparse matrix has sorted indices and no duplicates.
    source : str
        File and array, for messages.
    names : tuple of str
        Names of the features, empty where the file has none.
    image : tuple of int or None
        Shape of one sample, such as (height, width), where samples had more than one axis before they were flattened.
    """

    values: NDArray[Any] | csr_array
    source: str
    names: tuple[str, ...] = ()
    image: tuple[int, ...] | None = None


def load_samples(path: str | Path, name: str | None = None) -> LoadedSamples:
    """Return the samples of a file, one a row, dense or sparse as they are there.

    Parameters
    ----------
    path : str or Path
        One of

        - .npz with arrays, .npy, .mat (up to version 7), or text with numbers, as `load_array` reads them. More than
          two axes are taken as samples of several axes, such as images (n, height, width), and flattened to
          (n, height * width); the first axis counts the samples;
        - .npz as `scipy.sparse.save_npz` writes it, and sparse matrices in .mat files;
        - .mtx or .mtx.gz (Matrix Market), sparse or dense;
        - .h5ad (AnnData): the matrix `X` and the names in `var`. It needs h5py.

        In .npz, .mat and .h5ad files the array's name may follow after a colon.
    name : str, optional
        Which array of an .npz or .mat file; it may be left out where there is only one. In an .h5ad file the place of
        another matrix, such as `layers/counts` or `raw/X`.

    Returns
    -------
    LoadedSamples

    Raises
    ------
    DataError
        If the file cannot be read, or does not hold a matrix of real numbers; one sentence says which and why.

    Notes
    -----
    An .npy file of more than two axes in Fortran order cannot be flattened where it lies, and is read whole.

    Examples
    --------
    >>> load_samples("cells.h5ad:layers/counts").values  # doctest: +SKIP
    <Compressed Sparse Row sparse array of dtype 'float32'
        with 2286884 stored elements and shape (2700, 32738)>
    """
    file, after_colon = split_name(str(path), _WITH_NAMES)
    name = after_colon if name is None else name
    with reading(file, _BROKEN):
        loaded = _reader(file)(file, name)
        check_real(loaded.source, loaded.values)
        check_filled(loaded.source, loaded.values)
        return _sparse(loaded) if issparse(loaded.values) else _dense(loaded)


def _dense(loaded: LoadedArray) -> LoadedSamples:
    values = loaded.values
    if values.ndim < 2:
        raise DataError(f"{loaded.source}: must have one sample a row, two axes or more, got shape {values.shape}")
    image = values.shape[1:] if values.ndim > 2 else None
    flat = values.reshape(len(values), -1)
    return LoadedSamples(flat, loaded.source, _names(loaded, flat.shape[1]), image)


def _sparse(loaded: LoadedArray) -> LoadedSamples:
    values: Any = loaded.values
    if values.ndim != 2:
        raise DataError(f"{loaded.source}: a sparse matrix must have two axes, got shape {values.shape}")
    if hasattr(values, "check_format"):  # an index out of range would be followed into foreign memory
        values.check_format(full_check=True)
    rows = csr_array(values.astype(np.float32) if values.dtype == np.float16 else values)
    rows.sum_duplicates()
    return LoadedSamples(rows, loaded.source, _names(loaded, rows.shape[1]))


def _names(loaded: LoadedArray, n_features: int) -> tuple[str, ...]:
    if len(loaded.header) not in (0, n_features):
        raise DataError(f"{loaded.source}: must have a name a feature, got {len(loaded.header)} for {n_features}")
    return loaded.header


def _npz(path: Path, name: str | None) -> LoadedArray:
    if name is None and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if _SPARSE_NPZ.issubset(archive.namelist()):
                return LoadedArray(load_npz(path), path.name)
    return load_array(path, name)


def _mat(path: Path, name: str | None) -> LoadedArray:
    return LoadedArray(*read_mat(path, name))


def _mtx(path: Path, name: str | None) -> LoadedArray:
    refuse_name(path, name)
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        contents = io.BytesIO(stream.read())  # SciPy's reader ends the process on some bad files that are streams
    return LoadedArray(mmread(contents), path.name)


_READERS: dict[str, Callable[[Path, str | None], LoadedArray]] = {
    ".npz": _npz,
    ".mat": _mat,
    ".mtx": _mtx,
    ".mtx.gz": _mtx,
    ".h5ad": read_h5ad,
}
"""What may be sparse, by its ending; what has none of these is dense."""

_WITH_NAMES = (".npz", ".mat", ".h5ad")


def _reader(path: Path) -> Callable[[Path, str | None], LoadedArray]:
    name = path.name.lower()
    return next((reader for ending, reader in _READERS.items() if name.endswith(ending)), load_array)
