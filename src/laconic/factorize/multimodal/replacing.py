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
    worst = sum(w * np.sum(one**2, axis=1) for w, one in zip(weights, left, strict=True))
    order = np.argsort(-np.asarray(worst), kind="stable")
    scales = _weak(atoms, links, codes, weights)[: len(order)]
    new = [one.copy() for one in atoms]
    for b, sample in zip(scales, order, strict=False):
        for j, rows in enumerate(new):
            own = _owned(links, j, b)
            fresh = np.broadcast_to(left[j][sample], (len(own), rows.shape[1]))
            rows[own] = unit_rows(fresh, n_signal[j], rows[own])
    return new


def _owned(links: Links, j: int, b: int) -> "np.ndarray[Any, Any]":
    """Return the atoms of a modality that have this scale and no other."""
    table = links.map(j) > 0
    alone = np.asarray(table.sum(axis=1)).ravel() == 1
    return np.flatnonzero(alone & (table[:, [b]].toarray().ravel() > 0))


def _weak(atoms: list[Floats], links: Links, codes: Sequence[Floats], weights: Floats) -> list[int]:
    """Return scales to replace, the weakest first."""
    energy, alike = np.zeros(links.n_scales), np.zeros((links.n_scales, links.n_scales))
    total = np.zeros_like(alike)
    for j, (a, c, w) in enumerate(zip(atoms, codes, weights, strict=True)):
        table = links.map(j)
        own = np.asarray((table > 0).sum(axis=1)).ravel() == 1
        place = np.zeros(len(a), int)
        place[own] = (table[own] > 0).indices
        np.add.at(energy, place[own], w * np.sum(c[:, own] ** 2, axis=0))
        here = np.zeros_like(alike)
        np.maximum.at(here, (place[own][:, None], place[own][None, :]), np.abs(a[own] @ a[own].T))
        has = np.zeros(links.n_scales)
        has[place[own]] = 1
        alike, total = alike + w * here, total + w * has[:, None] * has[None, :]
    alike = alike / np.where(total > 0, total, 1)
    return _chosen(energy, alike)


def _chosen(energy: Floats, alike: Floats) -> list[int]:
    scale = np.median(energy)
    weak = []
    for b in np.argsort(energy, kind="stable"):
        stronger = energy > energy[b]
        twin = bool(stronger.any()) and alike[b, stronger].max() > ALIKE
        if energy[b] < LITTLE * scale or twin:
            weak.append(int(b))
    return weak
