"""The fields of records as JSON and arrays, by their types: what a type is not said to be is refused both ways."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import UnionType
from typing import Any, Protocol, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError, check_finite
from laconic.deploy.files.kinds import RECORDS
from laconic.deploy.files.structures import MOST_ENTRIES, packed, unpacked
from laconic.structured import StructuredMatrix

Array = NDArray[Any]
Arrays = dict[str, Array]

RECORD = "record"
"""Key under which a record's name stands beside its fields."""

_LARGEST = 2**63


class Field(Protocol):
    """What a field of a type is in a file."""

    def encode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return a value as JSON; put its arrays beside it, by where they stand in the graph."""

    def decode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Undo `encode`; take its arrays out of what is there.

        Raises
        ------
        DataError
            If the JSON or an array is not what the type says.
        """


@dataclass(frozen=True)
class Plain:
    """A value that JSON has, of one of some types."""

    types: tuple[type, ...]

    def encode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return it."""
        if type(value) not in self.types:
            raise _refusal(place, "of type " + " or ".join(kind.__name__ for kind in self.types), value)
        if type(value) in (int, float) and not (math.isfinite(value) and -_LARGEST <= value <= _LARGEST):
            raise _refusal(place, "a finite number of at most 2^63", value)
        return value

    decode = encode


@dataclass(frozen=True)
class Matrix:
    """A structure: its description, its arrays under names that begin with its place."""

    def encode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return the description."""
        return packed(value, place, arrays)

    def decode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return the structure."""
        return unpacked(value, place, arrays)


@dataclass(frozen=True)
class Numbers:
    """An array: the name under which it is kept, which is its place."""

    def encode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return the name."""
        arrays[place] = _checked(value, place)
        return place

    def decode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return the array."""
        if value != place or place not in arrays:
            raise _refusal(place, f"the name {place!r} of an array that is there", value)
        return _checked(arrays.pop(place), place)


@dataclass(frozen=True)
class Many:
    """A tuple as a list."""

    item: Field

    def encode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return the list."""
        if type(value) is not tuple:
            raise _refusal(place, "a tuple", value)
        return [self.item.encode(item, _inside(place, i), arrays) for i, item in enumerate(value)]

    def decode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return the tuple."""
        if type(value) is not list:
            raise _refusal(place, "a list", value)
        return tuple(self.item.decode(item, _inside(place, i), arrays) for i, item in enumerate(value))


@dataclass(frozen=True)
class Named:
    """A mapping of names as an object."""

    item: Field

    def encode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return the object."""
        if not isinstance(value, Mapping) or not all(type(name) is str for name in value):
            raise _refusal(place, "a mapping of names", value)
        return {name: self.item.encode(item, _inside(place, name), arrays) for name, item in value.items()}

    def decode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return the mapping."""
        if type(value) is not dict:
            raise _refusal(place, "an object", value)
        return {name: self.item.decode(item, _inside(place, name), arrays) for name, item in value.items()}


@dataclass(frozen=True)
class Maybe:
    """None, or something."""

    item: Field

    def encode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return it as JSON."""
        return None if value is None else self.item.encode(value, place, arrays)

    def decode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return it."""
        return None if value is None else self.item.decode(value, place, arrays)


@dataclass(frozen=True)
class Record:
    """A registered record of one of some types: its name and its fields, all of them and no others."""

    types: tuple[type[Any], ...]

    def encode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return the object."""
        kind: type[Any] = type(value)
        if RECORDS.get(kind.__name__) is not kind or not issubclass(kind, self.types):
            raise _refusal(place, self._allowed(), kind.__name__)
        wanted = FIELDS[kind.__name__]
        held = {name: of.encode(getattr(value, name), _inside(place, name), arrays) for name, of in wanted.items()}
        return {RECORD: kind.__name__, **held}

    def decode(self, value: Any, place: str, arrays: Arrays) -> Any:
        """Return the record."""
        name = value.get(RECORD) if type(value) is dict else None
        kind = RECORDS.get(name) if type(name) is str else None
        if kind is None or not issubclass(kind, self.types):
            raise _refusal(place, self._allowed(), name)
        wanted = FIELDS[kind.__name__]
        if value.keys() != {RECORD, *wanted}:
            raise _refusal(place, f"{name} with {', '.join(wanted) or 'no fields'}", sorted(value))
        return kind(**{key: of.decode(value[key], _inside(place, key), arrays) for key, of in wanted.items()})

    def _allowed(self) -> str:
        return "one of " + ", ".join(name for name, kind in RECORDS.items() if issubclass(kind, self.types))


@cache
def field(hint: Any) -> Field:
    """Return what a field of a type is in a file."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return Plain((str, bool, int, float))
    if hint in (str, bool, int, float):
        return Plain((int, float) if hint is float else (hint,))
    if origin is np.ndarray:
        return Numbers()
    if origin is tuple:
        return Many(field(inner[0]))
    if origin is Mapping:
        return Named(field(inner[1]))
    if origin is UnionType and type(None) in inner:
        return Maybe(field(inner[0]))
    return Matrix() if hint is StructuredMatrix else Record(inner or (hint,))


def _fields(record: type[Any]) -> dict[str, Field]:
    hints = get_type_hints(record)
    return {at.name: field(hints[at.name]) for at in fields(record)}


FIELDS = {name: _fields(record) for name, record in RECORDS.items()}
"""The fields of each record, by name."""


def _checked(array: Any, place: str) -> Array:
    """Return an array if it holds what arrays of graphs do: bytes, words or whole numbers, or finite floats."""
    known = isinstance(array, np.ndarray) and array.dtype.isnative and array.dtype.str[1:] in _TYPES
    if not known or array.size > MOST_ENTRIES:
        words = f"an array of {', '.join(_TYPES)}, at most {MOST_ENTRIES} numbers"
        raise _refusal(place, words, getattr(array, "dtype", type(array)))
    if array.dtype.kind == "f":
        check_finite("the graph", place, array)
    found: Array = array
    return found


_TYPES = ("f4", "f8", "i1", "i2", "i4", "i8")


def _inside(place: str, part: object) -> str:
    return f"{place}.{part}" if place else str(part)


def _refusal(place: str, allowed: str, given: object) -> DataError:
    return DataError(f"{place or 'the graph'} must be {allowed}, got {repr(given)[:80]}")
