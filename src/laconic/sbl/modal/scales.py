"""One step of EM over the scales that modalities share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from laconic.core.arrays import Array, array_namespace, device
from laconic.sbl.coupling import Links
from laconic.sbl.modal.posterior import Posterior, View

STRIDE = 1e3
"""A relaxed step multiplies or divides a scale by at most this before it is taken to its power."""


@dataclass(frozen=True)
class Update:
    """How scales are moved.

    Attributes
    ----------
    relaxation : float
        1 is plain EM, under which no likelihood ever falls; above it, each step goes further in the logarithm.
    prune : float
        A scale below this share of the least noise of the modalities that a sample has and that it is a scale of
        becomes 0, for good; 0 keeps every one.
    """

    relaxation: float = 1.0
    prune: float = 0.0


PLAIN = Update()


def updated(gamma: Array, links: Links, views: Sequence[View], found: Sequence[Posterior], how: Update) -> Array:
    """Return scales of shape (n, B) after a step of EM.

    In exact EM x_j[m] is a sum of z_j[m, b] ~ N(0, T_j[m, b] gamma_b), and gamma_b becomes the mean over the atoms m
    that b is part of, in modalities that are there, of

        E z_j[m, b]² / T_j[m, b] = gamma_b (1 + (T_j[m, b] gamma_b / g_j[m]) (r_j[m] - 1)),  r = E x² / g.
    """
    xp = array_namespace(gamma)
    total, count, level = xp.zeros_like(gamma), xp.zeros_like(gamma), xp.full_like(gamma, np.inf)
    for j, (view, posterior) in enumerate(zip(views, found, strict=True)):
        here, present = _gains(j, gamma, links, posterior), view.readings.present()
        each = xp.asarray(links.counts(j), dtype=gamma.dtype, device=device(gamma))
        if present is not None:
            own = xp.astype(present, gamma.dtype)[:, None]
            here, each = here * own, each * own
        total, count = total + here, count + each
        level = xp.where(each > 0, xp.clip(level, None, view.sensor.noise), level)
    factor = 1 + total / xp.where(count > 0, count, xp.ones_like(count))
    return _moved(gamma, xp.maximum(factor, xp.zeros_like(factor)), level, how)


def _gains(j: int, gamma: Array, links: Links, posterior: Posterior) -> Array:
    """Return the sum over atoms of (T gamma / g) (r - 1), shape (n, B)."""
    if links.maps[j] is None:
        return posterior.ratio - 1
    xp, g = array_namespace(gamma), links.variances(j, gamma)
    pull = xp.where(g > 0, (posterior.ratio - 1) / xp.where(g > 0, g, xp.ones_like(g)), xp.zeros_like(g))
    return gamma * links.pooled(j, pull)


def _moved(gamma: Array, factor: Array, level: Array, how: Update) -> Array:
    """Take the step; `level` is the least noise of the modalities that know of a scale, infinite where none does."""
    xp = array_namespace(gamma)
    if how.relaxation != 1:
        factor = xp.clip(factor, 1 / STRIDE, STRIDE) ** how.relaxation
    new = gamma * factor
    if not how.prune:
        return new
    known = xp.isfinite(level)
    least = how.prune * xp.where(known, level, xp.zeros_like(level))
    return xp.where(new < least, xp.zeros_like(new), new)
