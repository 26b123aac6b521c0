"""Recurrent cells in whole numbers: how words that drive the gates make the next state, as the C does.

Gates come as words of 12 fraction bits, states as words: 15 fraction bits for what lies between -1 and 1, 11 for an
LSTM's cell state (up to 16 in magnitude), as calibrated for states without a bound.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.rounding import DRIVEN_BITS, WORD
from laconic.deploy.integer.arithmetic import UNIT_BITS, product, saturated, shifted, sigmoid, tanh

Array = NDArray[Any]
Gates = Sequence[Array]
States = tuple[Array, ...]
IntCell = Callable[[Gates, Array | None, Mapping[str, int], States, int], States]
"""Takes gates (n, H) each, further biases less the first or None, scalars, states and the state's fraction bits."""

CELL_BITS = 11
"""Fraction bits of an LSTM's cell state."""


def lstm(gates: Gates, gap: Array | None, scalars: Mapping[str, int], states: States, bits: int) -> States:
    """Return h' and c' = f c + i g; both products in 26 fraction bits before they are added."""
    i, f, g, o = sigmoid(gates[0]), sigmoid(gates[1]), tanh(gates[2]), sigmoid(gates[3])
    c = saturated(shifted(f * states[1] + (i * g >> 4), UNIT_BITS))
    return product(o, tanh(saturated(c << (DRIVEN_BITS - CELL_BITS)))), c


def gru(gates: Gates, gap: Array | None, scalars: Mapping[str, int], states: States, bits: int) -> States:
    """Return h' = n + z (h - n); the difference may have 16 bits and a sign, its product still fits 32."""
    r, z = sigmoid(gates[0]), sigmoid(gates[1])
    n = tanh(saturated(gates[2] + product(r, gates[3])))
    return (saturated(n + product(z, states[0] - n)),)


def rnn(gates: Gates, gap: Array | None, scalars: Mapping[str, int], states: States, bits: int) -> States:
    """Return h' = squash(driven)."""
    return (_squashed(gates[0], scalars, bits),)


def fastrnn(gates: Gates, gap: Array | None, scalars: Mapping[str, int], states: States, bits: int) -> States:
    """Return h' = alpha squash(driven) + beta h."""
    fresh = _squashed(gates[0], scalars, bits)
    return (saturated(shifted(scalars["alpha"] * fresh + scalars["beta"] * states[0], UNIT_BITS)),)


def fastgrnn(gates: Gates, gap: Array | None, scalars: Mapping[str, int], states: States, bits: int) -> States:
    """Return h' = (zeta (1 - z) + nu) squash(driven + gap) + z h."""
    z = sigmoid(gates[0])
    share = saturated(product(WORD - z, scalars["zeta"]) + scalars["nu"])
    fresh = _squashed(saturated(gates[0] + (0 if gap is None else gap)), scalars, bits)
    return (saturated(shifted(share * fresh + z * states[0], UNIT_BITS)),)


def _squashed(x: Array, scalars: Mapping[str, int], bits: int) -> Array:
    """Return tanh or relu of words of 12 fraction bits, with the state's."""
    if scalars["relu"]:
        return saturated(shifted(np.maximum(x, 0), DRIVEN_BITS - bits))
    return saturated(shifted(tanh(x), UNIT_BITS - bits))


INT_CELLS: dict[str, IntCell] = {"lstm": lstm, "gru": gru, "rnn": rnn, "fastrnn": fastrnn, "fastgrnn": fastgrnn}
"""Every cell by name; a new one adds its line, and its function in ``c/runtime/laconic_int_cells.h``."""
