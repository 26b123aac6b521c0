"""Coordinate descent on a penalised residual: each coordinate to the lowest point of its own one-dimensional problem.

With the others held, coordinate h_j has to minimise d/2 h^2 - c h + s q(h) over h >= 0, where d = |a_j|^2, c is what
the residual without it asks for, and s q half the penalty. For the priors of this library that problem is solved
exactly, all its minima compared, so that the objective falls at every step and a coordinate does not stay in a local
minimum of its own. Any other prior is majorised by a line or a parabola first.
"""

from typing import Any

import numpy as np

from laconic.core.compiled import compiled
from laconic.nnls.factor import Floats, dot

FLAT, LINEAR, LOG, LOG_SQUARE, POWER, MAJORISED = range(6)
"""q(h): 0, h, ln(t + h), ln(t + h^2)/2, h^z, and lines or parabolas that change from step to step."""


@compiled
def sweep(
    columns: Floats,
    squares: Floats,
    mask: Floats,
    h: Floats,
    left: Floats,
    strength: Floats,
    kind: int,
    offset: float,
    exponent: float,
    lines: Floats,
    parabolas: Floats,
) -> Floats:
    """Go once through all coordinates of every signal; returns the longest step of each.

    Parameters
    ----------
    columns : array of shape (m, n)
    squares : array of shape (1, m) or (k, m)
        Squared lengths of the columns, over the entries that are there.
    mask : array of shape (k, n), or (0, n) where nothing is missing
    h : array of shape (k, m)
        Changed in place.
    left : array of shape (k, n)
        y - A h, 0 where an entry is missing; changed in place.
    strength : array of shape (k,)
    kind, offset, exponent : int, float, float
        Which penalty, its t and its z.
    lines, parabolas : arrays of shape (k, m), or (0, m) unless the kind is MAJORISED
        Slope and curvature to use instead.
    """
    longest = np.zeros(h.shape[0])
    for i in range(h.shape[0]):
        own = squares[i % squares.shape[0]]
        for j in range(h.shape[1]):
            d = own[j]
            if d <= 0.0:
                h[i, j] = 0.0
                continue
            c = d * h[i, j] + dot(columns[j], left[i], 0, left.shape[1])
            if kind == MAJORISED:
                new = max(0.0, (c - lines[i, j]) / (d + parabolas[i, j]))
            else:
                new = lowest(d, c, strength[i], kind, offset, exponent)
            step = new - h[i, j]
            if step != 0.0:
                h[i, j] = new
                longest[i] = max(longest[i], abs(step) * np.sqrt(d))
                _move(columns[j], left[i], mask, i, step)
    return longest


@compiled
def _move(column: Floats, left: Floats, mask: Floats, i: int, step: float) -> None:
    if mask.shape[0] == 0:
        for r in range(left.shape[0]):
            left[r] -= step * column[r]
    else:
        for r in range(left.shape[0]):
            left[r] -= step * column[r] * mask[i, r]


@compiled
def lowest(d: float, c: float, s: float, kind: int, t: float, z: float) -> Any:
    """Return the minimiser of d/2 h^2 - c h + s q(h) over h >= 0."""
    if c <= 0.0:
        return 0.0
    if kind == FLAT or s == 0.0:
        return c / d
    if kind == LINEAR:
        return max(0.0, (c - s) / d)
    if kind == LOG:
        return _lowest_log(d, c, s, t)
    if kind == LOG_SQUARE:
        return _lowest_log_square(d, c, s, t)
    return _lowest_power(d, c, s, z)


@compiled
def _lowest_log(d: float, c: float, s: float, t: float) -> Any:
    """Minimise with q = ln(t + h): the larger root of d h^2 + (d t - c) h + s - c t, or 0."""
    half = (c - d * t) / 2
    inside = half * half - d * (s - c * t)
    if inside <= 0.0:
        return 0.0
    root = (half + np.sqrt(inside)) / d if half > 0.0 else (c * t - s) / (np.sqrt(inside) - half)
    if root <= 0.0 or root * (d / 2 * root - c) + s * np.log1p(root / t) >= 0.0:
        return 0.0
    return root


@compiled
def _lowest_log_square(d: float, c: float, s: float, t: float) -> Any:
    """Minimise with q = ln(t + h^2)/2: the better of the outer roots of d h^3 - c h^2 + (d t + s) h - c t.

    Newton's method comes to the largest root from c/d, right of which the cubic and its derivatives are positive, and
    to the smallest from 0, up to the inflection at c/(3 d), monotonically.
    """
    linear, constant, inflection = d * t + s, c * t, c / (3 * d)
    high, low = c / d, 0.0
    for _ in range(60):
        slope = (3 * d * high - 2 * c) * high + linear
        if slope <= 0.0 or high <= 0.0:
            high = -1.0
            break
        step = (((d * high - c) * high + linear) * high - constant) / slope
        high -= step
        if step <= 1e-15 * high:
            break
    for _ in range(60):
        slope = (3 * d * low - 2 * c) * low + linear
        step = (constant - ((d * low - c) * low + linear) * low) / slope if slope > 0.0 else np.inf
        low += step
        if low > inflection:
            low = -1.0
            break
        if step <= 1e-15 * low:
            break
    if low < 0.0 or high < 0.0:
        return max(low, high)
    gain = (high - low) * (d / 2 * (high + low) - c) + s / 2 * np.log((t + high * high) / (t + low * low))
    return high if gain < 0.0 else low


@compiled
def _lowest_power(d: float, c: float, s: float, z: float) -> Any:
    """Minimise with q = h^z: the largest root of g(h) = d h - c + s z h^(z-1), or 0 for z < 1.

    For z < 1 g is convex, and Newton's method comes to its largest root from c/d, monotonically; for z > 1 there is
    one root, found by bisection.
    """
    if z > 1.0:
        return _bisected(d, c, s, z)
    high = c / d
    for _ in range(60):
        power = s * z * high ** (z - 1.0)
        slope = d + (z - 1.0) * power / high
        if slope <= 0.0:
            return 0.0
        step = (d * high - c + power) / slope
        high -= step
        if high <= 0.0:
            return 0.0
        if step <= 1e-15 * high:
            break
    return high if high * (d / 2 * high - c) + s * high**z < 0.0 else 0.0


@compiled
def _bisected(d: float, c: float, s: float, z: float) -> float:
    low, high = 0.0, c / d
    for _ in range(100):
        middle = (low + high) / 2
        if middle <= low or middle >= high:
            break
        if d * middle - c + s * z * middle ** (z - 1.0) < 0.0:
            low = middle
        else:
            high = middle
    return high
