"""Arrays of an .npz file, read without ever unpickling, and what is wrong where they cannot be."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from laconic.core.checks import DataError, ParameterError

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, MemoryError)
"""What NumPy and zipfile raise on a file that is absent, of another kind, cut short or damaged."""

OBJECTS = "must be a plain array of one type, got objects (ragged rows, or values of mixed types)"


def why(error: BaseException) -> str:
    """Name the cause without repeating NumPy's advice to allow pickles."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if "Object arrays" in str(error):
        return "it holds objects, which are never unpickled"
    return "not an archive of arrays" if "pickle" in str(error) else str(error) or type(error).__name__


@contextmanager
def reading(path: Path, broken: tuple[type[Exception], ...] = BROKEN) -> Iterator[None]:
    """Turn what readers raise on a bad file into a `DataError` that names it; one that says what is wrong passes."""
    try:
        yield
    except (DataError, ParameterError):
        raise
    except broken as error:
        raise DataError(f"{path}: cannot be read ({why(error)})") from error


def member(source: str, file: NpzFile, name: str) -> NDArray[Any]:
    """Return an array of an open archive.

    Raises
    ------
    DataError
        If it holds objects, is damaged or no array.
    """
    try:
        array = file[name]
    except BROKEN as error:
        if "Object arrays" in str(error):
            raise DataError(f"{source}: {name} {OBJECTS}") from error
        raise DataError(f"{source}: {name} cannot be read, the file is damaged ({why(error)})") from error
    if not isinstance(array, np.ndarray):
        raise DataError(f"{source}: {name} must be an array, got a file of another kind in the archive")
    return array


def arrays_of(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return arrays of an .npz file, all of which must be there.

    Raises
    ------
    DataError
        If the file cannot be read, or one is missing.
    """
    with reading(path), path.open("rb") as handle:
        file = np.load(handle, allow_pickle=False)
        held = file.files if isinstance(file, NpzFile) else []
        missing = [name for name in names if name not in held]
        if missing:
            raise DataError(
                f"{path.name}: the array {missing[0]} is missing, the file holds {', '.join(held) or 'none'}"
            )
        return {name: member(path.name, file, name) for name in names}
