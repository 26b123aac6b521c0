"""The program of a step, cut where one gate ends and the next begins: each gate's weights then have their own scale."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from laconic.deploy.contract import Product, Span, SparseProduct
from laconic.deploy.program import DRIVEN, Step, StepProgram, step_program
from laconic.deploy.recurrence import Recurrence


def gated_program(recurrence: Recurrence) -> StepProgram:
    """Return the program of one step in which no operation drives two gates, where it can be cut between them."""
    program, n_units = step_program(recurrence), recurrence.n_units
    return replace(program, steps=tuple(part for step in program.steps for part in _cut(step, n_units)))


def _cut(step: Step, n_units: int) -> Iterator[Step]:
    edges = _edges(step.target, n_units)
    if step.target.buffer != DRIVEN:
        yield step
    elif isinstance(step, SparseProduct):
        yield from _sparse(step, edges)
    elif isinstance(step, Product) and step.before == 1 and not any(edge % step.after for edge in edges):
        yield from _dense(step, edges)
    else:
        yield step


def _edges(target: Span, n_units: int) -> list[int]:
    """Return where gates begin and end inside a span, from 0 to its size."""
    first = -target.start % n_units or n_units
    return [0, *range(first, target.size, n_units), target.size]


def _dense(step: Product, edges: list[int]) -> Iterator[Step]:
    """Rows of the weight are in the order of what they drive, `after` numbers each."""
    for start, stop in pairwise(edges):
        weight = step.weight[start // step.after : stop // step.after]
        yield replace(step, weight=weight, target=step.target.part(start, stop - start))


def _sparse(step: SparseProduct, edges: list[int]) -> Iterator[Step]:
    """Gates without an entry are left out."""
    ends = np.concatenate([[0], np.cumsum(step.counts)])
    for start, stop in pairwise(edges):
        part = slice(ends[start], ends[stop])
        if part.start < part.stop:
            target, counts = step.target.part(start, stop - start), step.counts[start:stop]
            yield SparseProduct(step.values[part], step.columns[part], counts, step.source, target)
