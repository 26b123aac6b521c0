"""Whole numbers in the place of weights and biases: one rule for what is deployed and for what training sees of it."""

from math import ceil, inf, log2

from laconic.core.arrays import Array, array_namespace, size

BYTE, WORD = 127, 32767
"""Largest weight and activation; the range of weights is symmetric, an activation goes down to -32768."""

DRIVEN_BITS = 12
"""Fraction bits of what drives a gate, which begins with its bias."""

ROW = (2**31 - 1) // 2 // (WORD + 1)
"""Largest sum of magnitudes of a row of weights: no accumulator can overflow, even after half a unit is added."""


def weight_unit(largest: float, row_sum: float, row_length: int) -> float:
    """Return what 1 stands for in the bytes of a matrix.

    Parameters
    ----------
    largest : float
        Magnitude of its largest entry.
    row_sum : float
        Largest sum of magnitudes of a row.
    row_length : int
        Most entries of a row.
    """
    return max(largest / BYTE, row_sum / (ROW - row_length)) or 1.0


def rounded_weight(matrix: Array, row_length: int | None = None) -> tuple[Array, float]:
    """Return a matrix (m, n) as bytes, whole numbers in float64, and what 1 stands for in them.

    Parameters
    ----------
    matrix : array (m, n)
        Of any library.
    row_length : int, optional
        Most entries of a row that are there, where the matrix is sparse.
    """
    xp = array_namespace(matrix)
    if not size(matrix):
        return xp.astype(matrix, xp.float64), 1.0
    magnitudes = abs(xp.astype(matrix, xp.float64))
    row_sum = float(xp.max(xp.sum(magnitudes, axis=1)))
    unit = weight_unit(float(xp.max(magnitudes)), row_sum, matrix.shape[1] if row_length is None else row_length)
    return in_bytes(matrix, unit), unit


def in_bytes(weights: Array, unit: float) -> Array:
    """Return weights as whole numbers of a unit, in float64."""
    xp = array_namespace(weights)
    return xp.clip(xp.round(xp.astype(weights, xp.float64) / unit), -BYTE, BYTE)


def rounded_bias(block: Array, limit: int = BYTE) -> tuple[Array, int]:
    """Return one gate's biases as whole numbers in float64, and by how many bits they are shifted to have 12 bits.

    Parameters
    ----------
    block : array (n,)
        Of any library; 1 in the answer stands for 2^(shift - 12).
    limit : int
        Largest magnitude of a whole number.
    """
    xp = array_namespace(block)
    whole = xp.astype(block, xp.float64) * 2.0**DRIVEN_BITS
    shift = bias_shift(float(xp.max(abs(whole))) if size(block) else 0.0, limit)
    return xp.clip(xp.round(whole / 2.0**shift), -limit, limit), shift


def bias_shift(peak: float, limit: int) -> int:
    """Return the fewest bits to shift to the right by for a magnitude, once rounded, to be within a limit."""
    return max(0, ceil(log2(peak / (limit + 0.5)))) if 0 < peak < inf else 0
