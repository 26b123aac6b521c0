"""Which signals share their scales."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.loop import Rows
from laconic.sbl.coupling.links import Links
from laconic.sbl.records import Problem


class Coupling(Protocol):
    """How the second moments of k signals become those of K groups that learn their scales together."""

    def groups(self, problem: Problem) -> int:
        """Return how many groups there are."""
        ...

    def members(self, problem: Problem, groups: Rows) -> Problem:
        """Return the signals of these groups."""
        ...

    def pool(self, values: Array) -> Array:
        """Average values of shape (k, ...) over the signals of each group: shape (K, ...)."""
        ...


@dataclass(frozen=True)
class Separate:
    """Every signal, or every modality, has scales of its own."""

    def groups(self, problem: Problem) -> int:
        return problem.size

    def members(self, problem: Problem, groups: Rows) -> Problem:
        return problem if len(groups) == problem.size else problem.take(groups)

    def pool(self, values: Array) -> Array:
        return values

    def links(self, n_atoms: tuple[int, ...]) -> Links:
        total, before = sum(n_atoms), np.cumsum((0, *n_atoms))
        return Links.of([np.eye(n, total, first) for n, first in zip(n_atoms, before[:-1], strict=True)])


@dataclass(frozen=True)
class SharedSupport:
    """All signals share their scales, and with them their support: multiple measurement vectors."""

    def groups(self, problem: Problem) -> int:
        return 1

    def members(self, problem: Problem, groups: Rows) -> Problem:
        return problem

    def pool(self, values: Array) -> Array:
        return array_namespace(values).mean(values, axis=0, keepdims=True)
