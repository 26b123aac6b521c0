"""Statistics that add: what a block of samples and its codes say to the dictionary, and to the objective."""

from dataclasses import dataclass

import numpy as np

from laconic.core.arrays import Array, array_namespace, to_numpy
from laconic.core.blocks import Additive, Block
from laconic.factorize.penalty import Penalty


@dataclass(frozen=True)
class Statistics(Additive):
    """Sums over samples x of weight w with codes c, in float64 and in the units of the fit.

    Attributes
    ----------
    gram : array of shape (k, k)
        sum w c c'.
    cross : array of shape (k, p)
        sum w c x', with what the model says in place of missing entries.
    made_up : float
        sum w x^2 over those entries.
    penalty : float
        sum w penalty(c).
    moved : float
        Sum of G_jj times squared first steps of the codes, and
    size : float
        of G_jj times squared codes: how far they are from stationary.
    used : float
        sum w times the number of codes that count: above zero, and out of the peak of the prior there.
    squares, quartics : float
        sum w c^2 and sum w c^4 over all codes.
    """

    gram: Array
    cross: Array
    made_up: float
    penalty: float
    moved: float
    size: float
    used: float
    squares: float
    quartics: float

    @property
    def change(self) -> float:
        """Length of the first steps of the codes over that of the codes."""
        return float(np.sqrt(self.moved / self.size)) if self.size > 0 else 0.0


def statistics(
    block: Block, data: Block, codes: Array, dictionary: Array, moved: Array, penalty: Penalty
) -> Statistics:
    """Return the statistics of a block in the units of its data.

    Parameters
    ----------
    block, data : Block
        As it came, and with its missing entries made up.
    codes : array of shape (n, k)
    dictionary : array of shape (k, p)
        For the size of the codes.
    moved : array of shape (n,)
    penalty : Penalty
    """
    xp = array_namespace(codes)
    weighted, squared = block.weighted(codes), codes * codes
    squares = xp.sum(block.weighted(squared), axis=0, dtype=xp.float64)
    made_up = 0.0 if block.is_complete else float(xp.sum(block.weighted(data.squares() - block.squares())))
    return Statistics(
        gram=xp.astype(weighted.T @ codes, xp.float64),
        cross=xp.astype(data.gather(weighted), xp.float64),
        made_up=made_up,
        penalty=0.0 if penalty.is_flat else float(xp.sum(block.weighted(penalty.rows(codes)))),
        moved=float(xp.sum(block.weighted(moved), dtype=xp.float64)),
        size=float(xp.sum(xp.sum(dictionary**2, axis=1, dtype=xp.float64) * squares)),
        used=float(xp.sum(block.weighted(xp.sum(xp.astype(penalty.counts(codes), xp.float64), axis=1)))),
        squares=float(xp.sum(squares)),
        quartics=float(xp.sum(block.weighted(squared) * squared, dtype=xp.float64)),
    )


def fit(total: Statistics, energy: float, dictionary: Array) -> float:
    """Return |X - C D|^2 for these codes: |X|^2 - 2 <C'X, D> + <C'C, D D'>."""
    D = to_numpy(dictionary).astype(np.float64)
    gram, cross = to_numpy(total.gram), to_numpy(total.cross)
    left = energy + total.made_up - 2 * np.sum(cross * D) + np.sum(gram * (D @ D.T))
    return max(float(left), 0.0)
