"""The multiplicative updates of arXiv:1604.02181, for arrays of any library and by products alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from laconic.core.arrays import Array, array_namespace
from laconic.core.checks import ParameterError
from laconic.nnls.objective import Codes, residual, slope
from laconic.priors.base import Prior
from laconic.structured.dictionary import Dictionary

GRAM_LIMIT = 2**25
"""Entries up to which the Gram matrix is formed and split into its signs, which allows longer steps than |A| does."""


@dataclass(frozen=True)
class Split:
    """The parts of A'A h and A'y that the update needs, for signals of one batch.

    A'M A h = raising(h) - lowering(h) with both at least 0; `lowering` is None where A and y have no negative entry,
    and the plain rule serves.
    """

    raising: Callable[[Array, Codes], Array]
    lowering: Callable[[Array, Codes], Array] | None


def multiplicative_step(dictionary: Dictionary, split: Split, prior: Prior) -> Callable[[Codes], Codes]:
    """Return the update h <- h * factor, which never raises the objective.

    For A, y >= 0 the factor is A'y / (A'A h + (lambda z/2) Omega h^(z-1)). For mixed signs it is the positive root of
    a f^2 - b f - c = 0, where a and c are the raising and the lowering part of A'A h and b = A'y; the penalty joins a
    for z > 1, where it is majorised by a parabola, and is taken from b for z <= 1, where by a line. Omega is that of
    the current codes, a further majorisation. Codes are kept above the smallest safe number, since zeros absorb.
    """

    def step(codes: Codes) -> Codes:
        xp = array_namespace(codes.h)
        pull = dictionary.rmatmul(codes.y.T).T
        up, penalty = split.raising(codes.h, codes), codes.strength * slope(codes.h, prior)
        least = float(xp.finfo(codes.h.dtype).smallest_normal) ** 0.5
        if split.lowering is None:
            factor = pull / xp.maximum(up + penalty, xp.full_like(up, least))
        else:
            factor = _root(codes, split.lowering(codes.h, codes), up, pull, penalty, prior.z, least)
        h = xp.maximum(codes.h * factor, xp.full_like(codes.h, least))
        return replace(codes, h=h, left=residual(dictionary, h, codes.y, codes.mask), change=_change(codes, h))

    return step


def _root(codes: Codes, down: Array, up: Array, pull: Array, penalty: Array, z: float, least: float) -> Array:
    """Return the positive root of a f^2 - b f - c, without cancellation."""
    xp = array_namespace(up)
    a, b = (up + penalty, pull) if z > 1 else (up, pull - penalty)
    a = xp.maximum(a, xp.full_like(a, least))
    inside = xp.sqrt(b**2 + 4 * a * down)
    return xp.where(b >= 0, (inside + b) / (2 * a), 2 * down / xp.maximum(inside - b, xp.full_like(a, least)))


def _change(codes: Codes, h: Array) -> Array:
    """Return the longest step over the largest code: of many codes each may be small beside the signal."""
    xp = array_namespace(h)
    return xp.max(xp.abs(h - codes.h), axis=1) / xp.max(h, axis=1)


def split_signs(owner: str, dictionary: Dictionary, codes: Codes) -> Split:
    """Return how A'A h is split into two parts of one sign.

    Raises
    ------
    ParameterError
        If neither the signs of the entries are known nor the dictionary can be formed.
    """
    xp = array_namespace(codes.h)
    absolute = dictionary.absolute()
    if absolute is None:
        allowed = "'coordinate' for a dictionary of mixed signs that is an operator too large to be formed"
        raise ParameterError(owner, "solver", allowed, "multiplicative")
    if absolute is dictionary and not bool(xp.any(codes.y < 0)):
        return Split(lambda h, c: _normal(dictionary, h, c), None)
    if dictionary.fits() and codes.mask is None and dictionary.shape[1] ** 2 <= GRAM_LIMIT:
        return _split_gram(dictionary)
    return Split(
        lambda h, c: (_normal(absolute, h, c) + _normal(dictionary, h, c)) / 2,
        lambda h, c: _positive(_normal(absolute, h, c) - _normal(dictionary, h, c)) / 2,
    )


def _split_gram(dictionary: Dictionary) -> Split:
    array = dictionary.dense("sparse_nnls")
    gram = array.T @ array
    plus, minus = _positive(gram), _positive(-gram)
    return Split(lambda h, _: h @ plus, lambda h, _: h @ minus)


def _positive(array: Array) -> Array:
    xp = array_namespace(array)
    return xp.maximum(array, xp.zeros_like(array))


def _normal(dictionary: Dictionary, h: Array, codes: Codes) -> Array:
    """Return A'M A h."""
    product = dictionary.matmul(h.T).T
    return dictionary.rmatmul((product if codes.mask is None else product * codes.mask).T).T
