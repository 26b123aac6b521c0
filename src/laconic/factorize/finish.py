"""The end of a fit: codes that belong to the dictionary, lengths of one, and how far from stationary the pair is."""

from dataclasses import dataclass

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.blocks import Additive, Block, Pool
from laconic.factorize.dictionaries import Atoms, normalised
from laconic.factorize.solvers.gap import size, stationary_step, unit_step
from laconic.factorize.statistics import Statistics


@dataclass(frozen=True)
class Nothing(Additive):
    """Nothing to sum."""


@dataclass(frozen=True)
class Rescale:
    """Multiply codes by one factor for each component, shape (k,)."""

    factors: Array

    def __call__(self, block: Block, codes: Array) -> tuple[Array, Nothing]:
        return codes * self.factors, Nothing()


def with_unit_rows(pool: Pool, dictionary: Array) -> Array:
    """Return the dictionary with rows of length one; the codes take the lengths.

    A row of zeros, of a part that the data do not need, gets equal entries, and codes of zero.
    """
    xp = array_namespace(dictionary)
    rows, lengths = normalised(dictionary)
    idle = ~xp.any(rows != 0, axis=1)
    pool.run(Rescale(xp.where(idle, xp.zeros_like(lengths), lengths)))
    return xp.where(idle[:, None], xp.ones_like(rows) / rows.shape[1] ** 0.5, rows)


def dictionary_gap(total: Statistics, dictionary: Array, atoms: Atoms) -> float:
    """Return the length of the step that takes each entry, or each row of length one, to its best place, relative."""
    xp = array_namespace(dictionary)
    gram, cross = (xp.astype(part, dictionary.dtype) for part in (total.gram, total.cross))
    if atoms.unit_length:
        step = unit_step(gram, cross, dictionary).T
    else:
        step = stationary_step(gram, cross.T, dictionary.T, atoms.penalty)
    whole = size(gram, dictionary.T)
    return float(np.sqrt(size(gram, step) / whole)) if whole > 0 else 0.0
