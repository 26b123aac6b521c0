"""From a graph to one of whole numbers: bytes for weights, words for what flows between them."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import ParameterError, check_choice
from laconic.core.rounding import WORD
from laconic.deploy.contract import SCRATCH, Span, contracted, scratch_size
from laconic.deploy.graph import Graph, checked_sequences
from laconic.deploy.integer.arithmetic import UNIT_BITS
from laconic.deploy.integer.check import check_int_graph
from laconic.deploy.integer.correction import means_read, moved_by_rounding
from laconic.deploy.integer.gated import gated_program
from laconic.deploy.integer.graph import IntGraph, IntLinear, picked
from laconic.deploy.integer.ranges import product_ranges, recurrence_ranges, step_buffers
from laconic.deploy.integer.records import IntCopy, IntRecurrence, IntStep
from laconic.deploy.integer.scales import Quantizer, biases, fraction_bits
from laconic.deploy.layers import Linear, ReLU, Rescale, Softmax
from laconic.deploy.program import DRIVEN, INPUT, JOINED, PADDED
from laconic.deploy.recurrence import Recurrence
from laconic.deploy.stages import Stage, Staged, staged

Array = NDArray[Any]


def quantize(graph: Graph, calibration: Array, *, bias_bits: int = 16) -> IntGraph:
    """Return a graph in whole numbers: weights in 8 bits, activations and states in 16, sums in 32.

    Each factor of each gate has a scale of its own, and so has what lies between two factors. Biases take off by how
    much rounded weights move the mean of what drives a gate. A last softmax is left out: the largest output stays the
    largest.

    Parameters
    ----------
    graph : Graph
        With recurrent layers, one answer a sequence, and linear layers and ReLU after that; features may be rescaled.
    calibration : array-like (n, steps, n_features)
        Sequences such as the model will see, a few dozen or more: ranges and means of what lies between are theirs.
        What is larger later is saturated.
    bias_bits : {16, 8}
        Of the biases. In a network of few weights they are many; in 8 bits they save a byte each and cost accuracy,
        unless the network was trained for it (`RNNClassifier(quantization=...)`): its weights and biases are rounded
        already, and stay as they are.

    Returns
    -------
    IntGraph

    Raises
    ------
    ParameterError
        If the graph has other layers, or there is no calibration sequence.
    DataError
        If the sequences cannot be read, or numbers in the graph are too large for the format.
    """
    check_choice("quantize", "bias_bits", bias_bits, (16, 8))
    x = checked_sequences("quantize", calibration, graph.n_features).astype(np.float32)
    if not len(x):
        raise ParameterError("quantize", "calibration", "one sequence or more", x.shape)
    found = staged("quantize", graph)
    mean, factor = _rescaled(found, graph.n_features)
    x, layers = (x - mean) * factor, list[tuple[IntRecurrence, ...]]()
    bits = 0
    for i, stage in enumerate(found.stages):
        layer, x = _layer(stage, x, bits if i else None, bias_bits)
        layers.append(layer)
        bits = layer[0].state_bits
    head = _head(found, picked(found.stages[-1].recurrent.directions, x, found.last_step), bits, bias_bits)
    made = IntGraph(tuple(layers), head, graph.n_features, mean, factor, found.last_step, graph.classes)
    check_int_graph(made)
    return made


def _rescaled(found: Staged, n_features: int) -> tuple[Array, Array]:
    """Return what is taken off the input and what it is multiplied by; refuse other layers ahead of recurrent ones."""
    before = [layer for stage in found.stages for layer in stage.before]
    if (
        any(not isinstance(layer, Rescale) for layer in before)
        or len(before) > 1
        or found.stages[0].before != tuple(before)
    ):
        raise ParameterError(
            "quantize", "graph", "without layers between the input and recurrent layers", before[0].name
        )
    if not before:
        return np.zeros(n_features, np.float32), np.ones(n_features, np.float32)
    scale: Any = before[0]
    return scale.mean.astype(np.float32), (1 / scale.scale).astype(np.float32)


def _layer(stage: Stage, x: Array, bits: int | None, bias_bits: int) -> tuple[tuple[IntRecurrence, ...], Array]:
    """Return a layer's directions and its float outputs; `bits` are those of its input, None where they are free."""
    directions = stage.recurrent.directions
    seen = [recurrence_ranges(direction, x) for direction in directions]
    state_bits = min(_state_bits(d, ranges.state) for d, (ranges, _) in zip(directions, seen, strict=True))
    joined = min(fraction_bits(max(ranges.inputs for ranges, _ in seen)), state_bits)
    made = tuple(
        _recurrence(
            _corrected(direction, x, outputs),
            ranges.products,
            joined,
            state_bits,
            joined if bits is None else bits,
            bias_bits,
        )
        for direction, (ranges, outputs) in zip(directions, seen, strict=True)
    )
    return made, np.concatenate([outputs for _, outputs in seen], axis=2)


def _corrected(recurrence: Recurrence, x: Array, outputs: Array) -> Recurrence:
    """Return a recurrence whose biases take off by how much rounding moves the mean of what drives its gates.

    Biases behind those of the gates are kept as far from the first as they are.
    """
    program, bias = gated_program(recurrence), recurrence.bias
    moved = moved_by_rounding(program.steps, step_buffers(program, *means_read(recurrence, x, outputs)), DRIVEN)
    blocks = moved.reshape(-1, recurrence.n_units)
    further = np.repeat(blocks[:1], len(bias) - len(blocks), axis=0)
    return replace(recurrence, bias=bias - np.concatenate([blocks, further]))


def _state_bits(recurrence: Recurrence, largest: float) -> int:
    bounded = recurrence.rule.bounded or (recurrence.cell == "rnn" and not recurrence.scalars["relu"])
    return UNIT_BITS if bounded else fraction_bits(1.25 * largest)


def _recurrence(
    recurrence: Recurrence,
    ranges: tuple[float, ...],
    joined_bits: int,
    state_bits: int,
    input_bits: int,
    bias_bits: int,
) -> IntRecurrence:
    program, rule = gated_program(recurrence), recurrence.rule
    unit = 2.0**-joined_bits
    steps = Quantizer({JOINED: unit, PADDED: unit}, Span(DRIVEN, 0, program.driven)).steps(program.steps, ranges)
    n_gates = rule.n_gates + rule.n_apart
    further = recurrence.bias[n_gates:]
    operations: list[Any] = [step for step in program.steps if hasattr(step, "n_macs")]
    sizes = {JOINED: program.joined, DRIVEN: program.driven, PADDED: program.padded, SCRATCH: scratch_size(operations)}
    return IntRecurrence(
        cell=recurrence.cell,
        steps=tuple(_shifted_input(step, input_bits - joined_bits) for step in steps),
        bias=biases(recurrence.bias[:n_gates], bias_bits),
        gap=biases(further - recurrence.bias[0], bias_bits) if len(further) else None,
        scalars={name: _scalar(name, value) for name, value in recurrence.scalars.items()},
        n_inputs=recurrence.n_inputs,
        n_units=recurrence.n_units,
        joined_bits=joined_bits,
        state_bits=state_bits,
        sizes=sizes,
        reverse=recurrence.reverse,
    )


def _shifted_input(step: IntStep, shift: int) -> IntStep:
    if isinstance(step, IntCopy) and step.source.buffer == INPUT:
        return IntCopy(step.source, step.target, shift)
    return step


def _scalar(name: str, value: float) -> int:
    return int(value) if name == "relu" else min(WORD, round(value * 2**UNIT_BITS))


def _head(found: Staged, x: Array, bits: int, bias_bits: int) -> tuple[IntLinear, ...]:
    """Return the linear layers behind the recurrent ones; x are their float inputs."""
    layers = [
        layer for i, layer in enumerate(found.after) if not (isinstance(layer, Softmax) and i == len(found.after) - 1)
    ]
    made = list[IntLinear]()
    for place, layer in enumerate(layers):
        if isinstance(layer, Linear):
            relu = place + 1 < len(layers) and isinstance(layers[place + 1], ReLU)
            taken = fraction_bits(float(np.abs(x).max())) if made else bits
            made.append(_linear(layer, x, taken, relu, bias_bits))
        elif not (isinstance(layer, ReLU) and place and isinstance(layers[place - 1], Linear)):
            raise ParameterError("quantize", "graph", "with nothing but Linear and ReLU layers at its end", layer.name)
        x = layer.run(x)
    return tuple(made)


def _linear(layer: Linear, x: Array, bits: int, relu: bool, bias_bits: int) -> IntLinear:
    m, n = layer.matrix.shape
    operations = contracted(layer.matrix, Span("at", 0, n), Span("into", 0, m))
    size = scratch_size(operations)
    buffers = _linear_buffers(x, m, size)
    ranges = product_ranges(operations, buffers)
    moved = moved_by_rounding(operations, _linear_buffers(x.mean(axis=0, keepdims=True), m, size), "into")
    steps = Quantizer({"at": 2.0**-bits}, Span("into", 0, m)).steps(tuple(operations), ranges)
    return IntLinear(steps, biases((layer.bias - moved)[None], bias_bits), size, relu, bits)


def _linear_buffers(x: Array, n_outputs: int, scratch: int) -> dict[str, Array]:
    n = len(x)
    return {"at": x, "into": np.zeros((n, n_outputs), x.dtype), SCRATCH: np.zeros((n, scratch), x.dtype)}
