"""Numbers in a text file, with or without a line of names above them."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError

_DELIMITERS = (",", ";", "\t")
_MISSING = ("", "nan", "na", "n/a", "null")

Line = tuple[int, str]
"""A line's number in the file, from 1, and its text."""


def read_csv(path: Path) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the numbers of a text file, shape (rows, columns), and the names above them, if there are any.

    Fields stand between commas, semicolons, tabs or else spaces; lines that begin with # are left out; an empty field
    is a missing number, NaN.

    Raises
    ------
    DataError
        If it holds text among the numbers, or rows of several lengths; it says where.
    OSError
        If there is no such file.
    """
    lines = _lines(path)
    delimiter = next((one for one in _DELIMITERS if one in lines[0][1]), None)
    first = _fields(lines[0][1], delimiter)
    header = () if any(_is_number(field) for field in first) else tuple(first)
    body = lines[1:] if header else lines
    if not body:
        raise DataError(f"{path.name}: must hold numbers, got a line of names alone")
    try:
        return np.loadtxt([line for _, line in body], delimiter=delimiter, ndmin=2), header
    except ValueError:  # a field is missing, or quoted, or no number
        return _by_fields(path.name, body, delimiter), header


def _lines(path: Path) -> list[Line]:
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: must be a text file of numbers, got bytes that are no text") from error
    lines = [
        (number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")
    ]
    if not lines:
        raise DataError(f"{path.name}: must hold numbers, got an empty file")
    return lines


def _by_fields(source: str, lines: list[Line], delimiter: str | None) -> NDArray[Any]:
    rows = [[_number(source, number, field) for field in _fields(line, delimiter)] for number, line in lines]
    for (number, _), row in zip(lines, rows, strict=True):
        if len(row) != len(rows[0]):
            raise DataError(f"{source}: line {number} has {len(row)} fields, the first of numbers has {len(rows[0])}")
    return np.array(rows)


def _fields(line: str, delimiter: str | None) -> list[str]:
    fields = line.split() if delimiter is None else next(csv.reader([line], delimiter=delimiter))
    return [field.strip() for field in fields]


def _number(source: str, line: int, field: str) -> float:
    if not _is_number(field):
        raise DataError(f"{source}: line {line} must hold numbers, got {field[:40]!r}")
    return float("nan") if field.lower() in _MISSING else float(field)


def _is_number(field: str) -> bool:
    """Whether a field is a number or a missing one."""
    try:
        float(field or "nan")
    except ValueError:
        return field.lower() in _MISSING
    return True
