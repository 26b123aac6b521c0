"""A matrix from a user's own file: .npz, .npy, .csv or .mat; nothing in a file is ever unpickled."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from laconic.core.checks import DataError
from laconic.datasets.archive import OBJECTS, member, reading, why
from laconic.datasets.text import read_csv

_WITH_NAMES = (".npz", ".mat")
_SOME = 10
"""Arrays that an error names."""


@dataclass(frozen=True, eq=False)
class LoadedArray:
    """A matrix and where it comes from.

    Attributes
    ----------
    values : ndarray
        As in the file; an .npy file is memory-mapped, so only what is used of it is read.
    source : str
        File and array, for messages.
    header : tuple of str
        The names in the first line of a .csv file, empty where there are none.
    """

    values: NDArray[Any]
    source: str
    header: tuple[str, ...] = ()


def load_array(path: str | Path, name: str | None = None) -> LoadedArray:
    """Return one array of a file.

    Parameters
    ----------
    path : str or Path
        An .npz, .npy, .mat (up to version 7) or .csv file; with the first and the third the array's name may follow
        after a colon. Any other ending is read as .csv: fields between commas, semicolons, tabs or spaces, a first
        line of names if you like, an empty field or `nan` for a missing entry.
    name : str, optional
        Which array of an .npz or .mat file; it may be left out where there is only one.

    Returns
    -------
    LoadedArray

    Raises
    ------
    DataError
        If the file or the array cannot be read; one sentence says which and why.

    Examples
    --------
    >>> load_array("scene.mat:Y").values.shape  # doctest: +SKIP
    (156, 9025)
    """
    file, after_colon = split_name(str(path))
    name = after_colon if name is None else name
    reader = _READERS.get(file.suffix.lower(), _text)
    with reading(file):
        return reader(file, name)


def load_matrix(path: str | Path, name: str | None = None) -> LoadedArray:
    """Return an array of real numbers with one axis or two, as `load_array` does."""
    loaded = load_array(path, name)
    check_real(loaded.source, loaded.values)
    if loaded.values.ndim not in (1, 2):
        raise DataError(f"{loaded.source}: must have one axis or two, got shape {loaded.values.shape}")
    check_filled(loaded.source, loaded.values)
    return loaded


def load_names(path: str | Path) -> tuple[str, ...]:
    """Return names from a text file, one a line, or from an array of strings in an .npz, .npy or .mat file.

    Raises
    ------
    DataError
        If there are none.
    """
    file, _ = split_name(str(path))
    if file.suffix.lower() not in _READERS:
        return _lines(file)
    loaded = load_array(path)
    if loaded.values.dtype.kind not in "US" or loaded.values.size == 0:
        raise DataError(f"{loaded.source}: must hold names, got {loaded.values.dtype}")
    return tuple(str(name).strip() for name in loaded.values.astype(str).ravel())


def check_real(source: str, values: Any) -> None:
    """Raise `DataError` unless an array, dense or sparse, holds real numbers, whole numbers or booleans."""
    if values.dtype.kind not in "biuf":
        raise DataError(f"{source}: must hold real numbers, got {values.dtype}")


def check_filled(source: str, values: Any) -> None:
    """Raise `DataError` if an axis of an array, dense or sparse, has length zero."""
    if 0 in values.shape:
        raise DataError(f"{source}: must not be empty, got shape {values.shape}")


def split_name(text: str, kinds: tuple[str, ...] = _WITH_NAMES) -> tuple[Path, str | None]:
    """Return a file and the name of an array in it, None if none is given; `kinds` are the endings of files with names.

    Examples
    --------
    >>> split_name("scene.npz:library")
    (PosixPath('scene.npz'), 'library')
    """
    before, colon, after = text.rpartition(":")
    if colon and not Path(text).exists() and Path(before).suffix.lower() in kinds:
        return Path(before), after
    return Path(text), None


def _npz(path: Path, name: str | None) -> LoadedArray:
    with path.open("rb") as handle:
        file = np.load(handle, allow_pickle=False)
        if not isinstance(file, NpzFile):
            raise DataError(f"{path}: must be an .npz file, got a single array (.npy)")
        chosen = _chosen(path, name, file.files)
        return LoadedArray(member(path.name, file, chosen), f"{path.name}:{chosen}")


def _npy(path: Path, name: str | None) -> LoadedArray:
    refuse_name(path, name)
    try:
        return LoadedArray(np.load(path, mmap_mode="r", allow_pickle=False), path.name)
    except ValueError as error:
        if "Python objects" in str(error):
            raise DataError(f"{path.name}: the array {OBJECTS}") from error
        raise


def _mat(path: Path, name: str | None) -> LoadedArray:
    values, source = read_mat(path, name)
    return LoadedArray(values.toarray() if hasattr(values, "toarray") else values, source)


def read_mat(path: Path, name: str | None) -> tuple[Any, str]:
    """Return an array of a .mat file, a sparse one as `scipy.sparse` holds it, and its source."""
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import MatReadError

    try:
        chosen = _chosen(path, name, [found for found, _, _ in whosmat(path)])
        values = loadmat(path, variable_names=[chosen])[chosen]
    except NotImplementedError as error:
        raise DataError(
            f"{path}: is a MATLAB 7.3 file (HDF5), which is not read; write it with save('-v7', ...) in MATLAB"
        ) from error
    except (MatReadError, TypeError, KeyError, IndexError) as error:
        raise DataError(f"{path}: cannot be read as a .mat file ({why(error)})") from error
    source = f"{path.name}:{chosen}"
    if values.dtype.kind in "OV":
        raise DataError(f"{source}: must be a plain array of one type, got a cell array or structure")
    return values, source


def _text(path: Path, name: str | None) -> LoadedArray:
    refuse_name(path, name)
    values, header = read_csv(path)
    return LoadedArray(values, path.name, header)


def _lines(path: Path) -> tuple[str, ...]:
    try:
        names = tuple(line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as names, one a line ({why(error)})") from error
    if not names:
        raise DataError(f"{path}: must hold names, one a line, got none")
    return names


_READERS: dict[str, Callable[[Path, str | None], LoadedArray]] = {".npz": _npz, ".npy": _npy, ".mat": _mat}
"""Every kind of file by its ending; what has none of these is read as text."""


def _chosen(path: Path, name: str | None, names: list[str]) -> str:
    """Return the name of the array to read: the one asked for, or the only one."""
    found = ", ".join(names[:_SOME]) + (", ..." if len(names) > _SOME else "") or "no arrays"
    if name is None:
        if len(names) == 1:
            return names[0]
        raise DataError(f"{path.name}: which array is meant? Write {path.name}:NAME; the file holds {found}")
    if name not in names:
        raise DataError(f"{path.name}: the array {name} is missing, the file holds {found}")
    return name


def refuse_name(path: Path, name: str | None) -> None:
    """Raise `DataError` if a name is given for an array that is alone in its file."""
    if name is not None:
        raise DataError(f"{path.name}: holds a single array without a name, got the name {name}")
