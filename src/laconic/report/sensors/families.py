"""Atoms that belong together because they share scales, in the order of how much they carry."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from laconic.report.sensors.records import Array, Sensor


@dataclass(frozen=True)
class Family:
    """Atoms linked with each other.

    Attributes
    ----------
    atoms : tuple of tuples of int
        For each modality their numbers, the one that carries most first.
    share : float
        Of the energy of all atoms, averaged over the modalities.
    """

    atoms: tuple[tuple[int, ...], ...]
    share: float


def families(sensors: Sequence[Sensor]) -> tuple[Family, ...]:
    """Return the atoms of all modalities in families, the one that carries most first.

    Atoms are of one family where scales link them, directly or through others; where that makes all of them one,
    each goes to the scale that it is linked to most.
    """
    label = _linked(sensors)
    if label.max() == 0 and sensors[0].links.shape[1] > 1:
        label = np.concatenate([one.links.argmax(axis=1) for one in sensors])
    ends = np.cumsum([one.n_atoms for one in sensors])[:-1]
    parts = np.split(label, ends)
    found = [_family(sensors, parts, which) for which in np.unique(label)]
    return tuple(sorted(found, key=lambda one: -one.share))


def _linked(sensors: Sequence[Sensor]) -> Array:
    """Return the number of the connected component of each atom, those of the modalities one after the other."""
    links = csr_array(np.concatenate([one.links for one in sensors]) > 0, dtype=np.float64)
    return np.asarray(connected_components(links @ links.T, directed=False)[1])


def _family(sensors: Sequence[Sensor], parts: Sequence[Array], which: int) -> Family:
    atoms, share = [], 0.0
    for one, label in zip(sensors, parts, strict=True):
        members = np.flatnonzero(label == which)
        atoms.append(tuple(members[np.argsort(-one.energy[members], kind="stable")].tolist()))
        share += float(one.shares[members].sum()) / len(sensors)
    return Family(tuple(atoms), share)


def order_of(every: Sequence[Family], place: int) -> Array:
    """Return the atoms of a modality in the order of the families."""
    return np.array([atom for one in every for atom in one.atoms[place]], dtype=np.intp)
