"""How far a non-negative answer is from optimal."""

from laconic.core.arrays import Array, array_namespace


def kkt_gap(x: Array, gradient: Array, lengths: Array, sizes: Array) -> Array:
    """Return max_i |min(x_i |a_i|, g_i / |a_i|)| / |y|: 0 at an exact solution, and free of the units of A and y.

    The conditions of Karush, Kuhn and Tucker for min |A x - y|^2 + ... over x >= 0 are x >= 0, g >= 0 and x g = 0, so
    that of each coordinate and its gradient the smaller vanishes.

    Parameters
    ----------
    x : array of shape (k, m)
    gradient : array of shape (k, m)
        g, half the derivative of the objective: A'(A x - y) for plain least squares.
    lengths : array of shape (m,)
        |a_i|; coordinates whose column is zero do not count.
    sizes : array of shape (k,)
        |y|; the gap is 0 where it is.

    Returns
    -------
    array of shape (k,)
    """
    xp = array_namespace(x)
    there = lengths > 0
    safe = xp.where(there, lengths, xp.ones_like(lengths))
    worst = xp.max(xp.where(there, xp.abs(xp.minimum(x * safe, gradient / safe)), xp.zeros_like(x)), axis=1)
    return xp.where(sizes > 0, worst / xp.where(sizes > 0, sizes, xp.ones_like(sizes)), xp.zeros_like(worst))
