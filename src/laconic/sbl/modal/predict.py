"""What a modality is expected to read, and how surely: the posterior of D x."""

from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, to_numpy
from laconic.core.compiled import compiled
from laconic.core.threads import in_threads
from laconic.sbl.modal.posterior import View
from laconic.sbl.modal.tile import TILE, _cholesky, _clear, _gram, _gram_of_seen, _load, _solve

Floats = np.ndarray[Any, Any]
Whole = np.ndarray[Any, Any]


def predict(view: View, g: Array, targets: Array) -> tuple[Array, Array]:
    """Return mean and variance of D x, without noise, for entries whose atoms' values are `targets`.

    Parameters
    ----------
    view : View
        The entries that are known; `targets` may be of these or others.
    g : array of shape (n, M)
        Prior variances.
    targets : array of shape (M, F)

    Returns
    -------
    mean, variance : array of shape (n, F)
    """
    xp, n = array_namespace(g), g.shape[0]
    values = [to_numpy(a) for a in (g, view.pull, view.sensor.atoms, view.sensor.gram, targets)]
    g_, pull, atoms, gram, aims = values
    seen = np.zeros((0, 0), bool) if view.readings.seen is None else to_numpy(view.readings.seen)
    counts = np.count_nonzero(g_, axis=1)
    order = np.argsort(counts, kind="stable")
    mean, variance = np.zeros((n, aims.shape[1]), g_.dtype), np.zeros((n, aims.shape[1]), g_.dtype)
    data = order, counts, g_, pull, atoms, gram, seen, float(view.sensor.noise), aims, mean, variance

    def work(first: int, last: int) -> None:
        _predict(*data, first, last)

    in_threads(work, n, TILE, least=64)
    return tuple(xp.asarray(one, dtype=g.dtype, device=g.device) for one in (mean, variance))


@compiled
def _predict(
    order: Whole,
    counts: Whole,
    g: Floats,
    pull: Floats,
    atoms: Floats,
    gram: Floats,
    seen: Whole,
    noise: float,
    targets: Floats,
    mean: Floats,
    variance: Floats,
    first: int,
    last: int,
) -> None:
    most = 1
    for i in range(first, last):
        most = max(most, counts[order[i]])
    places, lengths = np.zeros((most, TILE), np.int64), np.zeros(TILE, np.int64)
    scale, weights, log_det = np.zeros((most, TILE)), np.zeros((most, TILE)), np.zeros(TILE)
    root, probe, partial = np.zeros((most, most, TILE)), np.zeros((most, TILE)), seen.shape[0] > 0
    for begin in range(first, last, TILE):
        size, width = min(TILE, last - begin), 0
        for t in range(size):
            width = max(width, counts[order[begin + t]])
        _clear(root, scale, weights, lengths, width)
        for t in range(size):
            row = order[begin + t]
            _load(row, t, g, pull, noise, places, lengths, scale, weights)
            if partial and not seen[row].all():
                _gram_of_seen(row, t, atoms, seen, noise, places, lengths, scale, root)
            else:
                _gram(t, gram, noise, places, lengths, scale, root)
        _cholesky(root, log_det, width)
        _solve(root, weights, width)
        for f in range(targets.shape[1]):
            _aim(f, targets, places, scale, probe, width)
            for t in range(size):
                total = 0.0
                for i in range(lengths[t]):
                    total += probe[i, t] * weights[i, t]
                mean[order[begin + t], f] = total
            _forward(root, probe, width)
            for t in range(size):
                total = 0.0
                for i in range(lengths[t]):
                    total += probe[i, t] * probe[i, t]
                variance[order[begin + t], f] = total


@compiled
def _aim(f: int, targets: Floats, places: Whole, scale: Floats, probe: Floats, width: int) -> None:
    """Set the probe to S d; where a sample has fewer atoms its scale is 0."""
    for i in range(width):
        for t in range(TILE):
            probe[i, t] = scale[i, t] * targets[places[i, t], f]


@compiled
def _forward(root: Floats, x: Floats, width: int) -> None:
    for k in range(width):
        for t in range(TILE):
            x[k, t] *= root[k, k, t]
        for i in range(k + 1, width):
            for t in range(TILE):
                x[i, t] -= root[i, k, t] * x[k, t]
