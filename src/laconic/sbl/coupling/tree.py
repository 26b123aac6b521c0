"""Atoms in levels, a modality each: an atom is in use only if its parent is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from laconic.core.checks import ParameterError
from laconic.sbl.coupling.links import Links
from laconic.sbl.coupling.modal import check_length, indicator, shares, whole_numbers


@dataclass(frozen=True)
class Tree:
    """Modalities are levels of a tree, the one with the fewest atoms at the root.

    Each branch from a root to a leaf has a scale, and the variance of an atom is the sum of those of the branches it
    lies on: T_j[m, b] = 1 where atom m is on branch b (arXiv:1804.03740, the tree prior).

    Attributes
    ----------
    parents : sequence of sequences of int, or None
        For each level but the first, in order of their numbers of atoms, the parent of each atom in the level above.
        None deals the atoms of a level out evenly to those above, neighbours together.
    """

    parents: Sequence[Sequence[int]] | None = None

    def links(self, n_atoms: tuple[int, ...]) -> Links:
        order = np.argsort(n_atoms, kind="stable")
        sizes = [n_atoms[j] for j in order]
        above = self._parents(sizes)
        ancestors = [np.arange(sizes[-1])]
        for parents in reversed(above):
            ancestors.insert(0, parents[ancestors[0]])
        maps = [indicator(places, n).T for places, n in zip(ancestors, sizes, strict=True)]
        return Links.of([maps[int(place)] for place in np.argsort(order)])

    def _parents(self, sizes: list[int]) -> "list[np.ndarray[Any, Any]]":
        steps = list(zip(sizes[1:], sizes[:-1], strict=True))
        if self.parents is None:
            return [shares(below, above) for below, above in steps]
        check_length("Tree", "parents", self.parents, len(steps), "level but the first")
        found = [whole_numbers("Tree", "parents", g, below) for g, (below, _) in zip(self.parents, steps, strict=True)]
        for given, (_, above) in zip(found, steps, strict=True):
            if given.max() >= above:
                raise ParameterError("Tree", "parents", f"below {above}, the atoms of the level above", given.max())
            if len(np.unique(given)) < above:
                allowed = "such that each atom of the level above has a child"
                raise ParameterError("Tree", "parents", allowed, given.tolist())
        return found
