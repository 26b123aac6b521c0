"""What rounding does to the mean of what weights give, so that biases can take it off.

Rounded weights move what drives a gate. Its mean over the calibration sequences moves by the change of the weights
times the mean of what they read, as products are linear: a number for each row, as a bias is (arXiv:1906.04721,
section 4.2). What is left varies about zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.deploy.contract import Product, SparseProduct
from laconic.deploy.integer.ranges import product_ranges
from laconic.deploy.integer.scales import rounded
from laconic.deploy.program import Step
from laconic.deploy.recurrence import Recurrence

Array = NDArray[Any]


def moved_by_rounding(steps: Sequence[Step], buffers: Mapping[str, Array], target: str) -> Array:
    """Return by how much a buffer's mean moves as weights become bytes.

    Parameters
    ----------
    steps : sequence of operations
    buffers : mapping of str to ndarray (1, size)
        What stands in each buffer before, in the mean; left as they are.
    target : str

    Returns
    -------
    ndarray (size,), float64
    """
    exact, rounded_ones = _after(steps, buffers)[target], _after([_in_bytes(step) for step in steps], buffers)[target]
    moved: Array = (rounded_ones - exact)[0]
    return moved


def _after(steps: Sequence[Step], buffers: Mapping[str, Array]) -> dict[str, Array]:
    found = {name: numbers.astype(np.float64) for name, numbers in buffers.items()}
    product_ranges(steps, found)
    return found


def _in_bytes(step: Step) -> Step:
    """Return an operation with the weights that its bytes stand for."""
    if isinstance(step, Product):
        weight, unit = rounded(step)
        return replace(step, weight=weight * unit)
    if isinstance(step, SparseProduct):
        values, unit = rounded(step)
        return replace(step, values=values * unit)
    return step


def means_read(recurrence: Recurrence, x: Array, outputs: Array) -> tuple[Array, Array]:
    """Return the means (1, size) of what a recurrence reads at a step: inputs, and the state of the step before."""
    before = outputs[:, 1:] if recurrence.reverse else outputs[:, :-1]  # the first step reads a state of zero
    state = before.astype(np.float64).sum((0, 1)) / (outputs.shape[0] * outputs.shape[1])
    return x.astype(np.float64).mean((0, 1))[None], state[None]
