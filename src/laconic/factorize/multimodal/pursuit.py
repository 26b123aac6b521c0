"""Simultaneous orthogonal matching pursuit: scales are chosen one by one, each with all of its atoms.

The atoms of all modalities stand in one list, and modalities are weighed by scaling their data: the residuals of all
decide together which scale comes next, and each is projected on its own atoms.
"""

import math
from typing import Any

import numpy as np

from laconic.core.compiled import compiled
from laconic.core.threads import in_threads
from laconic.sbl.coupling import Links

Floats = np.ndarray[Any, Any]
Whole = np.ndarray[Any, Any]


def pursue(pull: Floats, gram: Floats, links: Links, sparsity: int) -> Floats:
    """Return codes with at most `sparsity` scales for each sample, shape (n, A) for the A atoms of all modalities.

    Parameters
    ----------
    pull : array of shape (n, A)
        Products of samples with atoms, weighed.
    gram : array of shape (A, A)
        Products of atoms, zero between modalities.
    links : Links
    sparsity : int
    """
    starts, atoms = links.listed
    ends = np.cumsum(links.n_atoms)
    modality = np.searchsorted(ends, np.arange(len(gram)), side="right")
    spans = np.stack([np.append(0, ends)[modality], ends[modality]], axis=1)
    codes = np.zeros_like(pull)

    def work(first: int, last: int) -> None:
        _pursue(pull, gram, starts, atoms, spans, sparsity, codes, first, last)

    in_threads(work, len(pull), least=128)
    return codes


@compiled
def _pursue(
    pull: Floats,
    gram: Floats,
    starts: Whole,
    atoms: Whole,
    spans: Whole,
    sparsity: int,
    codes: Floats,
    first: int,
    last: int,
) -> None:
    n_atoms, n_scales = pull.shape[1], len(starts) - 1
    most = min(n_atoms, sparsity * _widest(starts))
    chosen, taken = np.zeros(most, np.int64), np.zeros(n_atoms, np.bool_)
    root, x, residual = np.zeros((most, most)), np.zeros(most), np.zeros(n_atoms)
    for i in range(first, last):
        taken[:] = False
        residual[:] = pull[i]
        n = 0
        for _ in range(sparsity):
            b = _best(residual, taken, starts, atoms, n_scales)
            if b < 0:
                break
            n = _join(b, n, root, gram, chosen, taken, starts, atoms, spans, most)
            _project(root, pull[i], gram, chosen, n, spans, x, residual)
        for r in range(n):
            codes[i, chosen[r]] = x[r]


@compiled
def _widest(starts: Whole) -> int:
    most = 1
    for b in range(len(starts) - 1):
        most = max(most, starts[b + 1] - starts[b])
    return most


@compiled
def _best(residual: Floats, taken: Whole, starts: Whole, atoms: Whole, n_scales: int) -> int:
    """Return the scale whose atoms that are not taken yet have the largest products with what is left, -1 for none."""
    best, where = 0.0, -1
    for b in range(n_scales):
        value = 0.0
        for place in range(starts[b], starts[b + 1]):
            m = atoms[place]
            if not taken[m]:
                value += residual[m] * residual[m]
        if value > best:
            best, where = value, b
    return where


@compiled
def _join(
    b: int,
    n: int,
    root: Floats,
    gram: Floats,
    chosen: Whole,
    taken: Whole,
    starts: Whole,
    atoms: Whole,
    spans: Whole,
    most: int,
) -> int:
    """Take the atoms of a scale in, unless they depend on those that are; returns how many there are now."""
    for place in range(starts[b], starts[b + 1]):
        m = atoms[place]
        if taken[m] or n == most:
            continue
        taken[m] = True
        left = gram[m, m]
        for r in range(n):
            value = gram[m, chosen[r]] if spans[chosen[r], 0] == spans[m, 0] else 0.0
            for c in range(r):
                value -= root[r, c] * root[n, c]
            root[n, r] = value / root[r, r]
            left -= root[n, r] * root[n, r]
        if left > 1e-9 * gram[m, m]:
            root[n, n] = math.sqrt(left)
            chosen[n] = m
            n += 1
    return n


@compiled
def _project(
    root: Floats, pull: Floats, gram: Floats, chosen: Whole, n: int, spans: Whole, x: Floats, residual: Floats
) -> None:
    """Fit the chosen atoms to a sample, and set `residual` to the products of atoms with what is left."""
    for r in range(n):
        value = pull[chosen[r]]
        for c in range(r):
            value -= root[r, c] * x[c]
        x[r] = value / root[r, r]
    for r in range(n - 1, -1, -1):
        value = x[r]
        for c in range(r + 1, n):
            value -= root[c, r] * x[c]
        x[r] = value / root[r, r]
    residual[:] = pull
    for r in range(n):
        m = chosen[r]
        for k in range(spans[m, 0], spans[m, 1]):
            residual[k] -= x[r] * gram[m, k]
