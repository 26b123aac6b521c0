"""What a modality is expected to read, and how surely: the posterior of D x."""

from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, to_numpy
from laconic.core.compiled import compiled
from laconic.core.lanes import add_products
from laconic.core.threads import in_threads
from laconic.sbl.modal.factor import cholesky, substitute
from laconic.sbl.modal.posterior import View
from laconic.sbl.modal.tile import LEAST, TILE, load, most_in_use, space

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
    most, n_targets = most_in_use(order, counts, first, last), targets.shape[1]
    places, lengths, scale, pulls, root = space(most)
    probes, log_det, dots = np.zeros((n_targets, most, TILE)), np.zeros(TILE), np.zeros((2, 1, TILE))
    for begin in range(first, last, TILE):
        size = min(TILE, last - begin)
        width = load(order, begin, size, counts, g, pull, atoms, gram, seen, noise, places, lengths, scale, pulls, root)
        cholesky(root, log_det, width, LEAST)
        substitute(root, pulls, 1, width)
        _aim(targets, places, scale, probes, width)
        substitute(root, probes, n_targets, width)
        for f in range(n_targets):
            dots[:] = 0.0
            add_products(dots, 0, 0, probes, f * most, 0, pulls, 0, width, 0)
            add_products(dots, 1, 0, probes, f * most, 0, probes, f * most, width, 0)
            for t in range(size):
                row = order[begin + t]
                mean[row, f], variance[row, f] = dots[0, 0, t], dots[1, 0, t]


@compiled
def _aim(targets: Floats, places: Whole, scale: Floats, probes: Floats, width: int) -> None:
    """Set each probe to S d; where a sample has fewer atoms its scale is 0."""
    for f in range(targets.shape[1]):
        for i in range(width):
            for t in range(TILE):
                probes[f, i, t] = scale[i, t] * targets[places[i, t], f]
