"""Steps to a stationary point: what is left to do, whichever solver did the rest."""

from laconic.core.arrays import Array, array_namespace
from laconic.factorize.penalty import Penalty
from laconic.nnls.objective import slope


def stationary_step(gram: Array, pull: Array, x: Array, penalty: Penalty) -> Array:
    """Return min(x, g / G_jj) for rows x (n, k): the step from each coordinate's best place, the others held.

    g is half the gradient, x G - pull and the slope of the penalty. It is 0 at a point that satisfies the conditions of
    Karush, Kuhn and Tucker, x >= 0, g >= 0 and x g = 0. Coordinates that nothing depends on count as settled.
    """
    xp = array_namespace(x)
    diagonal = xp.linalg.diagonal(gram)
    gradient = x @ gram - pull
    if not penalty.is_flat:
        gradient = gradient + penalty.strength * slope(x, penalty.prior)
    # The smaller one is taken first: the diagonal of an atom that multiplicative updates gave up is all but zero.
    step = xp.minimum(x * diagonal, gradient) / xp.where(diagonal > 0, diagonal, xp.ones_like(diagonal))
    return xp.where(diagonal > 0, step, xp.zeros_like(step))


def unit_step(gram: Array, cross: Array, rows: Array) -> Array:
    """Return the step (k, p) from each row of length one to the best one, the others held."""
    xp = array_namespace(rows)
    wanted = cross - gram @ rows + xp.linalg.diagonal(gram)[:, None] * rows
    return xp.stack([best_unit(wanted[j, :], rows[j, :]) for j in range(rows.shape[0])]) - rows


def best_unit(wanted: Array, otherwise: Array) -> Array:
    """Return the d >= 0 of length one with the largest wanted'd; `otherwise` where nothing is wanted."""
    xp = array_namespace(wanted)
    upper = xp.maximum(wanted, xp.zeros_like(wanted))
    largest = xp.max(upper)
    shrunk = upper / xp.where(largest > 0, largest, xp.ones_like(largest))
    length = xp.sqrt(xp.sum(shrunk**2))
    return xp.where(largest > 0, shrunk / xp.where(length > 0, length, xp.ones_like(length)), otherwise)


def sizes(gram: Array, rows: Array) -> Array:
    """Return the sum of G_jj times squared entries for each of rows (n, k), shape (n,)."""
    xp = array_namespace(rows)
    return xp.sum((rows * xp.sqrt(xp.linalg.diagonal(gram))) ** 2, axis=1)


def size(gram: Array, rows: Array) -> float:
    """Return the same over all rows."""
    xp = array_namespace(rows)
    return float(xp.sum((rows * xp.sqrt(xp.linalg.diagonal(gram))) ** 2, dtype=xp.float64))
