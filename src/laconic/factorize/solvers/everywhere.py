"""Coordinate descent on many rows that share a Gram matrix, for arrays of any library and any prior.

The twin of `laconic.factorize.solvers.tile` on GPUs, and where a prior's one-dimensional problem has no known solution:
there the penalty is majorised by a line (z <= 1) or a parabola (z > 1).
"""

from laconic.core.arrays import Array, array_namespace
from laconic.factorize.penalty import Penalty
from laconic.factorize.solvers.base import Rows
from laconic.nnls.objective import slope


def descend(gram: Array, pull: Array, x: Array, penalty: Penalty, sweeps: int, settled: float) -> Rows:
    """Improve rows of codes; shapes and meaning as in `laconic.factorize.solvers.base.Solver.rows`."""
    xp = array_namespace(x)
    columns, pulls = xp.asarray(x.T, copy=True), pull.T
    moved, begun = xp.zeros_like(columns[0, :]), 0.0
    for sweep in range(sweeps):
        steps = xp.zeros_like(moved)
        for j in range(gram.shape[0]):
            new = _lowest(gram[j, j], pulls[j, :] - gram[j, :] @ columns, columns[j, :], penalty)
            steps = steps + gram[j, j] * (new - columns[j, :]) ** 2
            columns[j, :] = new
        size = float(xp.sum(steps))
        moved, begun = (steps, size) if sweep == 0 else (moved, begun)
        if size <= settled**2 * begun:
            break
    return Rows(xp.asarray(columns.T, copy=True), moved)


def _lowest(d: Array, gradient: Array, x: Array, penalty: Penalty) -> Array:
    """Return the lowest point of one coordinate of every row, under the line or parabola at x."""
    xp = array_namespace(x)
    safe = xp.where(d > 0, d, xp.ones_like(d))
    wanted = gradient + d * x
    if penalty.is_flat:
        new = wanted / safe
    elif penalty.prior.z <= 1:
        line = penalty.strength * slope(x, penalty.prior)
        new = (wanted - line) / safe
    else:
        held = xp.maximum(x, xp.full_like(x, float(xp.finfo(x.dtype).smallest_normal) ** 0.5))
        new = wanted / (safe + penalty.strength * slope(held, penalty.prior) / held)
    idle = x if penalty.is_flat else xp.zeros_like(new)  # as in the compiled twin
    return xp.where(d > 0, xp.maximum(new, xp.zeros_like(new)), idle)
