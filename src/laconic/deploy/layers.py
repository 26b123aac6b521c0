"""The layers that a graph is made of, and what each one means."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from laconic.core.checks import DataError
from laconic.deploy.recurrence import Recurrence
from laconic.structured import StructuredMatrix

Array = NDArray[Any]

SEQUENCE, VECTOR = "sequence", "vector"


@dataclass(frozen=True)
class Layer(ABC):
    """One link of a graph: takes a sequence (n, steps, width) or a vector (n, width), gives one or the other.

    Attributes
    ----------
    name : str
        Where it stood in the model, for messages, tables and names in C.
    """

    takes: ClassVar[tuple[str, ...]] = (SEQUENCE, VECTOR)
    """Kinds of input it can have."""

    gives: ClassVar[str] = ""
    """Kind of its output; empty where it is that of its input."""

    name: str

    @property
    def n_inputs(self) -> int | None:
        """Features it takes; None where it takes any number."""
        return None

    def n_outputs(self, n_inputs: int) -> int:
        """Return how many features it gives for so many."""
        return n_inputs

    @abstractmethod
    def run(self, x: Array) -> Array:
        """Return its output: the reference that what is deployed is compared with."""


@dataclass(frozen=True)
class Recurrent(Layer):
    """A recurrent layer: one recurrence, or two whose outputs stand side by side."""

    takes: ClassVar[tuple[str, ...]] = (SEQUENCE,)
    gives: ClassVar[str] = SEQUENCE

    directions: tuple[Recurrence, ...]

    def __post_init__(self) -> None:
        ways, widths = tuple(d.reverse for d in self.directions), {d.n_inputs for d in self.directions}
        if ways not in ((False,), (True,), (False, True)) or len(widths) != 1:
            words = "directions must be one, or a forward and a reverse one, of equal inputs"
            raise DataError(f"Recurrent: {words}, got reverse {ways} of inputs {widths}")

    @property
    def n_inputs(self) -> int:
        """Features of one step."""
        return self.directions[0].n_inputs

    def n_outputs(self, n_inputs: int) -> int:
        """Return the units of all directions."""
        return sum(direction.n_units for direction in self.directions)

    def run(self, x: Array) -> Array:
        """Return the outputs of all directions."""
        return np.concatenate([direction.run(x) for direction in self.directions], axis=2)


@dataclass(frozen=True)
class FinalState(Layer):
    """Where each direction of the layer before ends: after the last step, or the first in reverse.

    Attributes
    ----------
    reversed_units : int
        Units, the last ones, that ran in reverse.
    """

    takes: ClassVar[tuple[str, ...]] = (SEQUENCE,)
    gives: ClassVar[str] = VECTOR

    reversed_units: int

    def run(self, x: Array) -> Array:
        """Return the final states, side by side."""
        split = x.shape[2] - self.reversed_units
        return np.concatenate([x[:, -1, :split], x[:, 0, split:]], axis=1)


@dataclass(frozen=True)
class LastStep(Layer):
    """The output at the last step; of a direction in reverse that is the state after its first step."""

    takes: ClassVar[tuple[str, ...]] = (SEQUENCE,)
    gives: ClassVar[str] = VECTOR

    def run(self, x: Array) -> Array:
        """Return the last step."""
        return x[:, -1]


@dataclass(frozen=True)
class Linear(Layer):
    """``y = matrix x + bias``, at each step if it is given a sequence."""

    matrix: StructuredMatrix
    bias: Array

    def __post_init__(self) -> None:
        if np.shape(self.bias) != self.matrix.shape[:1]:
            raise DataError(f"Linear: bias must have shape {self.matrix.shape[:1]}, got {np.shape(self.bias)}")

    @property
    def n_inputs(self) -> int:
        """Columns of the matrix."""
        return self.matrix.shape[1]

    def n_outputs(self, n_inputs: int) -> int:
        """Return its rows."""
        return self.matrix.shape[0]

    def run(self, x: Array) -> Array:
        """Return the product and the bias."""
        product: Array = self.matrix.matmul(x[..., None])[..., 0]
        return product + self.bias


@dataclass(frozen=True)
class Rescale(Layer):
    """``y = (x - mean) / scale``, feature by feature: how a classifier standardised what it learned from."""

    mean: Array
    scale: Array

    def __post_init__(self) -> None:
        shapes = np.shape(self.mean), np.shape(self.scale)
        if shapes[0] != shapes[1] or len(shapes[0]) != 1 or not np.all(self.scale):
            raise DataError(f"Rescale: mean and scale must be (n_features,), no scale zero, got shapes {shapes}")

    @property
    def n_inputs(self) -> int:
        """Features."""
        return len(self.mean)

    def run(self, x: Array) -> Array:
        """Return x in its new scale."""
        return (x - self.mean) / self.scale


@dataclass(frozen=True)
class ReLU(Layer):
    """``y = max(x, 0)``."""

    def run(self, x: Array) -> Array:
        """Return what is above zero."""
        return np.maximum(x, 0)


@dataclass(frozen=True)
class Softmax(Layer):
    """Probabilities: exponentials over their sum."""

    def run(self, x: Array) -> Array:
        """Return probabilities of the last axis."""
        probabilities: Array = softmax(x, axis=-1)
        return probabilities


def check_link(layer: Layer, kind: str, width: int) -> None:
    """Raise `DataError` unless a layer can take what the one before it gives."""
    if kind not in layer.takes:
        raise DataError(f"Graph: layer {layer.name!r} ({type(layer).__name__}) takes a {layer.takes[0]}, got a {kind}")
    if layer.n_inputs not in (None, width):
        raise DataError(f"Graph: layer {layer.name!r} takes {layer.n_inputs} features, the one before gives {width}")
