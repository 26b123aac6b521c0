"""Coordinate descent on many rows that share a Gram matrix, for arrays of any library and any prior.

The twin of `laconic.factorize.solvers.tile` on GPUs, and where a prior's one-dimensional problem has no known solution.
It is solved where that takes a formula; elsewhere the penalty is majorised by a line (z <= 1) or a parabola (z > 1).
"""

from laconic.core.arrays import Array, array_namespace
from laconic.factorize.penalty import Penalty
from laconic.factorize.solvers.base import Rows
from laconic.nnls.descent import KNOWN
from laconic.nnls.objective import slope
from laconic.nnls.penalised import LOG


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
    """Return the lowest point of one coordinate of every row, or that under the line or parabola at x."""
    xp = array_namespace(x)
    safe = xp.where(d > 0, d, xp.ones_like(d))
    wanted, zero = gradient + d * x, xp.zeros_like(x)
    if penalty.is_flat:
        new = wanted / safe
    elif (known := _known(penalty))[0] == LOG:
        new = _lowest_log(safe, wanted, *known[1:])
    elif penalty.prior.z <= 1:
        new = (wanted - penalty.strength * slope(x, penalty.prior)) / safe
    else:
        held = xp.maximum(x, xp.full_like(x, float(xp.finfo(x.dtype).smallest_normal) ** 0.5))
        new = wanted / (safe + penalty.strength * slope(held, penalty.prior) / held)
    idle = x if penalty.is_flat else zero  # as in the compiled twin
    return xp.where(d > 0, xp.maximum(new, zero), idle)


def _known(penalty: Penalty) -> tuple[int | None, float, float]:
    """Return kind, strength and offset of a penalty, as `laconic.nnls.penalised` takes them."""
    make = KNOWN.get(type(penalty.prior))
    kind, factor, offset, _ = make(penalty.prior) if make else (None, 0.0, 0.0, 1.0)
    return kind, penalty.strength * factor / 2, offset


def _lowest_log(d: Array, c: Array, strength: float, offset: float) -> Array:
    """Minimise d/2 h^2 - c h + strength ln(offset + h) over h >= 0: at the larger stationary point, or at 0."""
    xp = array_namespace(c)
    zero, one = xp.zeros_like(c), xp.ones_like(c)
    half, left = (c - d * offset) / 2, strength - c * offset
    inside = half * half - d * left
    root = xp.sqrt(xp.maximum(inside, zero))
    above = half > 0  # each form where nothing cancels in it
    h = xp.where(above, (half + root) / d, -left / xp.where(above | (inside <= 0), one, root - half))
    h = xp.where((inside > 0) & (h > 0), h, zero)
    return xp.where(h * (d / 2 * h - c) + strength * xp.log1p(h / offset) < 0, h, zero)
