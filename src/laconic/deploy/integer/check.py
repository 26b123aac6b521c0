"""What a graph in whole numbers has to be so that nothing in its C leaves its type, its buffer or the reference.

In C, weights are bytes, what flows is words, and what is added up has 32 bits; spans and columns are places in arrays.
`quantize` makes no other graphs; one that comes from a file is asked here.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError, check_choice, check_finite
from laconic.core.rounding import DRIVEN_BITS, WORD
from laconic.deploy.cells import CELLS
from laconic.deploy.check import check_classes, check_sizes
from laconic.deploy.contract import SCRATCH
from laconic.deploy.integer.arithmetic import UNIT_BITS
from laconic.deploy.integer.cells import INT_CELLS
from laconic.deploy.integer.graph import BUFFERS, IntGraph, IntLinear
from laconic.deploy.integer.places import MOST_LEFT, MOST_RIGHT, MOST_SUM, Places
from laconic.deploy.integer.records import IntBias, IntRecurrence
from laconic.deploy.program import DRIVEN, INPUT, JOINED, PADDED

Array = NDArray[Any]
Layer = tuple[IntRecurrence, ...]


def check_int_graph(graph: IntGraph) -> None:
    """Raise unless a graph in whole numbers is one that C can run, whatever its input.

    Parameters
    ----------
    graph : IntGraph

    Raises
    ------
    ParameterError
        If a cell is not known.
    DataError
        If layers do not fit each other; if a span or a column lies outside its buffer, or something is read before it
        is written; if a sum can leave 32 bits, a shift is out of range, or a number no word.
    """
    width, bits = graph.n_features, 0
    for i, layer in enumerate(graph.layers):
        _check_layer(f"IntGraph: layer {i}", layer, width, bits if i else None)
        width, bits = sum(direction.n_units for direction in layer), layer[0].state_bits
    if not graph.layers:
        raise DataError("IntGraph: there must be a recurrent layer")
    _check_scale(graph)
    for i, linear in enumerate(graph.head):
        _check_linear(f"IntGraph: linear layer {i}", linear, width, DRIVEN_BITS if i else bits)
        width, bits = linear.bias.values.size, DRIVEN_BITS
    _check_shift("IntGraph: the answer", bits - DRIVEN_BITS)
    check_classes("IntGraph", graph.classes, width)


def _check_scale(graph: IntGraph) -> None:
    """No input may become NaN, of which no word can be made."""
    wanted = (graph.n_features,)
    for name, array in (("mean", graph.mean), ("factor", graph.factor)):
        if array.shape != wanted or array.dtype != np.float32:
            raise DataError(f"IntGraph: {name} must be float32 of shape {wanted}, got {array.dtype}, {array.shape}")
        check_finite("IntGraph", name, array)
    if not graph.factor.all():
        raise DataError("IntGraph: factor must not be zero")


def _check_layer(owner: str, layer: Layer, width: int, bits: int | None) -> None:
    """Check directions that read words of `bits` fraction bits, or of their own, so many a step."""
    if tuple(direction.reverse for direction in layer) not in ((False,), (True,), (False, True)):
        raise DataError(f"{owner} must have one direction, or a forward and a reverse one")
    if len({(direction.n_inputs, direction.joined_bits, direction.state_bits) for direction in layer}) != 1:
        raise DataError(f"{owner}: directions must have equal inputs and fraction bits")
    if layer[0].n_inputs != width:
        raise DataError(f"{owner} takes {layer[0].n_inputs} features, the one before gives {width}")
    for direction in layer:
        _check_recurrence(owner, direction, direction.joined_bits if bits is None else bits)


def _check_recurrence(owner: str, found: IntRecurrence, input_bits: int) -> None:
    check_choice(owner, "cell", found.cell, INT_CELLS)
    check_sizes(owner, (found.n_inputs, found.n_units))
    _check_bits(owner, found)
    _check_scalars(owner, found)
    n_biases, rule = CELLS[found.cell].n_biases, CELLS[found.cell]
    n_gates = rule.n_gates + rule.n_apart
    driven = _whole(f"{owner}: bias", found.bias, (n_gates, found.n_units))
    if (found.gap is None) != (n_biases == n_gates):
        raise DataError(f"{owner}: {found.cell} has {n_biases - n_gates} further biases")
    if found.gap is not None:
        _whole(f"{owner}: gap", found.gap, (n_biases - n_gates, found.n_units))
    _check_shift(f"{owner}: the input", input_bits - found.joined_bits)
    _check_steps(owner, found, driven)


def _check_bits(owner: str, found: IntRecurrence) -> None:
    bounded = CELLS[found.cell].bounded
    least, most = UNIT_BITS if bounded else -UNIT_BITS, UNIT_BITS
    if not least <= found.state_bits <= most or not -UNIT_BITS <= found.joined_bits <= found.state_bits:
        words = f"state_bits must be between {least} and {most}, joined_bits between {-UNIT_BITS} and state_bits"
        raise DataError(f"{owner}: {words}, got {found.state_bits} and {found.joined_bits}")


def _check_scalars(owner: str, found: IntRecurrence) -> None:
    names, scalars = CELLS[found.cell].scalars, found.scalars
    within = set(scalars) == set(names) and all(0 <= scalars[name] <= WORD for name in names)
    if not within or scalars.get("relu", 0) not in (0, 1):
        raise DataError(f"{owner}: scalars must be {names}, 0 to {WORD}, relu 0 or 1, got {dict(scalars)}")


def _check_steps(owner: str, found: IntRecurrence, driven: Array) -> None:
    """Follow what one step reads and writes; the state stands in `JOINED` already, the input does not."""
    sizes = {JOINED: found.n_inputs + found.n_units, DRIVEN: driven.size}
    sizes |= {name: found.sizes.get(name, -1) for name in (PADDED, SCRATCH)}
    if dict(found.sizes) != {name: sizes[name] for name in BUFFERS}:
        raise DataError(f"{owner}: sizes must be {sizes}, got {dict(found.sizes)}")
    places = Places(owner, {INPUT: found.n_inputs, **sizes}, DRIVEN, driven)
    places.written[INPUT][:] = True
    places.written[JOINED][found.n_inputs :] = True
    places.follow(found.steps)


def _check_linear(owner: str, linear: IntLinear, width: int, bits: int) -> None:
    """Check a linear layer that reads so many numbers of `bits` fraction bits."""
    if linear.bias.values.ndim != 2:
        raise DataError(f"{owner}: bias must be of one block, got shape {linear.bias.values.shape}")
    into = _whole(f"{owner}: bias", linear.bias, (1, linear.bias.values.shape[1]))
    check_sizes(owner, (into.size,))
    _check_shift(f"{owner}: the input", bits - linear.bits)
    places = Places(owner, {"at": width, "into": into.size, SCRATCH: linear.scratch}, "into", into)
    places.written["at"][:] = True
    places.follow(linear.steps)


def _check_shift(owner: str, shift: int) -> None:
    if not -MOST_LEFT <= shift <= MOST_RIGHT:
        raise DataError(f"{owner} is shifted by {shift}, which must be between {-MOST_LEFT} and {MOST_RIGHT}")


def _whole(owner: str, bias: IntBias, wanted: tuple[int, int]) -> Array:
    """Return the sizes of biases as they stand where they are added to, each within 32 bits."""
    values = bias.values
    if values.shape != wanted or values.dtype not in (np.int8, np.int16) or len(bias.shifts) != len(values):
        words = f"bytes or words of shape {wanted}, with a shift for each block"
        raise DataError(f"{owner} must be {words}, got {values.dtype}, {values.shape}, {len(bias.shifts)} shifts")
    if not all(0 <= shift <= MOST_LEFT for shift in bias.shifts):
        raise DataError(f"{owner} is shifted by {bias.shifts}, which must be between 0 and {MOST_LEFT}")
    whole = np.abs(bias.whole())
    if whole.max(initial=0) > MOST_SUM:
        raise DataError(f"{owner} is larger than {MOST_SUM}")
    return whole
