"""What an ONNX graph is gathered in: nodes, and the constants that they and the bodies of their loops share."""

import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from laconic.core.checks import DataError

Array = NDArray[Any]
OPSET = 17
"""Operators as ONNX 1.12 has them: Scan 16, LSTM, GRU and RNN 14."""


@dataclass(frozen=True)
class Rows:
    """A value of which the last axis holds features.

    Attributes
    ----------
    name : str
    lead : int
        Axes before it: 2 of a sequence (steps, n, features), 1 of a vector (n, features).
    """

    name: str
    lead: int


@dataclass
class Draft:
    """Gathers nodes.

    Attributes
    ----------
    scope : str
        The layer that nodes and constants are for now: their names begin with it, and errors say it.
    nodes : list of NodeProto
    constants : dict
        Of the whole model; of equal ones one is kept.
    outer : Draft or None
        Of a loop's body: where the loop stands.
    """

    scope: str = ""
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[tuple[Any, ...], onnx.TensorProto] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=count)
    outer: "Draft | None" = None

    def inner(self) -> "Draft":
        """Return a draft for the body of a loop, which sees the same constants."""
        return Draft(self.scope, [], self.constants, self.numbers, self)

    @property
    def root(self) -> "Draft":
        """The draft outside of all loops: for what depends on constants alone."""
        return self if self.outer is None else self.outer.root

    def named(self, role: str) -> str:
        """Return a name that nothing else has."""
        return f"{re.sub(r'[^A-Za-z0-9_]', '_', self.scope) or 'model'}_{role}_{next(self.numbers)}"

    def constant(self, values: Array) -> str:
        """Keep an array, floats as float32; return its name.

        Raises
        ------
        DataError
            If a number is NaN or too large for float32.
        """
        held = self._float32(values) if values.dtype.kind == "f" else values
        key = (str(held.dtype), held.shape, held.tobytes())
        if key not in self.constants:
            self.constants[key] = numpy_helper.from_array(np.asarray(held, order="C"), self.named("constant"))
        return self.constants[key].name

    def _float32(self, values: Array) -> Array:
        with np.errstate(over="ignore"):
            held = values.astype(np.float32)
        if not np.isfinite(held).all():
            largest = f"of size {np.abs(values).max():g}, float32 ends at {np.finfo(np.float32).max:g}"
            raise DataError(f"to_onnx: layer {self.scope!r} has a number {largest}")
        return held

    def whole(self, *values: int) -> str:
        """Keep whole numbers, such as a shape or axes; return their name."""
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        """Keep one number; return its name."""
        return self.constant(np.array(value, np.float64))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of one output; return the output's name."""
        return self.ops(kind, inputs, 1, **attributes)[0]

    def ops(self, kind: str, inputs: tuple[str, ...], n_outputs: int, skipped: int = 0, **attributes: Any) -> list[str]:
        """Add a node; return its outputs' names, but for the first ones that nobody wants."""
        outputs = [self.named(kind) for _ in range(n_outputs)]
        all_outputs = [*[""] * skipped, *outputs]
        self.nodes.append(helper.make_node(kind, inputs, all_outputs, name=outputs[0], **attributes))
        return outputs

    def reshaped(self, x: Rows, *tail: int) -> str:
        """Give the features of x the axes `tail`."""
        return self.op("Reshape", x.name, self.whole(*[0] * x.lead, *tail))

    def padded(self, x: Rows, before: int, after: int) -> str:
        """Put so many zeros before and after the features of x."""
        still = [0] * x.lead
        return self.op("Pad", x.name, self.whole(*still, before, *still, after))

    def sliced(self, name: str, axis: int, start: int, stop: int | None = None) -> str:
        """Return a part of an axis; places below zero count from its end."""
        until = np.iinfo(np.int64).max if stop is None else stop
        return self.op("Slice", name, self.whole(start), self.whole(until), self.whole(axis))

    def split(self, name: str, *sizes: int) -> list[str]:
        """Cut the last axis into pieces of these sizes."""
        if len(sizes) == 1:
            return [name]
        return self.ops("Split", (name, self.whole(*sizes)), len(sizes), axis=-1)

    def joined(self, names: list[str], axis: int = -1) -> str:
        """Return values side by side."""
        return names[0] if len(names) == 1 else self.op("Concat", *names, axis=axis)
