"""What structures that are made of other structures have in common."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from laconic.structured.base import Options, Part, StructuredMatrix


class CompositeMatrix(StructuredMatrix):
    """A structure made of members that are structures: costs add up, ranks add up to the size."""

    member: ClassVar[str]
    """What a member is called in names of arrays."""

    members: tuple[StructuredMatrix, ...]

    @property
    def parts(self) -> dict[str, Part]:
        return {f"{self.member}_{i}": member for i, member in enumerate(self.members)}

    @classmethod
    def build(cls, parts: Mapping[str, Part], options: Options) -> Self:
        return cls(*(parts[f"{cls.member}_{i}"] for i in range(len(parts))))

    def columns_between(self, start: int, stop: int) -> StructuredMatrix | None:
        return self._of_all([member.columns_between(start, stop) for member in self.members])

    def _of_all(self, members: Sequence[StructuredMatrix | None]) -> StructuredMatrix | None:
        """Return a structure of this class made of members, or None where one is missing."""
        found = [member for member in members if member is not None]
        return type(self)(*found) if len(found) == len(members) else None

    @property
    def n_macs(self) -> int:
        return sum(member.n_macs for member in self.members)

    @property
    def n_macs_apart(self) -> int:
        return sum(member.n_macs_apart for member in self.members)

    @property
    def max_rank(self) -> int:
        return min(*self.shape, sum(member.max_rank for member in self.members))
