"""How large numbers become inside a graph, seen on sequences: what fraction bits are chosen by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.deploy.contract import SCRATCH, Product, Span, SparseProduct, row_sums, scratch_size
from laconic.deploy.integer.gated import gated_program
from laconic.deploy.program import DRIVEN, INPUT, JOINED, PADDED, Copy, Step, StepProgram, Zero
from laconic.deploy.recurrence import Recurrence

Array = NDArray[Any]


@dataclass(frozen=True)
class Ranges:
    """Largest magnitudes.

    Attributes
    ----------
    inputs, state : float
    products : tuple of float
        What each operation of a step's program gives on its own; 0 for those that are no product.
    """

    inputs: float
    state: float
    products: tuple[float, ...]


def recurrence_ranges(recurrence: Recurrence, x: Array) -> tuple[Ranges, Array]:
    """Run a recurrence over sequences (n, steps, inputs) by its program; return the ranges and the outputs."""
    program = gated_program(recurrence)
    seen = [0.0] * len(program.steps)
    states = (np.zeros((len(x), recurrence.n_units), x.dtype),) * recurrence.rule.n_states
    outputs = np.empty((*x.shape[:2], recurrence.n_units), x.dtype)
    for t in _turns(recurrence, x.shape[1]):
        driven = _driven(program, x[:, t], states[0], seen)
        gates, apart = np.split(driven, [recurrence.rule.n_gates * recurrence.n_units], axis=1)
        states = recurrence.rule.step(gates, apart, recurrence.bias, recurrence.scalars, states)
        outputs[:, t] = states[0]
    return Ranges(_peak(x), _peak(outputs), tuple(seen)), outputs


def product_ranges(steps: Sequence[Step], buffers: dict[str, Array]) -> list[float]:
    """Run operations on buffers (samples, size); return the largest magnitude that each product gives."""
    seen = [0.0] * len(steps)
    _follow(steps, buffers, seen)
    return seen


def _turns(recurrence: Recurrence, steps: int) -> Iterator[int]:
    return iter(reversed(range(steps)) if recurrence.reverse else range(steps))


def _driven(program: StepProgram, x: Array, h: Array, seen: list[float]) -> Array:
    buffers = step_buffers(program, x, h)
    _follow(program.steps, buffers, seen)
    return buffers[DRIVEN]


def step_buffers(program: StepProgram, x: Array, h: Array) -> dict[str, Array]:
    """Return the buffers of a step's program that reads inputs (n, inputs) and states (n, units)."""
    n = len(x)
    operations = [step for step in program.steps if isinstance(step, (Product, SparseProduct))]
    return {
        INPUT: x,
        JOINED: np.concatenate([np.zeros_like(x), h], axis=1),
        DRIVEN: np.zeros((n, program.driven), x.dtype),
        PADDED: np.zeros((n, program.padded), x.dtype),
        SCRATCH: np.zeros((n, scratch_size(operations)), x.dtype),
    }


def _follow(steps: Sequence[Step], buffers: dict[str, Array], seen: list[float]) -> None:
    for i, step in enumerate(steps):
        into = _at(buffers, step.target)
        if isinstance(step, Zero):
            into[:] = 0
        elif isinstance(step, Copy):
            into[:] = _at(buffers, step.source)
        else:
            found = _product(step, _at(buffers, step.source))
            seen[i] = max(seen[i], _peak(found))
            into[:] = into + found if getattr(step, "adds", True) else found


def _product(step: Product | SparseProduct, x: Array) -> Array:
    if isinstance(step, Product):
        parts = x.reshape(len(x), step.before, step.weight.shape[1], step.after)
        found: Array = np.einsum("ij,sbja->sbia", step.weight, parts)
        return found.reshape(len(x), -1)
    return row_sums(step.values * x[:, step.columns], step.counts)


def _at(buffers: dict[str, Array], span: Span) -> Array:
    return buffers[span.buffer][:, span.start : span.start + span.size]


def _peak(x: Array) -> float:
    return float(np.abs(x).max(initial=0.0))
