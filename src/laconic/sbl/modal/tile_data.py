"""The exact Gaussian posterior in the space of the entries, of eight samples side by side.

For samples with more atoms in use than entries, all of which are there:

    C = s² I + D G D',  q = D'C^-1 y,  h = diag(D'C^-1 D),  mu = G q,  Sigma = G - G D'C^-1 D G,  G = diag(g).

With C = L L' and V = L^-1 D, h are the squared lengths of the columns of V, and Sigma is summed by one product of
matrices for all samples of a tile.
"""

from typing import Any

import numpy as np

from laconic.core.compiled import compiled
from laconic.sbl.modal.tile import LOG_TWO_PI, TILE, _cholesky

Floats = np.ndarray[Any, Any]
Whole = np.ndarray[Any, Any]


@compiled
def encode_dense(
    order: Whole,
    g: Floats,
    y: Floats,
    energy: Floats,
    atoms: Floats,
    noise: float,
    sums: bool,
    mean: Floats,
    variance: Floats,
    ratio: Floats,
    evidence: Floats,
    second: Floats,
    first: int,
    last: int,
) -> None:
    """Write the posteriors of samples order[first:last]; take what they know off the sum of second moments.

    Parameters are those of `laconic.sbl.modal.tile.encode`, and y of shape (n, N). `second` gets minus the sum of
    diag(g) - Sigma, whole.
    """
    n_atoms, n = atoms.shape
    root, log_det = np.zeros((n, n, TILE)), np.zeros(TILE)
    white, probe, scale = np.zeros((n, TILE)), np.zeros((n, TILE)), np.zeros(TILE)
    known = np.zeros((TILE * n, n_atoms)) if sums else np.zeros((0, n_atoms))
    for begin in range(first, last, TILE):
        size = min(TILE, last - begin)
        _covariance(order, begin, size, g, atoms, noise, scale, root)
        _cholesky(root, log_det, n)
        for i in range(n):
            for t in range(size):
                white[i, t] = y[order[begin + t], i]
        _forward(root, white, n)
        for m in range(n_atoms):
            if not _in_use(order, begin, size, g, m, scale):
                if sums:
                    known[:, m] = 0.0
                continue
            for i in range(n):
                for t in range(TILE):
                    probe[i, t] = atoms[m, i]
            _forward(root, probe, n)
            _store(order, begin, size, g, m, white, probe, mean, variance, ratio)
            if sums:
                for i in range(n):
                    for t in range(TILE):
                        known[i * TILE + t, m] = scale[t] * probe[i, t]
        for t in range(size):
            fit = 0.0
            for i in range(n):
                fit += white[i, t] * white[i, t]
            evidence[order[begin + t]] = -0.5 * (fit + log_det[t] + n * LOG_TWO_PI)
        if sums:
            second -= np.dot(known.T, known)


@compiled
def _in_use(order: Whole, begin: int, size: int, g: Floats, m: int, scale: Floats) -> bool:
    """Set `scale` to the variances of an atom; returns whether any sample of the tile uses it."""
    scale[:] = 0.0
    used = False
    for t in range(size):
        scale[t] = g[order[begin + t], m]
        used = used or scale[t] > 0
    return used


@compiled
def _covariance(
    order: Whole, begin: int, size: int, g: Floats, atoms: Floats, noise: float, scale: Floats, root: Floats
) -> None:
    """Write the lower triangles of C; places without a sample get that of noise alone."""
    n = atoms.shape[1]
    for i in range(n):
        root[i, : i + 1] = 0.0
        root[i, i] = noise
    for m in range(len(atoms)):
        if _in_use(order, begin, size, g, m, scale):
            for i in range(n):
                for j in range(i + 1):
                    product = atoms[m, i] * atoms[m, j]
                    for t in range(TILE):
                        root[i, j, t] += product * scale[t]


@compiled
def _forward(root: Floats, x: Floats, n: int) -> None:
    for k in range(n):
        for t in range(TILE):
            x[k, t] *= root[k, k, t]
        for i in range(k + 1, n):
            for t in range(TILE):
                x[i, t] -= root[i, k, t] * x[k, t]


@compiled
def _store(
    order: Whole,
    begin: int,
    size: int,
    g: Floats,
    m: int,
    white: Floats,
    probe: Floats,
    mean: Floats,
    variance: Floats,
    ratio: Floats,
) -> None:
    for t in range(size):
        row = order[begin + t]
        q, h, scale = 0.0, 0.0, float(g[row, m])
        for i in range(len(probe)):
            q += probe[i, t] * white[i, t]
            h += probe[i, t] * probe[i, t]
        left = max(1.0 - scale * h, 0.0)
        mean[row, m] = scale * q
        variance[row, m] = scale * left
        ratio[row, m] = scale * q * q + left if scale > 0 else 1.0
