"""Atom m of every modality has the same scale."""

from dataclasses import dataclass

from laconic.core.checks import ParameterError
from laconic.sbl.coupling.links import Links


@dataclass(frozen=True)
class OneToOne:
    """Atom m of every modality has scale m: they are used together, with coefficients of their own.

    T_j = I (arXiv:1804.03740, the one-to-one prior); every modality has as many atoms.
    """

    def links(self, n_atoms: tuple[int, ...]) -> Links:
        if len(set(n_atoms)) > 1:
            allowed = "the same for all modalities where they are coupled one-to-one ('tree' and 'groups' are not)"
            raise ParameterError("OneToOne", "n_atoms", allowed, n_atoms)
        return Links((None,) * len(n_atoms), n_atoms[0])
