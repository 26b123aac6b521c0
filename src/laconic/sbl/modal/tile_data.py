"""The exact Gaussian posterior in the space of the entries, of eight samples side by side.

For samples with more atoms in use than entries, all of which are there:

    C = s² I + D G D',  q = D'C^-1 y,  h = diag(D'C^-1 D),  mu = G q,  Sigma = G - G D'C^-1 D G,  G = diag(g).

With C = L L' and V = L^-1 D, h are the squared lengths of the columns of V, and Sigma is summed by one product of
matrices for all samples of a tile.
"""

from typing import Any

import numpy as np

from laconic.core.compiled import compiled
from laconic.core.lanes import add_products
from laconic.sbl.modal.factor import cholesky, substitute
from laconic.sbl.modal.tile import LOG_TWO_PI, TILE

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
    places, scale, log_det = np.zeros(n_atoms, np.int64), np.zeros((n_atoms, TILE)), np.zeros(TILE)
    root, white = np.zeros((n, n, TILE)), np.zeros((1, n, TILE))
    columns, probes = np.zeros((n, n_atoms, TILE)), np.zeros((n_atoms, n, TILE))
    for begin in range(first, last, TILE):
        size = min(TILE, last - begin)
        used = _in_use(order, begin, size, g, places, scale)
        _load(order, begin, size, y, atoms, places, scale, used, white, columns, probes)
        _covariance(columns, noise, used, root)
        cholesky(root, log_det, n, noise)
        substitute(root, white, 1, n)
        substitute(root, probes, used, n)
        _store(order, begin, size, g, places, used, white, probes, mean, variance, ratio)
        for t in range(size):
            fit = 0.0
            for i in range(n):
                fit += white[0, i, t] * white[0, i, t]
            evidence[order[begin + t]] = -0.5 * (fit + log_det[t] + n * LOG_TWO_PI)
        if sums:
            _take_off(probes, places, scale, used, second)


@compiled
def _in_use(order: Whole, begin: int, size: int, g: Floats, places: Whole, scale: Floats) -> int:
    """Write the places of the atoms that any sample of the tile uses, and their variances; returns how many."""
    used = 0
    for m in range(g.shape[1]):
        scale[used] = 0.0
        some = False
        for t in range(size):
            scale[used, t] = g[order[begin + t], m]
            some = some or scale[used, t] > 0
        if some:
            places[used] = m
            used += 1
    return used


@compiled
def _load(
    order: Whole,
    begin: int,
    size: int,
    y: Floats,
    atoms: Floats,
    places: Whole,
    scale: Floats,
    used: int,
    white: Floats,
    columns: Floats,
    probes: Floats,
) -> None:
    """Write y, D G^(1/2) and D'; places without a sample get zeros."""
    for i in range(atoms.shape[1]):
        white[0, i] = 0.0
        for t in range(size):
            white[0, i, t] = y[order[begin + t], i]
        for k in range(used):
            d = float(atoms[places[k], i])
            for t in range(TILE):
                columns[i, k, t] = d * np.sqrt(scale[k, t])
                probes[k, i, t] = d


@compiled
def _covariance(columns: Floats, noise: float, used: int, root: Floats) -> None:
    """Write the lower triangles of C."""
    n, width = columns.shape[:2]
    for i in range(n):
        root[i, : i + 1] = 0.0
        root[i, i] = noise
        for j in range(i + 1):
            add_products(root, i * n + j, 0, columns, i * width, 0, columns, j * width, used, 0)


@compiled
def _store(
    order: Whole,
    begin: int,
    size: int,
    g: Floats,
    places: Whole,
    used: int,
    white: Floats,
    probes: Floats,
    mean: Floats,
    variance: Floats,
    ratio: Floats,
) -> None:
    dots = np.zeros((2, 1, TILE))
    for k in range(used):
        m, n = places[k], probes.shape[1]
        dots[:] = 0.0
        add_products(dots, 0, 0, probes, k * n, 0, white, 0, n, 0)
        add_products(dots, 1, 0, probes, k * n, 0, probes, k * n, n, 0)
        for t in range(size):
            row = order[begin + t]
            q, h, scale = dots[0, 0, t], dots[1, 0, t], float(g[row, m])
            left = max(1.0 - scale * h, 0.0)
            mean[row, m] = scale * q
            variance[row, m] = scale * left
            ratio[row, m] = scale * q * q + left if scale > 0 else 1.0


@compiled
def _take_off(probes: Floats, places: Whole, scale: Floats, used: int, second: Floats) -> None:
    """Take the sum over the tile of G D'C^-1 D G off the second moments."""
    for k in range(used):
        for i in range(probes.shape[1]):
            for t in range(TILE):
                probes[k, i, t] *= scale[k, t]
    flat = probes[:used].reshape(used, probes.shape[1] * TILE)
    product = np.dot(flat, flat.T)
    for k in range(used):
        line = second[places[k]]
        for other in range(used):
            line[places[other]] -= product[k, other]
