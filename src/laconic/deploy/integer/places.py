"""Where the steps of a quantised program read and write, and how large what they add up can become."""

from collections.abc import Mapping, Sequence
from functools import singledispatchmethod
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError
from laconic.core.rounding import WORD
from laconic.deploy.check import MOST_NUMBERS
from laconic.deploy.contract import Span
from laconic.deploy.integer.arithmetic import UNIT_BITS
from laconic.deploy.integer.records import IntCopy, IntProduct, IntSparse, IntStep, IntZero
from laconic.deploy.program import INPUT

Array = NDArray[Any]

MOST_LEFT, MOST_RIGHT = 15, 30
"""By how many bits a word may be shifted to the left, and 32 bits to the right."""

_LARGEST = 2**31 - 1
_WORD = 2**UNIT_BITS
MOST_SUM = _LARGEST - 2 ** (MOST_RIGHT - 1)
"""Of what is added up: it still fits 32 bits when half a unit is added for rounding."""

_MOST_COLUMNS = 2**16


class Places:
    """Follows the steps of one program over its buffers.

    Parameters
    ----------
    owner : str
        For messages.
    sizes : mapping of str to int
        Of the buffers.
    target : str
        The one of 32 bits, which is added to; all others hold words.
    sums : ndarray (sizes[target],)
        Sizes of what stands there at first; grows by what each step may add.

    Attributes
    ----------
    written : dict of str to ndarray of bool
        Which places of each buffer hold something.
    """

    def __init__(self, owner: str, sizes: Mapping[str, int], target: str, sums: Array) -> None:
        if not all(0 <= size <= MOST_NUMBERS for size in sizes.values()):
            raise DataError(f"{owner}: buffers must have 0 to {MOST_NUMBERS} numbers, got {dict(sizes)}")
        self._owner, self._target, self._sums = owner, target, sums.astype(np.int64)
        self.written = {name: np.zeros(size, bool) for name, size in sizes.items()}

    def follow(self, steps: Sequence[IntStep]) -> None:
        """Raise `DataError` at the first step that C could not do."""
        owner = self._owner
        for i, step in enumerate(steps):
            self._owner = f"{owner}, step {i} ({type(step).__name__})"
            self._step(step)

    @singledispatchmethod
    def _step(self, step: IntStep) -> None:
        raise DataError(f"{self._owner} is no step of a program")

    @_step.register
    def _zero(self, step: IntZero) -> None:
        self._write(step.target)

    @_step.register
    def _copy(self, step: IntCopy) -> None:
        self._read(step.source, step.target)
        self._must(step.source.size == step.target.size, "copies between spans of equal size")
        self._must(-MOST_LEFT <= step.shift <= MOST_RIGHT, f"a shift between {-MOST_LEFT} and {MOST_RIGHT}")
        self._write(step.target)

    @_step.register
    def _product(self, step: IntProduct) -> None:
        weight, around = step.weight, (step.before, step.after)
        self._must(weight.dtype == np.int8 and weight.ndim == 2 and weight.size > 0, "a matrix of bytes")
        self._must(all(1 <= n <= MOST_NUMBERS for n in around), f"axes between 1 and {MOST_NUMBERS}")
        sizes = tuple(prod(around) * n for n in weight.shape)
        self._must((step.target.size, step.source.size) == sizes, f"a target and a source of sizes {sizes}")
        self._multiply(step, np.abs(weight.astype(np.int64)).sum(axis=1))

    @_step.register
    def _sparse(self, step: IntSparse) -> None:
        values, columns, counts = step.values, step.columns, step.counts
        self._must(values.dtype == np.int8 and values.ndim == 1, "values of bytes")
        self._must(columns.dtype.kind == "i" and columns.shape == values.shape, "a column for each value")
        self._must(counts.dtype.kind == "i" and counts.shape == (step.target.size,), "a count for each row")
        within = counts.min(initial=0) >= 0 and counts.max(initial=0) < _MOST_COLUMNS
        self._must(within and counts.sum() == len(values), "counts of its values")
        most = min(step.source.size, _MOST_COLUMNS)
        self._must(columns.min(initial=0) >= 0 and columns.max(initial=-1) < most, f"columns below {most}")
        self._must(step.multiplier > 0, "a multiplier above 0")
        rows = np.repeat(np.arange(len(counts)), counts.astype(np.intp))
        self._multiply(step, np.bincount(rows, np.abs(values.astype(np.int64)), len(counts)))

    def _multiply(self, step: IntProduct | IntSparse, rows: Array) -> None:
        """Check what both products have in common; `rows` are sums of magnitudes."""
        self._must(0 <= step.shift <= MOST_RIGHT, f"a shift between 0 and {MOST_RIGHT}")
        self._must(rows.max(initial=0) * _WORD + 2 ** max(step.shift - 1, 0) <= _LARGEST, "sums within 32 bits")
        self._read(step.source, step.target)
        if step.target.buffer == self._target:
            self._add(step)
        else:
            self._must(step.multiplier == 0, f"a multiplier in {self._target} alone")
            self._write(step.target)

    def _add(self, step: IntProduct | IntSparse) -> None:
        """Let the target grow by the most that a word, multiplied and shifted, can be."""
        self._must(0 < step.multiplier <= WORD, f"a multiplier between 1 and {WORD}")
        self._must(-UNIT_BITS <= step.scale <= MOST_RIGHT, f"a scale between {-UNIT_BITS} and {MOST_RIGHT}")
        half = 2 ** (step.scale - 1) if step.scale > 0 else 0
        most = (_WORD * step.multiplier + half) * 2 ** max(-step.scale, 0) >> max(step.scale, 0)
        self._within(step.target)
        into = self._sums[step.target.start : step.target.start + step.target.size]
        into += most
        self._must(into.max() <= MOST_SUM, f"sums of all that is added within {MOST_SUM}")

    def _read(self, source: Span, target: Span) -> None:
        """The source holds words, all of them written before, none of them changed while it is read."""
        self._within(source)
        self._must(source.buffer != self._target, f"a source of words, not {self._target}")
        self._must(bool(self._at(source).all()), "a source that has been written")
        apart = source.start + source.size <= target.start or target.start + target.size <= source.start
        self._must(source.buffer != target.buffer or apart, "a source and a target that do not overlap")

    def _write(self, target: Span) -> None:
        self._within(target)
        self._must(target.buffer not in (self._target, INPUT, "at"), "a target that may be overwritten")
        self._at(target)[:] = True

    def _at(self, span: Span) -> Array:
        return self.written[span.buffer][span.start : span.start + span.size]

    def _within(self, span: Span) -> None:
        known = span.buffer in self.written
        inside = known and span.start >= 0 and span.size > 0
        inside = inside and span.start + span.size <= self.written[span.buffer].size
        self._must(inside, f"spans within its buffers, got {span}")

    def _must(self, holds: bool | np.bool_, words: str) -> None:
        if not holds:
            raise DataError(f"{self._owner} must have {words}")
