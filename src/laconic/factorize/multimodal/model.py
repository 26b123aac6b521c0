"""What is learned: dictionaries and noises, and how they are coupled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from laconic.core.arrays import Array, array_namespace, device
from laconic.factorize.multimodal.layout import Layout
from laconic.sbl.coupling import Links
from laconic.sbl.modal import Readings, Sensor, View


@dataclass(frozen=True, eq=False)
class Model:
    """Dictionaries of all modalities, in the units of the layout.

    Attributes
    ----------
    layout : Layout
    links : Links
    atoms : tuple of arrays of shape (M_j, N_j)
        Rows whose features have length one.
    noises : tuple of float
        Variances.
    """

    layout: Layout
    links: Links
    atoms: tuple[Array, ...]
    noises: tuple[float, ...]

    def with_noises(self, noises: Sequence[float]) -> "Model":
        """Return the model with other noises."""
        return replace(self, noises=tuple(float(one) for one in noises))

    def with_atoms(self, atoms: Sequence[Array]) -> "Model":
        """Return the model with other dictionaries."""
        return replace(self, atoms=tuple(atoms))

    def views(self, readings: Sequence[Readings]) -> list[View]:
        """Look at the readings of each modality."""
        return [
            View.of(Sensor(_like(atoms, one.y), noise), one)
            for atoms, noise, one in zip(self.atoms, self.noises, readings, strict=True)
        ]


def _like(atoms: Array, like: Array) -> Array:
    xp = array_namespace(like)
    return xp.asarray(atoms, dtype=like.dtype, device=device(like))
