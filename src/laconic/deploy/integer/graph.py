"""A whole graph in whole numbers, and the reference that its C equals bit for bit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.rounding import DRIVEN_BITS
from laconic.deploy.cells import CELLS
from laconic.deploy.contract import SCRATCH
from laconic.deploy.graph import checked_sequences
from laconic.deploy.integer.arithmetic import from_float, saturated, shifted
from laconic.deploy.integer.cells import INT_CELLS
from laconic.deploy.integer.records import IntBias, IntRecurrence, IntStep
from laconic.deploy.program import DRIVEN, INPUT, JOINED, PADDED
from laconic.deploy.recurrence import Recurrence

Array = NDArray[Any]


@dataclass(frozen=True)
class IntLinear:
    """A linear layer on words: answers have 12 fraction bits.

    Attributes
    ----------
    steps : tuple of IntStep
        From the buffer "at" to the buffer "into".
    bias : IntBias
    scratch : int
    relu : bool
        Whether what is below zero becomes zero after it.
    bits : int
        Fraction bits of the words that it takes.
    """

    steps: tuple[IntStep, ...]
    bias: IntBias
    scratch: int
    relu: bool
    bits: int


@dataclass(frozen=True)
class IntGraph:
    """A chain of recurrent layers, then of linear ones, in whole numbers.

    Attributes
    ----------
    layers : tuple of tuple of IntRecurrence
        The directions of each layer.
    head : tuple of IntLinear
    n_features : int
    mean, factor : ndarray (n_features,), float32
        What the input is rescaled by before it is rounded.
    last_step : bool
        Whether the output at the last step is taken, and not the state in which each direction ends.
    classes : tuple
    """

    layers: tuple[tuple[IntRecurrence, ...], ...]
    head: tuple[IntLinear, ...]
    n_features: int
    mean: Array
    factor: Array
    last_step: bool
    classes: tuple[Any, ...] = ()

    @property
    def input_bits(self) -> int:
        """Fraction bits of the words that the input becomes."""
        return self.layers[0][0].joined_bits

    @property
    def title(self) -> str:
        """The layers, by kind."""
        cells = [layer[0].cell + ", both ways" * (len(layer) > 1) for layer in self.layers]
        return " > ".join([*cells, *("linear" + ", relu" * linear.relu for linear in self.head)]) + ", whole numbers"

    @property
    def n_outputs(self) -> int:
        """Numbers in an answer."""
        return self.head[-1].bias.values.size if self.head else sum(d.n_units for d in self.layers[-1])

    def words(self, x: Array, owner: str = "IntGraph") -> Array:
        """Return float sequences as the words that a device takes, int16.

        Raises
        ------
        DataError
            If x is not of shape (n, steps, n_features), has no step, or holds NaN or infinity.
        """
        found = checked_sequences(owner, x, self.n_features).astype(np.float32)
        return from_float((found - self.mean) * self.factor, self.input_bits).astype(np.int16)

    def answers(self, numbers: Array) -> Array:
        """Return a device's answers, given as 32 bits each, as float32."""
        return (numbers.view(np.int32) * 2.0**-DRIVEN_BITS).astype(np.float32)

    def interpret(self, x: Array) -> Array:
        """Return the answers (n, n_outputs) to float sequences, as float32; a device's are these times 2^12."""
        return self.answers(self.interpret_words(self.words(x)).astype(np.int32))

    def interpret_words(self, words: Array) -> Array:
        """Return the answers to sequences of words, as whole numbers of 12 fraction bits."""
        sequence, bits = words.astype(np.int64), self.input_bits
        for layer in self.layers:
            outputs = [_recurrent(direction, sequence, bits) for direction in layer]
            sequence, bits = np.concatenate(outputs, axis=2), layer[0].state_bits
        answer = picked(self.layers[-1], sequence, self.last_step)
        for linear in self.head:
            answer, bits = _linear(linear, saturated(shifted(answer, bits - linear.bits))), DRIVEN_BITS
        return shifted(answer, bits - DRIVEN_BITS)


def _recurrent(direction: IntRecurrence, x: Array, bits: int) -> Array:
    """Return the states (n, steps, H) of one direction."""
    n, steps, _ = x.shape
    buffers = {name: np.zeros((n, size), np.int64) for name, size in direction.sizes.items()}
    states = tuple(np.zeros((n, direction.n_units), np.int64) for _ in range(CELLS[direction.cell].n_states))
    outputs = np.empty((n, steps, direction.n_units), np.int64)
    bias, gap = direction.bias.whole(), None if direction.gap is None else direction.gap.whole()
    for t in reversed(range(steps)) if direction.reverse else range(steps):
        buffers[INPUT], buffers[DRIVEN][:] = x[:, t], bias
        for step in direction.steps:
            step.run(buffers)
        gates = np.split(saturated(buffers[DRIVEN]), buffers[DRIVEN].shape[1] // direction.n_units, axis=1)
        states = INT_CELLS[direction.cell](gates, gap, direction.scalars, states, direction.state_bits)
        outputs[:, t] = states[0]
        back = saturated(shifted(states[0], direction.state_bits - direction.joined_bits))
        buffers[JOINED][:, direction.n_inputs :] = back
    return outputs


def picked(layer: Sequence[Recurrence | IntRecurrence], sequence: Array, last_step: bool) -> Array:
    """Return what each direction of a layer gives at its end, or at the last step, side by side (n, units)."""
    places = [0 if direction.reverse and not last_step else -1 for direction in layer]
    parts = np.split(sequence, np.cumsum([direction.n_units for direction in layer])[:-1], axis=2)
    return np.concatenate([part[:, place] for part, place in zip(parts, places, strict=True)], axis=1)


def _linear(linear: IntLinear, x: Array) -> Array:
    into = np.repeat(linear.bias.whole()[None], len(x), axis=0)
    buffers = {"at": x, "into": into, SCRATCH: np.zeros((len(x), linear.scratch), np.int64)}
    for step in linear.steps:
        step.run(buffers)
    return np.maximum(into, 0) if linear.relu else into


BUFFERS = (JOINED, DRIVEN, PADDED, SCRATCH)
"""What a recurrence's sizes name."""
