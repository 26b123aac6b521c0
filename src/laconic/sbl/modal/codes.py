"""Scales, and with them codes, of samples for dictionaries that are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.loop import BatchRecord, Rows, iterate
from laconic.sbl.coupling import Links
from laconic.sbl.modal.posterior import View
from laconic.sbl.modal.scales import Update, updated

ABOVE = 4.0
"""Times the least noise that scales begin with at least: what is near it may be given up before it is looked at."""


@dataclass(frozen=True)
class _Coding(BatchRecord):
    row: Rows
    gamma: Array


def started(links: Links, views: Sequence[View], energy: float | None = None) -> Array:
    """Return equal scales that add up to an energy, shape (n, B), but are well above the noise.

    None is the energy of these samples on average.
    """
    like, n = views[0].readings.y, views[0].readings.y.shape[0]
    xp = array_namespace(like)
    if energy is None:
        energy = float(np.mean([float(xp.mean(view.energy)) for view in views]))
    level = max(energy / links.n_scales, ABOVE * min(view.sensor.noise for view in views))
    return xp.full((n, links.n_scales), level, dtype=like.dtype, device=device(like))


def infer(
    links: Links,
    views: Sequence[View],
    how: Update,
    *,
    gamma: Array | None = None,
    max_iter: int = 100,
    tol: float = 1e-3,
) -> Array:
    """Return the scales of each sample under known dictionaries, shape (n, B).

    EM from equal scales, or those given, until no standard deviation of a sample changes by more than `tol` of its
    largest.
    """
    gamma = started(links, views) if gamma is None else gamma
    begin = _Coding(np.arange(gamma.shape[0]), gamma)

    def step(state: _Coding) -> _Coding:
        here = views if state.size == begin.size else [view.take(state.row) for view in views]
        found = [view.posterior(links.variances(j, state.gamma))[0] for j, view in enumerate(here)]
        return _Coding(state.row, updated(state.gamma, links, here, found, how))

    change = _change if tol > 0 else _unknown
    return iterate(step, begin, change=change, tol=tol, max_iter=max_iter).state.gamma


def _unknown(_: _Coding, after: _Coding) -> Any:
    """Return what no tolerance ends at: all steps are taken."""
    return np.full(after.size, np.inf)


def _change(before: _Coding, after: _Coding) -> Any:
    xp = array_namespace(after.gamma)
    old, new = xp.sqrt(before.gamma), xp.sqrt(after.gamma)
    largest = xp.max(xp.maximum(old, new), axis=1)
    moved = xp.max(xp.abs(new - old), axis=1)
    return np.asarray(to_numpy(moved / xp.where(largest > 0, largest, xp.ones_like(largest))))
