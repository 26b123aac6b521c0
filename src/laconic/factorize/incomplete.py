"""Codes of samples with missing entries, each by the entries that it has: no two need to share a Gram matrix."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.blocks import Block
from laconic.core.loop import iterate
from laconic.core.threads import in_threads
from laconic.factorize.penalty import NONE, Penalty
from laconic.nnls.descent import descent_step
from laconic.nnls.factor import Floats
from laconic.nnls.objective import Codes

AT_ONCE = 2**20
"""Entries of samples that are worked on at once."""

STAGE, LAST = 5, 1000
"""Sweeps under each penalty on the way to the last one, and, at most, under that."""

SETTLED = 1e-7
"""Longest step of a sweep, relative to the length of the sample, that ends it."""


def with_incomplete(block: Block, codes: Array, dictionary: Array, unit: float, path: Sequence[Penalty]) -> Array:
    """Return codes (n, k) in which those of samples with missing entries are found anew.

    Coordinate descent finds them, on the CPU and in float64, whatever found the others. Each sample is done when it has
    settled itself, and comes out as if it had been alone.
    """
    D, rows = to_numpy(dictionary).astype(np.float64), block.incomplete()
    found = to_numpy(codes).astype(np.float64)
    step = max(1, AT_ONCE // D.shape[1])

    def work(first: int, last: int) -> None:
        for begin in range(first, last, step):
            some = rows[begin : min(begin + step, last)]
            values, there = block.known(some)
            found[some] = codes_of(values / unit, there, D, path)

    if len(rows):
        in_threads(work, len(rows))
    return array_namespace(codes).asarray(found, dtype=codes.dtype, device=device(codes))


def codes_of(samples: Floats, there: Floats, dictionary: Floats, path: Sequence[Penalty]) -> Floats:
    """Return codes (n, k) found from a plain fit under the penalties of `path` in turn, the last one to the end.

    Parameters
    ----------
    samples : array of shape (n, p)
        0 where an entry is missing.
    there : array of shape (n, p)
        1 where an entry is there, else 0.
    dictionary : array of shape (k, p)
    path : sequence of Penalty
    """
    n, k = len(samples), len(dictionary)
    codes = Codes(np.zeros((n, k)), samples, there, np.zeros((n, 1)), samples.copy(), np.full(n, np.inf))
    squares = np.sum(dictionary**2, axis=1)[None, :]
    for penalty in path if path[-1].is_flat else (NONE, *path):
        codes = replace(codes, strength=np.full((n, 1), penalty.strength))
        to_the_end = penalty is path[-1] or penalty.is_flat
        run = iterate(
            descent_step(dictionary, squares, penalty.prior),
            codes,
            change=lambda _, codes: np.asarray(codes.change),
            tol=SETTLED if to_the_end else 0.0,
            max_iter=LAST if to_the_end else STAGE,
        )
        codes = run.state
    return np.asarray(codes.h)
