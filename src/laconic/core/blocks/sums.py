"""Sums over blocks: records that add, in an order that does not depend on where the blocks are."""

import sys
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, Protocol, Self, TypeVar


class Adds(Protocol):
    """What can be added to its like."""

    def __add__(self, other: Any) -> Any: ...


class Weighed:
    """A record that knows how many bytes its arrays take, so that a cluster knows it, too."""

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + sum(_bytes(value) for value in vars(self).values())


def _bytes(value: Any) -> int:
    if isinstance(value, tuple):
        return sum(map(_bytes, value))
    return int(getattr(value, "nbytes", None) or sys.getsizeof(value))


@dataclass(frozen=True)
class Additive(Weighed):
    """A frozen record whose sum is that of its fields: numbers, arrays, or such records in their turn."""

    def __add__(self, other: Self) -> Self:
        names = [field.name for field in fields(self)]
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in names})

    def times(self, factor: float) -> Self:
        """Return the record with every field times a factor."""
        names = [field.name for field in fields(self)]
        return replace(self, **{name: getattr(self, name) * factor for name in names})


T = TypeVar("T", bound=Adds)


class TreeSum(Generic[T]):
    """A sum of parts that come one after the other, added in pairs, pairs of pairs and so on.

    Memory holds one part for each power of two. The order is that of a cluster that adds the neighbours among its
    parts, then the neighbours among those sums, so both get the same rounding; and rounding grows with the
    logarithm of the number of parts.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[int, T]] = []

    def add(self, part: T) -> None:
        """Take in the next part."""
        level = 0
        while self._parts and self._parts[-1][0] == level:
            part, level = self._parts.pop()[1] + part, level + 1
        self._parts.append((level, part))

    def total(self) -> T:
        """Return the sum of all parts, of which there is one at least."""
        parts = [part for _, part in self._parts]
        total = parts.pop()
        while parts:
            total = parts.pop() + total
        return total
