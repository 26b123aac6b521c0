"""A quantised graph: the operations of a float one with whole numbers, and what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.deploy.contract import Span, row_sums
from laconic.deploy.integer.arithmetic import saturated, shifted

Array = NDArray[Any]
Buffers = Mapping[str, Array]
"""Each buffer's numbers, (samples, size)."""


@dataclass(frozen=True)
class IntProduct:
    """A small product with whole numbers: ``t = sat16(round(sum_j weight[i, j] source[b, j, a] / 2^shift))``.

    `target` becomes t, or grows by ``round(t multiplier / 2^scale)`` where it adds.

    Attributes
    ----------
    weight : ndarray of int8 (m, n)
    before, after : int
    source, target : Span
    shift : int
    multiplier, scale : int
        0 where nothing is added.
    """

    weight: Array
    before: int
    after: int
    source: Span
    target: Span
    shift: int
    multiplier: int = 0
    scale: int = 0

    @property
    def n_macs(self) -> int:
        """Multiply-adds."""
        return self.before * self.after * self.weight.size

    def run(self, buffers: Buffers) -> None:
        """Do it."""
        x = taken(buffers, self.source).reshape(-1, self.before, self.weight.shape[1], self.after)
        summed = np.einsum("ij,sbja->sbia", self.weight.astype(np.int64), x).reshape(len(x), -1)
        put(buffers, self.target, saturated(shifted(summed, self.shift)), self.multiplier, self.scale)


@dataclass(frozen=True)
class IntSparse:
    """The same with a sparse matrix, entries row by row: it always adds.

    Attributes
    ----------
    values : ndarray of int8 (n_entries,)
    columns, counts : ndarray of int
    source, target : Span
    shift, multiplier, scale : int
    """

    values: Array
    columns: Array
    counts: Array
    source: Span
    target: Span
    shift: int
    multiplier: int
    scale: int

    @property
    def n_macs(self) -> int:
        """Multiply-adds."""
        return len(self.values)

    def run(self, buffers: Buffers) -> None:
        """Do it."""
        x = taken(buffers, self.source)
        summed = row_sums(self.values.astype(np.int64) * x[:, self.columns], self.counts)
        put(buffers, self.target, saturated(shifted(summed, self.shift)), self.multiplier, self.scale)


@dataclass(frozen=True)
class IntCopy:
    """``target = sat16(round(source / 2^shift))``: between numbers of other fraction bits."""

    source: Span
    target: Span
    shift: int

    def run(self, buffers: Buffers) -> None:
        """Do it."""
        put(buffers, self.target, saturated(shifted(taken(buffers, self.source), self.shift)))


@dataclass(frozen=True)
class IntZero:
    """``target = 0``."""

    target: Span

    def run(self, buffers: Buffers) -> None:
        """Do it."""
        taken(buffers, self.target)[:] = 0


IntStep = IntProduct | IntSparse | IntCopy | IntZero


@dataclass(frozen=True)
class IntBias:
    """What stands in a buffer before anything is added: each block shifted to the buffer's fraction bits.

    Attributes
    ----------
    values : ndarray of int8 or int16 (blocks, size)
    shifts : tuple of int
        Of each block, to the left.
    """

    values: Array
    shifts: tuple[int, ...]

    def whole(self) -> Array:
        """Return the numbers, in a row."""
        return np.concatenate([shifted(v.astype(np.int64), -s) for v, s in zip(self.values, self.shifts, strict=True)])


@dataclass(frozen=True)
class IntRecurrence:
    """One direction of a recurrent layer in whole numbers.

    Attributes
    ----------
    cell : str
    steps : tuple of IntStep
        From `joined`, words of `joined_bits` fraction bits, to `driven`, which has 12.
    bias, gap : IntBias
        What `driven` begins with; further biases less the first.
    scalars : mapping of str to int
        With 15 fraction bits; 1 or 0 for "relu".
    n_inputs, n_units : int
    joined_bits, state_bits : int
        Fraction bits of input and state side by side, and of the state where it is kept.
    sizes : mapping of str to int
        Of the buffers.
    reverse : bool
    """

    cell: str
    steps: tuple[IntStep, ...]
    bias: IntBias
    gap: IntBias | None
    scalars: Mapping[str, int]
    n_inputs: int
    n_units: int
    joined_bits: int
    state_bits: int
    sizes: Mapping[str, int] = field(default_factory=dict)
    reverse: bool = False


def taken(buffers: Buffers, span: Span) -> Array:
    """Return the numbers of a span, (samples, size), to be read or written."""
    return buffers[span.buffer][:, span.start : span.start + span.size]


def put(buffers: Buffers, span: Span, values: Array, multiplier: int = 0, scale: int = 0) -> None:
    """Write a span, or add to it what a multiplier makes of the values."""
    into = taken(buffers, span)
    into[:] = into + shifted(values * multiplier, scale) if multiplier else values
