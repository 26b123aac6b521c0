"""Groups of atoms share a scale: an atom of one modality and a subspace of another."""

from collections.abc import Sequence
from dataclasses import dataclass

from laconic.sbl.coupling.links import Links
from laconic.sbl.coupling.modal import check_length, indicator, shares, whole_numbers


@dataclass(frozen=True)
class Groups:
    """Each atom belongs to one group; all atoms of a group, in every modality, have one scale.

    Each row of T_j has a single 1 (arXiv:1804.03740, the atom-to-subspace prior).

    Attributes
    ----------
    groups : sequence of sequences of int, or None
        For each modality the group of each of its atoms, counted from 0. None makes as many groups as the smallest
        dictionary has atoms, and deals the atoms of the others out evenly, neighbours together.
    """

    groups: Sequence[Sequence[int]] | None = None

    def links(self, n_atoms: tuple[int, ...]) -> Links:
        if self.groups is None:
            n_groups = min(n_atoms)
            return Links.of([indicator(shares(n, n_groups), n_groups) for n in n_atoms])
        check_length("Groups", "groups", self.groups, len(n_atoms), "modality")
        pairs = zip(self.groups, n_atoms, strict=True)
        places = [whole_numbers("Groups", "groups", given, n) for given, n in pairs]
        n_groups = 1 + max(int(one.max()) for one in places)
        return Links.of([indicator(one, n_groups) for one in places])
