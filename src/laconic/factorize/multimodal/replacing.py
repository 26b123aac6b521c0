"""Atoms that say little, or the same as others, give way to what is left of the samples explained worst."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from laconic.factorize.multimodal.dictionary import unit_rows
from laconic.sbl.coupling import Links

Floats = np.ndarray[Any, Any]

LITTLE = 0.25
"""Share of the median energy of a scale below which its atoms are replaced."""

ALIKE = 0.95
"""Cosine, averaged over modalities by their weights, above which the weaker one of two scales is replaced."""


def renewed(
    atoms: list[Floats],
    links: Links,
    codes: Sequence[Floats],
    left: Sequence[Floats],
    weights: Floats,
    n_signal: Sequence[int],
) -> list[Floats]:
    """Return the dictionaries with such atoms replaced.

    Parameters
    ----------
    atoms : list of arrays of shape (M_j, N_j)
    links : Links
    codes, left : sequences of arrays of shapes (n, M_j) and (n, N_j)
        Codes of the samples, and what they leave.
    weights : array of shape (J,)
        Of the modalities.
    n_signal : sequence of int
        Features of each modality that atoms have length one over.
    """
    each = [w * np.sum(one**2, axis=1) for w, one in zip(weights, left, strict=True)]
    badness, taken = np.asarray(np.sum(each, axis=0)), np.zeros(len(left[0]), bool)
    new = [one.copy() for one in atoms]
    scales = _weak(atoms, links, codes, weights)
    for j, m in _weak_shared(atoms, links, codes):
        if taken.all():
            break
        worst = int(np.argmax(np.where(taken, -1, badness)))
        new[j][[m]] = unit_rows(left[j][[worst]], n_signal[j], new[j][[m]])
        scales += [b for b in links.map(j)[[m]].indices.tolist() if b not in scales]
    for b in scales:
        sample = _worst(b, badness, taken, links, codes)
        if sample is None:
            continue
        taken[sample] = True
        for j, rows in enumerate(new):
            own = _owned(links, j, b)
            fresh = np.broadcast_to(left[j][sample], (len(own), rows.shape[1]))
            rows[own] = unit_rows(fresh, n_signal[j], rows[own])
    return new


def _worst(b: int, badness: Floats, taken: "np.ndarray[Any, Any]", links: Links, codes: Sequence[Floats]) -> int | None:
    """Return the sample explained worst of those that use the other atoms of a scale, such as a parent, if any do."""
    able = ~taken
    for j, one in enumerate(codes):
        members = links.members[j]
        atoms = members.indices[members.indptr[b] : members.indptr[b + 1]]
        shared = atoms[links.owners[j][atoms] != b]
        if len(shared):
            able &= (one[:, shared] != 0).all(axis=1)
    if not able.any():
        able = ~taken
    return int(np.argmax(np.where(able, badness, -1))) if able.any() else None


def _owned(links: Links, j: int, b: int) -> "np.ndarray[Any, Any]":
    """Return the atoms of a modality that have this scale and no other."""
    return np.flatnonzero(links.owners[j] == b)


def _weak(atoms: list[Floats], links: Links, codes: Sequence[Floats], weights: Floats) -> list[int]:
    """Return scales to replace, the weakest first."""
    energy, alike = np.zeros(links.n_scales), np.zeros((links.n_scales, links.n_scales))
    total = np.zeros_like(alike)
    for j, (a, c, w) in enumerate(zip(atoms, codes, weights, strict=True)):
        place = links.owners[j]
        own = place >= 0
        np.add.at(energy, place[own], w * np.sum(c[:, own] ** 2, axis=0))
        here = np.zeros_like(alike)
        np.maximum.at(here, (place[own][:, None], place[own][None, :]), np.abs(a[own] @ a[own].T))
        has = np.zeros(links.n_scales)
        has[place[own]] = 1
        alike, total = alike + w * here, total + w * has[:, None] * has[None, :]
    alike = alike / np.where(total > 0, total, 1)
    return _chosen(energy, alike)


def _weak_shared(atoms: list[Floats], links: Links, codes: Sequence[Floats]) -> list[tuple[int, int]]:
    """Return atoms of several scales to replace, such as parents: modality and place."""
    found = []
    for j, (a, c) in enumerate(zip(atoms, codes, strict=True)):
        shared = np.flatnonzero(np.diff(links.tables[j].indptr) > 1)
        if len(shared) > 1:
            energy, alike = np.sum(c[:, shared] ** 2, axis=0), np.abs(a[shared] @ a[shared].T)
            found += [(j, int(shared[i])) for i in _chosen(energy, alike)]
    return found


def _chosen(energy: Floats, alike: Floats) -> list[int]:
    scale = np.median(energy)
    weak = []
    for b in np.argsort(energy, kind="stable"):
        stronger = energy > energy[b]
        twin = bool(stronger.any()) and alike[b, stronger].max() > ALIKE
        if energy[b] < LITTLE * scale or twin:
            weak.append(int(b))
    return weak
