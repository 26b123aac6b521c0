"""Arrays of an .npz file, read without ever unpickling, and what is wrong where they cannot be."""

import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from laconic.core.checks import DataError

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, MemoryError)
"""What NumPy and zipfile raise on a file that is absent, of another kind, cut short or damaged."""

OBJECTS = "must be a plain array of one type, got objects (ragged rows, or values of mixed types)"


def why(error: BaseException) -> str:
    """Name the cause without repeating NumPy's advice to allow pickles."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "not an archive of arrays" if "pickle" in str(error) else str(error) or type(error).__name__


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
