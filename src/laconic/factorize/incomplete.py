"""Codes of samples with missing entries, each by the entries that it has: no two need to share a Gram matrix."""

from collections.abc import Sequence

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.blocks import Block
from laconic.core.threads import in_threads
from laconic.factorize.penalty import NONE, Penalty
from laconic.factorize.solvers import each, everywhere
from laconic.nnls.descent import KNOWN
from laconic.nnls.factor import Floats, Ints

AT_ONCE = 2**20
"""Entries of Gram matrices that are held at once."""

STAGE, LAST = 5, 1000
"""Sweeps under each penalty on the way to the last one, and, at most, under that."""

SETTLED = 1e-7
"""Steps of a sweep, relative to the codes, that end it."""

UNSEEN = 1e-12
"""Share of the squared length of an atom that is rounding: no entry that is there sees more of it than that."""


def with_incomplete(block: Block, pull: Array, codes: Array, dictionary: Array, path: Sequence[Penalty]) -> Array:
    """Return codes (n, k) in which those of samples with missing entries are found anew.

    Coordinate descent finds them, on the CPU and in float64, whatever found the others. Each sample is done when it has
    settled itself, and comes out as if it had been alone.

    Parameters
    ----------
    block : Block
    pull : array of shape (n, k)
        X D', with 0 where an entry is missing.
    codes : array of shape (n, k)
    dictionary : array of shape (k, p)
    path : sequence of Penalty
    """
    D, found = to_numpy(dictionary).astype(np.float64), to_numpy(codes).astype(np.float64)
    wanted, (places, columns) = to_numpy(pull).astype(np.float64), block.lost()
    rows, begins = np.unique(places, return_index=True)
    ends, step = np.append(begins[1:], len(places)), max(1, AT_ONCE // len(D) ** 2)
    for first in range(0, len(rows), step):
        some = slice(first, first + step)
        lost = [columns[begin:end] for begin, end in zip(begins[some], ends[some], strict=True)]
        found[rows[some]] = codes_of(grams_of(D, lost), wanted[rows[some]], path)
    return array_namespace(codes).asarray(found, dtype=codes.dtype, device=device(codes))


def grams_of(dictionary: Floats, lost: Sequence[Ints]) -> Floats:
    """Return D D' over the columns that are not lost, for each of n samples, shape (n, k, k).

    Few columns are taken away from all, many left out: either way by the shorter product.
    """
    k, p = dictionary.shape
    whole, grams = dictionary @ dictionary.T, np.empty((len(lost), k, k))
    for gram, columns in zip(grams, lost, strict=True):
        if len(columns) > p / 2:
            part = np.delete(dictionary, columns, axis=1)
            gram[:] = part @ part.T
        else:
            part = dictionary[:, columns]
            gram[:] = whole - part @ part.T
    grams[np.einsum("ijj->ij", grams) <= UNSEEN * np.diagonal(whole)] = 0  # whole rows: descent looks at no column
    return grams


def codes_of(grams: Floats, pull: Floats, path: Sequence[Penalty]) -> Floats:
    """Return codes (n, k) from a plain fit on, under the penalties of `path` in turn, the last one to the end.

    Parameters
    ----------
    grams : array of shape (n, k, k)
    pull : array of shape (n, k)
    path : sequence of Penalty
    """
    x = np.zeros_like(pull)
    plan = path if path[-1].is_flat else (NONE, *path)
    for place, penalty in enumerate(plan):
        _improve(grams, pull, x, penalty, LAST if place in (0, len(plan) - 1) else STAGE)
    return x


def _improve(grams: Floats, pull: Floats, x: Floats, penalty: Penalty, sweeps: int) -> None:
    """Go through so many sweeps at most, in place."""
    kind = type(penalty.prior)
    if kind not in KNOWN:
        for i in range(len(x)):
            row = slice(i, i + 1)
            x[row] = everywhere.descend(grams[i], pull[row], x[row], penalty, sweeps, SETTLED).x
        return
    which, factor, offset, exponent = KNOWN[kind](penalty.prior)
    numbers = penalty.strength * factor / 2, which, float(offset), float(exponent), sweeps, SETTLED
    in_threads(lambda first, last: each.descend(grams, pull, x, *numbers, first, last), len(x))
