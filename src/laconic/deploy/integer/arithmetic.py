"""The integer arithmetic that a device does, in NumPy, bit for bit.

Every function takes and gives whole numbers in int64, which nothing here can overflow; that the same numbers fit the
types of the C is checked when a graph is quantised.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.rounding import WORD

Array = NDArray[Any]

UNIT_BITS = 15
"""Fraction bits of what lies between -1 and 1."""

_STEP_BITS = 8
_STEPS = 256


def saturated(x: Array) -> Array:
    """Return x, or the nearest number of 16 bits."""
    clipped: Array = np.clip(x, -WORD - 1, WORD)
    return clipped


def shifted(x: Array, bits: int) -> Array:
    """Return x / 2^bits, rounded to the nearest whole number, halves upwards; x 2^-bits where bits are negative."""
    if bits <= 0:
        return x << -bits
    return (x + (1 << (bits - 1))) >> bits


def sigmoid_table() -> Array:
    """Return 1 / (1 + exp(-x)) at 257 places from -8 to 8, with 15 fraction bits."""
    places = np.linspace(-8.0, 8.0, _STEPS + 1)
    return np.minimum(np.round(2.0**UNIT_BITS / (1 + np.exp(-places))), WORD).astype(np.int64)


_TABLE = sigmoid_table()


def sigmoid(x: Array) -> Array:
    """Return the sigmoid of x, a word of 12 fraction bits, with 15: between two places of the table on a line."""
    place = x + 32768
    index, rest = place >> _STEP_BITS, place & (_STEPS - 1)
    low: Array = _TABLE[index]
    return low + shifted((_TABLE[np.minimum(index + 1, _STEPS)] - low) * rest, _STEP_BITS)


def tanh(x: Array) -> Array:
    """Return tanh of x, a word of 12 fraction bits, with 15: 2 sigmoid(2 x) - 1, as if x were at most 4 in size."""
    return saturated(2 * sigmoid(saturated(2 * x)) - (1 << UNIT_BITS))


def product(a: Array, b: Array | int) -> Array:
    """Return the product of numbers of which one has 15 fraction bits, with the other's."""
    return shifted(a * b, UNIT_BITS)


def from_float(x: Array, bits: int) -> Array:
    """Return float32 numbers as words of so many fraction bits, halves away from zero, saturated.

    In single precision throughout, and so that no two operations can be fused: doubled, cut off, then rounded.
    """
    doubled = np.clip(x.astype(np.float32) * np.float32(2.0 ** (bits + 1)), -2.0 * WORD, 2.0 * WORD)
    whole = np.trunc(doubled).astype(np.int64)
    words: Array = np.where(whole >= 0, (whole + 1) >> 1, -((1 - whole) >> 1))
    return words
