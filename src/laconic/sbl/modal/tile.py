"""The exact Gaussian posterior in the space of the atoms in use, of eight samples side by side.

For atoms in use, with S = diag(g)^(1/2) and G = D'D over the entries that are there:

    B = I + S G S / s²,  u = B^-1 S D'y / s²,  mu = S u,  Sigma = S B^-1 S,
    y'C^-1 y = (y'y - mu'D'y) / s²,  ln det C = N ln s² + ln det B.

Samples of a tile have about as many atoms in use; one with fewer is filled up with rows of I. Sums run along atoms,
never along samples, so that all is vectorised and no sample's answer depends on its neighbours.
"""

import math
from typing import Any

import numpy as np

from laconic.core.compiled import compiled
from laconic.core.lanes import LANES
from laconic.sbl.modal.factor import apply, cholesky, invert, square, substitute

Floats = np.ndarray[Any, Any]
Whole = np.ndarray[Any, Any]

TILE = LANES
"""Samples side by side."""

LEAST = 1.0
"""Pivots of B are this at least."""

LOG_TWO_PI = math.log(2 * math.pi)


@compiled
def encode(
    order: Whole,
    counts: Whole,
    g: Floats,
    pull: Floats,
    energy: Floats,
    atoms: Floats,
    gram: Floats,
    seen: Floats,
    noise: float,
    sums: bool,
    mean: Floats,
    variance: Floats,
    ratio: Floats,
    evidence: Floats,
    second: Floats,
    cross: Floats,
    first: int,
    last: int,
) -> None:
    """Write the posteriors of samples order[first:last], and add their second moments.

    Parameters
    ----------
    order : array of int
        Samples, those with about as many atoms in use next to each other.
    counts : array of int, shape (n,)
        Atoms in use of each sample.
    g : array of shape (n, M)
        Prior variances; an atom whose is 0 is not in use.
    pull : array of shape (n, M)
        D'y.
    energy : array of shape (n,)
        y'y.
    atoms, gram : arrays of shape (M, N) and (M, M)
    seen : array of bool, shape (n, N), or of shape (0, 0) where all entries are there
    noise : float
    sums : bool
        Whether second moments are wanted.
    mean, variance, ratio : array of shape (n, M)
        Get mu, the diagonal of Sigma, and (mu² + variance) / g.
    evidence : array of shape (n,)
        Gets ln N(y; 0, C).
    second, cross : array of shape (M, M) and (M, N)
        Sums of mu mu' + Sigma, of which the lower triangle is written, and of E[x y] over missing entries of y.
    first, last : int
    """
    most = most_in_use(order, counts, first, last)
    places, lengths, scale, pulls, root = space(most)
    inverse, product, log_det = np.zeros((most, most, TILE)), np.zeros((most, most, TILE)), np.zeros(TILE)
    weights = np.zeros((1, most, TILE))
    for begin in range(first, last, TILE):
        size = min(TILE, last - begin)
        width = load(order, begin, size, counts, g, pull, atoms, gram, seen, noise, places, lengths, scale, pulls, root)
        cholesky(root, log_det, width, LEAST)
        invert(root, inverse, width)
        substitute(root, pulls, 1, width)
        apply(inverse, pulls, weights, width)
        square(inverse, product, width, sums)
        for t in range(size):
            row, n = order[begin + t], atoms.shape[1]
            if seen.shape[0] > 0:
                n = seen[row].sum()
            _store(row, t, g, places, lengths, scale, weights, product, mean, variance, ratio)
            fit = _fit(row, t, pull, energy, places, lengths, scale, weights)
            evidence[row] = -0.5 * (fit / noise + log_det[t] + n * (LOG_TWO_PI + math.log(noise)))
            if sums:
                _add(t, places, lengths, scale, weights, product, second)
                if n < atoms.shape[1]:
                    _make_up(row, t, atoms, seen, places, lengths, scale, weights, product, cross)


@compiled
def most_in_use(order: Whole, counts: Whole, first: int, last: int) -> int:
    """Return how many atoms the samples order[first:last] have in use at most, 1 at least."""
    most = 1
    for i in range(first, last):
        most = max(most, counts[order[i]])
    return most


@compiled
def space(most: int) -> tuple[Whole, Whole, Floats, Floats, Floats]:
    """Return room for what `load` writes."""
    places, lengths = np.zeros((most, TILE), np.int64), np.zeros(TILE, np.int64)
    scale, pulls, root = np.zeros((most, TILE)), np.zeros((1, most, TILE)), np.zeros((most, most, TILE))
    return places, lengths, scale, pulls, root


@compiled
def load(
    order: Whole,
    begin: int,
    size: int,
    counts: Whole,
    g: Floats,
    pull: Floats,
    atoms: Floats,
    gram: Floats,
    seen: Floats,
    noise: float,
    places: Whole,
    lengths: Whole,
    scale: Floats,
    pulls: Floats,
    root: Floats,
) -> int:
    """Write places and scales of the atoms in use, S D'y / s² and B; returns the width of the tile."""
    width, partial = 0, seen.shape[0] > 0
    for t in range(size):
        width = max(width, counts[order[begin + t]])
    _clear(root, scale, pulls, lengths, width)
    for t in range(size):
        row = order[begin + t]
        _load(row, t, g, pull, noise, places, lengths, scale, pulls)
        if partial and not seen[row].all():
            _gram_of_seen(row, t, atoms, seen, noise, places, lengths, scale, root)
        else:
            _gram(t, gram, noise, places, lengths, scale, root)
    return width


@compiled
def _clear(root: Floats, scale: Floats, pulls: Floats, lengths: Whole, width: int) -> None:
    """Set every matrix to I and everything else to zero."""
    root[:width, :width] = 0.0
    scale[:width] = 0.0
    pulls[0, :width] = 0.0
    lengths[:] = 0
    for i in range(width):
        root[i, i] = 1.0


@compiled
def _load(
    row: int,
    t: int,
    g: Floats,
    pull: Floats,
    noise: float,
    places: Whole,
    lengths: Whole,
    scale: Floats,
    pulls: Floats,
) -> None:
    k = 0
    for m in range(g.shape[1]):
        if g[row, m] > 0:
            places[k, t], scale[k, t] = m, math.sqrt(g[row, m])
            pulls[0, k, t] = scale[k, t] * pull[row, m] / noise
            k += 1
    lengths[t] = k


@compiled
def _gram(t: int, gram: Floats, noise: float, places: Whole, lengths: Whole, scale: Floats, root: Floats) -> None:
    for i in range(lengths[t]):
        w, products = scale[i, t] / noise, gram[places[i, t]]
        for j in range(i + 1):
            root[i, j, t] += w * scale[j, t] * products[places[j, t]]


@compiled
def _gram_of_seen(
    row: int,
    t: int,
    atoms: Floats,
    seen: Floats,
    noise: float,
    places: Whole,
    lengths: Whole,
    scale: Floats,
    root: Floats,
) -> None:
    """Form the products of atoms over the entries that are there."""
    for i in range(lengths[t]):
        a = atoms[places[i, t]]
        for j in range(i + 1):
            b, total = atoms[places[j, t]], 0.0
            for f in range(atoms.shape[1]):
                if seen[row, f]:
                    total += float(a[f]) * float(b[f])
            root[i, j, t] += scale[i, t] * scale[j, t] / noise * total


@compiled
def _store(
    row: int,
    t: int,
    g: Floats,
    places: Whole,
    lengths: Whole,
    scale: Floats,
    weights: Floats,
    product: Floats,
    mean: Floats,
    variance: Floats,
    ratio: Floats,
) -> None:
    for i in range(lengths[t]):
        m, u = places[i, t], weights[0, i, t]
        mean[row, m] = scale[i, t] * u
        variance[row, m] = g[row, m] * product[i, i, t]
        ratio[row, m] = u * u + product[i, i, t]


@compiled
def _fit(
    row: int, t: int, pull: Floats, energy: Floats, places: Whole, lengths: Whole, scale: Floats, weights: Floats
) -> float:
    """Return y'y - mu'D'y."""
    left = float(energy[row])
    for i in range(lengths[t]):
        left -= scale[i, t] * weights[0, i, t] * pull[row, places[i, t]]
    return left


@compiled
def _add(
    t: int, places: Whole, lengths: Whole, scale: Floats, weights: Floats, product: Floats, second: Floats
) -> None:
    for i in range(lengths[t]):
        s, u, line = scale[i, t], weights[0, i, t], second[places[i, t]]
        for j in range(i + 1):
            line[places[j, t]] += s * scale[j, t] * (product[i, j, t] + u * weights[0, j, t])


@compiled
def _make_up(
    row: int,
    t: int,
    atoms: Floats,
    seen: Floats,
    places: Whole,
    lengths: Whole,
    scale: Floats,
    weights: Floats,
    product: Floats,
    cross: Floats,
) -> None:
    """Add E[x x'] d for every missing entry, whose atoms' values are d: what EM puts in its place."""
    k = lengths[t]
    for i in range(k):
        for j in range(k):
            p = product[max(i, j), min(i, j), t] + weights[0, i, t] * weights[0, j, t]
            moment = scale[i, t] * scale[j, t] * p
            for f in range(atoms.shape[1]):
                if not seen[row, f]:
                    cross[places[i, t], f] += moment * atoms[places[j, t], f]
