"""Archives of arrays (.npz), written alike every time and read without trust: nothing in them is unpickled or run."""

import io
import re
import stat
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MOST_BYTES = 2**27
"""Of a file that is read at all."""

MOST_ARRAYS = 4096
_MOST_DIRECTORY = 256 * MOST_ARRAYS
_END, _END_SIZE, _LARGE_END, _LARGE_END_SIZE = b"PK\5\6", 22, b"PK\6\7", 20
_MAGIC = b"\x93NUMPY\1\0"
_HEADER = re.compile(
    rb"\{'descr': '([<>|][biufcU][1-9]\d{0,8})', 'fortran_order': (True|False), "
    rb"'shape': \((\d+(?:, \d+)*,?)?\), \} *\n"
)


def pack_arrays(arrays: Mapping[str, Array]) -> bytes:
    """Return an uncompressed archive that `numpy.load` reads: the same bytes for the same arrays in the same order."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = ZipInfo(f"{name}.npy")  # of 1980, as no clock comes into it
            member.create_system = 3
            archive.writestr(member, _packed(array))
    return buffer.getvalue()


def _packed(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def read_whole(path: str | Path, most: int = MOST_BYTES) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    ValueError
        If it is no regular file, or larger than `most`.
    OSError
        If it cannot be read.
    """
    about = Path(path).stat()
    if not stat.S_ISREG(about.st_mode):  # a pipe would be waited for, a device has no end
        raise ValueError("not a regular file")
    if about.st_size > most:
        raise ValueError(f"larger than {most} bytes")
    with open(path, "rb") as file:
        return file.read(about.st_size)  # a number, so that a file that grows cannot go on for ever


def read_arrays(data: bytes) -> dict[str, Array]:
    """Return the arrays of an uncompressed archive; no more memory is taken than there are bytes.

    Raises
    ------
    Exception
        If it is damaged or no such archive: `ValueError` where that is noticed here, else whatever zipfile raises.
    """
    _check_end(data)
    with ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        _check_members(members, len(data))
        return {member.filename.removesuffix(".npy"): _array(member, archive) for member in members}


def _check_end(data: bytes) -> None:
    """Refuse a directory of more entries than are wanted before zipfile makes objects of them."""
    end, before = data[-_END_SIZE:], data[: len(data) - _END_SIZE]
    size, offset = int.from_bytes(end[12:16], "little"), int.from_bytes(end[16:20], "little")
    if not end.startswith(_END) or before[-_LARGE_END_SIZE:].startswith(_LARGE_END) or size + offset != len(before):
        raise ValueError("not a whole archive of arrays")
    if size > _MOST_DIRECTORY:
        raise ValueError(f"a directory of {size} bytes")


def _check_members(members: list[ZipInfo], size: int) -> None:
    names = [member.filename for member in members]
    if len(names) > MOST_ARRAYS or len(set(names)) != len(names):
        raise ValueError(f"{len(names)} arrays of {len(set(names))} names; at most {MOST_ARRAYS}, each once")
    for member in members:
        if member.compress_type != ZIP_STORED or member.file_size != member.compress_size:
            raise ValueError(f"{member.filename[:80]} is compressed")
        if not member.filename.endswith(".npy") or member.flag_bits & 1:
            raise ValueError(f"{member.filename[:80]} is no plain array")
    if sum(member.file_size for member in members) > size:
        raise ValueError("arrays that are larger than the file")


def _array(member: ZipInfo, archive: ZipFile) -> Array:
    """Read one array; a false size in its header is refused before memory is asked for it."""
    data = archive.read(member)
    start = 10 + int.from_bytes(data[8:10], "little")
    header = _HEADER.fullmatch(data[10:start])
    if not data.startswith(_MAGIC) or header is None:
        raise ValueError(f"{member.filename[:80]} is no plain array")
    descr, fortran, sizes = header.groups(b"")
    dtype, shape = np.dtype(descr.decode()), tuple(int(size) for size in sizes.split(b",") if size.strip())
    if prod(shape) * dtype.itemsize != len(data) - start:
        raise ValueError(f"{member.filename[:80]} of shape {shape}, type {dtype} in {len(data) - start} bytes")
    found: Array = np.ndarray(shape, dtype, data, start, order="F" if fortran == b"True" else "C")
    return found.astype(dtype.newbyteorder("="))
