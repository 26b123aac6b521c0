"""The penalised problem that both solvers of `sparse_nnls` minimise, and how far an answer is from stationary."""

from dataclasses import dataclass
from typing import Any

from laconic.core.arrays import Array, array_namespace, to_numpy
from laconic.core.loop import BatchRecord
from laconic.nnls.optimality import kkt_gap
from laconic.priors.base import Prior
from laconic.structured.dictionary import Dictionary


@dataclass(frozen=True)
class Codes(BatchRecord):
    """Codes h of signals y in their own units, one a row: L(h) = |y - A h|^2 - lambda sum ln p(h).

    Attributes
    ----------
    h : array of shape (k, m)
    y : array of shape (k, n)
        0 where an entry is missing.
    mask : array of shape (k, n) or None
    strength : array of shape (k, 1)
        lambda = 2 sigma^2.
    left : array of shape (k, n)
        y - A h, 0 where an entry is missing.
    change : array of shape (k,)
        The longest step of the last iteration, relative to the signal or to the largest code.
    """

    h: Array
    y: Array
    mask: Array | None
    strength: Array
    left: Array
    change: Array


def residual(dictionary: Dictionary, h: Array, y: Array, mask: Array | None) -> Array:
    """Return y - A h, 0 where an entry is missing."""
    left = y - dictionary.matmul(h.T).T
    return left if mask is None else left * mask


def value(codes: Codes, prior: Prior) -> Any:
    """Return the objective of each signal, a NumPy array of shape (k,); the constant of the prior left out."""
    xp = array_namespace(codes.h)
    penalty = xp.sum(prior.penalty(codes.h), axis=1)
    return to_numpy(xp.sum(codes.left**2, axis=1) + codes.strength[:, 0] * penalty)


def slope(h: Array, prior: Prior) -> Array:
    """Return half the derivative of -ln p, from the prior's weight: z/2 Omega h^(z-1); infinite at 0 for z < 1."""
    xp = array_namespace(h)
    if prior.z >= 1:
        return prior.z / 2 * prior.weight(h) * h ** (prior.z - 1)
    safe = xp.where(h > 0, h, xp.ones_like(h))
    finite = prior.z / 2 * prior.weight(safe) * safe ** (prior.z - 1)
    return xp.where(h > 0, finite, xp.full_like(h, float("inf")))


def stationarity(dictionary: Dictionary, codes: Codes, prior: Prior, lengths: Array) -> Any:
    """Return the gap of `kkt_gap` with the slope of the penalty in the gradient, a NumPy array of shape (k,)."""
    xp = array_namespace(codes.h)
    gradient = codes.strength * slope(codes.h, prior) - dictionary.rmatmul(codes.left.T).T
    return to_numpy(kkt_gap(codes.h, gradient, lengths, xp.sqrt(xp.sum(codes.y**2, axis=1))))
