"""Choosing scales: of weights, of what lies between factors, of what drives the gates."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor, frexp, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError
from laconic.deploy.contract import Product, Span, SparseProduct
from laconic.deploy.integer.arithmetic import BYTE, DRIVEN_BITS, UNIT_BITS, WORD
from laconic.deploy.integer.records import IntBias, IntCopy, IntProduct, IntSparse, IntStep, IntZero
from laconic.deploy.program import Copy, Step, Zero

Array = NDArray[Any]
_LARGEST = 2**31 - 1
_LOWEST = WORD + 1
_ROW = _LARGEST // 2 // _LOWEST
"""Largest sum of magnitudes of a row of weights: no accumulator can overflow, even after half a unit is added."""


def fraction_bits(largest: float, most: int = UNIT_BITS) -> int:
    """Return the most fraction bits with which a magnitude still is a word."""
    return min(most, UNIT_BITS - 1 - floor(log2(largest))) if largest >= 1 else most


class Quantizer:
    """Turns operations into whole numbers, one after the other, and keeps the scale of each buffer's numbers.

    Parameters
    ----------
    units : dict of str to float
        What 1 stands for in each buffer that is there at the start.
    target : str
        The buffer that is added to; its unit is 2^-12.
    """

    def __init__(self, units: dict[str, float], target: str) -> None:
        self._units, self._target = dict(units), target
        self._spans: dict[Span, float] = {}
        self._bound = 0

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
        weight, unit = rounded(step.weight, _row_sum(step.weight))
        unit *= self._unit(step.source)
        shift = _shift(largest, unit)
        found = IntProduct(weight, step.before, step.after, step.source, step.target, shift)
        if step.adds:
            multiplier, scale = self._added(unit * 2.0**shift)
            return replace(found, multiplier=multiplier, scale=scale)
        self._spans[step.target] = unit * 2.0**shift
        return found

    def _sparse(self, step: SparseProduct, largest: float) -> IntSparse:
        rows = np.repeat(np.arange(len(step.counts)), step.counts)
        sums = np.bincount(rows, np.abs(step.values), len(step.counts))
        values, unit = rounded(step.values, float(sums.max(initial=0)))
        unit *= self._unit(step.source)
        shift = _shift(largest, unit)
        multiplier, scale = self._added(unit * 2.0**shift)
        return IntSparse(values, step.columns, step.counts, step.source, step.target, shift, multiplier, scale)

    def _unit(self, span: Span) -> float:
        return self._spans[span] if span in self._spans else self._units[span.buffer]

    def _added(self, unit: float) -> tuple[int, int]:
        """Return multiplier and scale that make numbers of this unit ones of 12 fraction bits."""
        part, exponent = frexp(unit * 2.0**DRIVEN_BITS)
        multiplier, scale = round(part * 2**UNIT_BITS), UNIT_BITS - exponent
        multiplier, scale = (multiplier // 2, scale - 1) if multiplier > WORD else (multiplier, scale)
        scale, multiplier = (scale, multiplier) if scale <= 30 else (30, multiplier >> min(scale - 30, 15))
        self._bound += ((_LOWEST * multiplier) << max(0, -scale) >> max(0, scale)) + 1
        if self._bound > _LARGEST // 2:
            raise DataError(f"quantize: what drives a gate can become {self._bound * 2.0**-DRIVEN_BITS:.3g}, too large")
        return max(multiplier, 1), scale


def rounded(weight: Array, row_sum: float) -> tuple[Array, float]:
    """Return weights as bytes, and what 1 stands for."""
    largest = float(np.abs(weight).max(initial=0.0))
    unit = max(largest / BYTE, row_sum / (_ROW - weight.shape[-1]) if weight.size else 0.0) or 1.0
    return np.clip(np.round(weight / unit), -BYTE, BYTE).astype(np.int8), unit


def _row_sum(weight: Array) -> float:
    return float(np.abs(weight).sum(axis=1).max(initial=0.0))


def _shift(largest: float, unit: float) -> int:
    """Return by how many bits an accumulator is shifted to the right to be a word where it is largest."""
    return max(0, ceil(log2(largest / (unit * WORD)))) if largest > 0 else 0


def biases(blocks: Array, bits: int) -> IntBias:
    """Return vectors (blocks, size) in 8 or 16 bits, each to be shifted to 12 fraction bits."""
    limit, kind = (BYTE, np.int8) if bits == 8 else (WORD, np.int16)
    whole = blocks.astype(np.float64) * 2.0**DRIVEN_BITS
    peaks = np.abs(whole).max(axis=1, initial=0.0)
    if peaks.max(initial=0.0) > _LARGEST // 4:
        raise DataError(f"quantize: a bias of size {np.abs(blocks).max():.3g} is too large")
    shifts = [max(0, ceil(log2(peak / limit))) if peak > 0 else 0 for peak in peaks]
    values = [np.round(block / 2.0**shift) for block, shift in zip(whole, shifts, strict=True)]
    return IntBias(np.clip(values, -limit, limit).astype(kind), tuple(shifts))
