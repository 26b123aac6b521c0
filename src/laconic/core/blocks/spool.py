"""Pieces of samples that come one after the other, and only once, kept in a file so that they can be read again."""

import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from laconic.core.arrays import as_array, to_numpy
from laconic.core.blocks.source import working_type
from laconic.core.checks import DataError


def spooled(owner: str, pieces: Iterator[Any]) -> Any:
    """Return the rows of all pieces: sparse pieces stacked in memory, arrays in a temporary file, memory-mapped.

    The file goes when the map does.

    Raises
    ------
    DataError
        If there is no piece, or pieces do not have the same number of columns.
    """
    first = next(pieces, None)
    if first is None:
        raise DataError(f"{owner}: X must have samples, got an iterator without any piece")
    if scipy.sparse.issparse(first):
        return _stacked(owner, [first, *pieces])
    with tempfile.NamedTemporaryFile(prefix="laconic-", suffix=".rows", delete=False) as file:
        try:
            shape, dtype = _written(owner, file, _rows(owner, first), pieces)
        except BaseException:
            Path(file.name).unlink()
            raise
    values = np.memmap(file.name, dtype, "r", shape=shape)
    weakref.finalize(values, Path(file.name).unlink, missing_ok=True)
    return values


def _stacked(owner: str, pieces: list[Any]) -> Any:
    rows = [scipy.sparse.csr_array(piece) for piece in pieces]
    for piece in rows:
        _check_width(owner, piece.shape[1], rows[0].shape[1])
    return scipy.sparse.csr_array(scipy.sparse.vstack(rows))


def _check_width(owner: str, found: int, width: int) -> None:
    if found != width:
        raise DataError(f"{owner}: pieces of X must all have {width} columns, got {found}")


def _written(owner: str, file: Any, piece: Any, pieces: Iterator[Any]) -> tuple[tuple[int, int], Any]:
    dtype, width, count = working_type(piece.dtype), piece.shape[1], 0
    while True:
        _check_width(owner, piece.shape[1], width)
        file.write(np.ascontiguousarray(piece, dtype).data)
        count += len(piece)
        following = next(pieces, None)
        if following is None:
            file.flush()
            return (count, width), dtype
        piece = _rows(owner, following)


def _rows(owner: str, piece: Any) -> Any:
    rows = piece.toarray() if scipy.sparse.issparse(piece) else to_numpy(as_array(piece))
    if rows.ndim != 2 or 0 in rows.shape or rows.dtype.kind not in "biuf":
        raise DataError(
            f"{owner}: a piece of X must be real numbers of shape (samples, features), got {rows.dtype} {rows.shape}"
        )
    return rows
