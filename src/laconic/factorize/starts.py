"""Dictionaries to begin with."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.blocks import Additive, Block, Pool
from laconic.core.checks import DataError
from laconic.factorize.dictionaries import normalised

Floats = NDArray[Any]

OVERSAMPLED = 10
"""Directions more than are wanted, in the search for the leading ones."""

POWERS = 4
"""Passes over the data that sharpen them."""

NOTHING = 1e3
"""Roundings of the largest squared singular value below which one is no direction of the data."""


def random_start(pool: Pool, k: int, unit: float, generator: np.random.Generator) -> Floats:
    """Return rows of absolute values of Gaussian numbers, of length one."""
    del unit
    return _unit_rows(np.abs(generator.standard_normal((k, pool.n_features))))


def nndsvd_start(pool: Pool, k: int, unit: float, generator: np.random.Generator) -> Floats:
    """Return the dictionary of NNDSVD (Boutsidis and Gallopoulos, Pattern Recognition 41, 2008), rows of length one.

    Of each leading pair of singular vectors the larger of its positive and its negative part is taken, with its mean in
    place of zeros, which multiplicative updates could not leave. The vectors come from random directions sharpened by
    passes over the data (Halko, Martinsson and Tropp, SIAM Review 53, 2011), to which every block contributes a part of
    a sum. Atoms that the data have no direction for are random.
    """
    right = _right_vectors(pool, min(k, pool.n_features), unit, generator)
    signs = pool.run(Signs(_like(pool, right), unit)).squares
    above, below = np.sqrt(to_numpy(signs))
    up, down = np.maximum(right, 0), np.maximum(-right, 0)
    positive = above * np.linalg.norm(up, axis=1) >= below * np.linalg.norm(down, axis=1)
    found = np.where(positive[:, None], up, down)
    found += (found == 0) * found.mean(axis=1, keepdims=True)
    spare = random_start(pool, k, unit, generator)
    rows = np.concatenate([found, spare[len(found) :]])
    lost = ~(np.linalg.norm(rows, axis=1) > 0)
    rows[lost] = spare[lost]
    return _unit_rows(rows)


STARTS: dict[str, Callable[[Pool, int, float, np.random.Generator], Floats]] = {
    "nndsvd": nndsvd_start,
    "random": random_start,
}
"""Ways to begin by name; a new one adds its line here."""


def start(pool: Pool, init: Any, k: int, unit: float, generator: np.random.Generator) -> Array:
    """Return a dictionary (k, p) of the pool's kind, and leave codes with the blocks if they are given.

    Parameters
    ----------
    pool : Pool
    init : str, array of shape (k, p), or two arrays, of shapes (n, k) and (k, p)
        The name of a way to begin, a dictionary, or codes and a dictionary.
    k : int
    unit : float
        Codes that are given are divided by it.
    generator : numpy.random.Generator
    """
    if isinstance(init, tuple):
        codes, rows = (_like(pool, to_numpy(part)) for part in init)
        if len(codes) != pool.n_samples:
            raise DataError(f"codes to begin with must be those of the {pool.n_samples} samples, got {len(codes)}")
        dictionary, lengths = normalised(rows)
        codes = codes * (lengths / unit)
        pool.restore(codes[first:last, :] for first, last in pairwise(pool.edges))
        return dictionary
    rows = STARTS[init](pool, k, unit, generator) if isinstance(init, str) else to_numpy(init)
    return normalised(_like(pool, rows))[0]


@dataclass(frozen=True)
class Turned(Additive):
    """X'X Q of shape (p, r), in float64."""

    product: Array


@dataclass(frozen=True)
class Turn:
    """Multiply directions Q (p, r) by X'X."""

    directions: Array
    unit: float

    def __call__(self, block: Block, state: Any) -> tuple[Any, Turned]:
        xp = array_namespace(self.directions)
        inside = block.weighted(block.project(self.directions.T) * (1 / self.unit))
        return state, Turned(xp.astype(block.gather(inside).T, xp.float64) / self.unit)


@dataclass(frozen=True)
class Squares(Additive):
    """Sums of squares of the positive and the negative parts of X V', shape (2, r)."""

    squares: Array


@dataclass(frozen=True)
class Signs:
    """Say how much of each left singular vector is positive, and how much negative."""

    right: Array
    unit: float

    def __call__(self, block: Block, state: Any) -> tuple[Any, Squares]:
        xp = array_namespace(self.right)
        left = block.project(self.right) * (1 / self.unit)
        zero = xp.zeros_like(left)
        parts = [xp.sum(block.weighted(xp.maximum(one, zero) ** 2), axis=0, dtype=xp.float64) for one in (left, -left)]
        return state, Squares(xp.stack(parts))


def _right_vectors(pool: Pool, k: int, unit: float, generator: np.random.Generator) -> Floats:
    """Return the leading right singular vectors of the data, k or as many as there are, one a row.

    Missing entries count as zero.
    """
    rank = min(k + OVERSAMPLED, pool.n_features)
    Q = np.linalg.qr(generator.standard_normal((pool.n_features, rank)))[0]
    for _ in range(POWERS):
        Q = np.linalg.qr(_turned(pool, Q, unit))[0]
    small = Q.T @ _turned(pool, Q, unit)
    values, vectors = np.linalg.eigh((small + small.T) / 2)
    order = np.argsort(-values)[:k]
    precision = np.finfo(to_numpy(pool.like()[:0, ...]).dtype).eps
    there = order[values[order] > NOTHING * precision * values[order[0]]]
    return np.ascontiguousarray((Q @ vectors[:, there]).T)


def _turned(pool: Pool, Q: Floats, unit: float) -> Floats:
    return to_numpy(pool.run(Turn(_like(pool, Q), unit)).product)


def _like(pool: Pool, values: Floats) -> Array:
    like = pool.like()
    return array_namespace(like).asarray(values, dtype=like.dtype, device=device(like))


def _unit_rows(rows: Floats) -> Floats:
    return np.asarray(normalised(rows)[0])
