"""Choosing scales: of weights, of what lies between factors, of what drives the gates."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor, frexp, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError
from laconic.core.rounding import BYTE, DRIVEN_BITS, ROW, WORD, in_bytes, rounded_bias, weight_unit
from laconic.deploy.contract import Product, Span, SparseProduct
from laconic.deploy.integer.arithmetic import UNIT_BITS
from laconic.deploy.integer.records import IntBias, IntCopy, IntProduct, IntSparse, IntStep, IntZero
from laconic.deploy.program import Copy, Step, Zero

Array = NDArray[Any]
_LARGEST = 2**31 - 1
_LOWEST = WORD + 1
_NEAR = 1e-4
"""How near to a whole number a weight of single precision that stands for one is, and more."""


def fraction_bits(largest: float, most: int = UNIT_BITS) -> int:
    """Return the most fraction bits with which a magnitude still is a word."""
    return min(most, UNIT_BITS - 1 - floor(log2(largest))) if largest >= 1 else most


class Quantizer:
    """Turns operations into whole numbers, one after the other, and keeps the scale of each buffer's numbers.

    Parameters
    ----------
    units : dict of str to float
        What 1 stands for in each buffer that is there at the start.
    target : Span
        The buffer that is added to; its unit is 2^-12.
    """

    def __init__(self, units: dict[str, float], target: Span) -> None:
        self._units = dict(units)
        self._spans: dict[Span, float] = {}
        self._sums = np.zeros(target.size)

    def steps(self, steps: Sequence[Step], ranges: Sequence[float]) -> tuple[IntStep, ...]:
        """Return the operations in whole numbers."""
        return tuple(self._step(step, largest) for step, largest in zip(steps, ranges, strict=True))

    def _step(self, step: Step, largest: float) -> IntStep:
        if isinstance(step, Zero):
            return IntZero(step.target)
        if isinstance(step, Copy):
            return IntCopy(step.source, step.target, 0)
        return self._product(step, largest) if isinstance(step, Product) else self._sparse(step, largest)

    def _product(self, step: Product, largest: float) -> IntProduct:
        weight, unit = rounded(step)
        unit *= self._unit(step.source)
        shift = _shift(largest, unit)
        found = IntProduct(weight, step.before, step.after, step.source, step.target, shift)
        if step.adds:
            multiplier, scale = self._added(unit * 2.0**shift, step.target)
            return replace(found, multiplier=multiplier, scale=scale)
        self._spans[step.target] = unit * 2.0**shift
        return found

    def _sparse(self, step: SparseProduct, largest: float) -> IntSparse:
        values, unit = rounded(step)
        unit *= self._unit(step.source)
        shift = _shift(largest, unit)
        multiplier, scale = self._added(unit * 2.0**shift, step.target)
        return IntSparse(values, step.columns, step.counts, step.source, step.target, shift, multiplier, scale)

    def _unit(self, span: Span) -> float:
        return self._spans[span] if span in self._spans else self._units[span.buffer]

    def _added(self, unit: float, target: Span) -> tuple[int, int]:
        """Return multiplier and scale that make numbers of this unit ones of 12 fraction bits, to be added there."""
        part, exponent = frexp(unit * 2.0**DRIVEN_BITS)
        multiplier, scale = round(part * 2**UNIT_BITS), UNIT_BITS - exponent
        multiplier, scale = (multiplier // 2, scale - 1) if multiplier > WORD else (multiplier, scale)
        scale, multiplier = (scale, multiplier) if scale <= 30 else (30, multiplier >> min(scale - 30, 15))
        into = self._sums[target.start : target.start + target.size]
        into += min(_LARGEST, ((_LOWEST * multiplier) << max(0, -scale) >> max(0, scale)) + 1)
        if into.max() > _LARGEST // 2:
            raise DataError(f"quantize: what drives a gate can become {into.max() * 2.0**-DRIVEN_BITS:.3g}, too large")
        return max(multiplier, 1), scale


def rounded(step: Product | SparseProduct) -> tuple[Array, float]:
    """Return a product's weights as bytes, and what 1 stands for.

    Weights that stand for bytes already, as training with `quantized` leaves them, become these, cut to some rows and
    columns of theirs or not.
    """
    weights, sums, row_length = _described(step)
    most = _levels(weights.astype(np.float64), float(sums.max(initial=0.0)))
    largest = float(np.abs(weights).max(initial=0.0))
    unit = largest / most if most else weight_unit(largest, float(sums.max(initial=0.0)), row_length)
    return in_bytes(weights, unit).astype(np.int8), unit


def _described(step: Product | SparseProduct) -> tuple[Array, Array, int]:
    """Return a product's weights, the sum of magnitudes of each row, and the length of the longest."""
    if isinstance(step, Product):
        return step.weight, np.abs(step.weight.astype(np.float64)).sum(axis=1), step.weight.shape[1]
    rows = np.repeat(np.arange(len(step.counts)), step.counts)
    sums = np.bincount(rows, np.abs(step.values), len(step.counts))
    return step.values, sums, int(step.counts.max(initial=0))


def _levels(weights: Array, row_sum: float) -> int:
    """Return which whole number the largest magnitude is where all weights are whole numbers of one unit; 0 else."""
    largest = float(np.abs(weights).max(initial=0.0))
    if not largest:
        return 0
    shares = weights.ravel() / largest
    most = min(BYTE, int(ROW * largest / row_sum))
    return next((m for m in range(most, 0, -1) if _is_whole(shares * m)), 0)


def _is_whole(numbers: Array) -> bool:
    return bool(np.abs(numbers - np.round(numbers)).max() < _NEAR)


def _shift(largest: float, unit: float) -> int:
    """Return by how many bits an accumulator is shifted to the right to be a word where it is largest."""
    return max(0, ceil(log2(largest / (unit * WORD)))) if largest > 0 else 0


def biases(blocks: Array, bits: int) -> IntBias:
    """Return vectors (blocks, size) in 8 or 16 bits, each to be shifted to 12 fraction bits."""
    limit, kind = (BYTE, np.int8) if bits == 8 else (WORD, np.int16)
    peak = float(np.abs(blocks).max(initial=0.0))
    if peak * 2.0**DRIVEN_BITS > _LARGEST // 4:
        raise DataError(f"quantize: a bias of size {peak:.3g} is too large")
    made = [rounded_bias(block, limit) for block in blocks]
    return IntBias(np.array([values for values, _ in made]).astype(kind), tuple(shift for _, shift in made))
