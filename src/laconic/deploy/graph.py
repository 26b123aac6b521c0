"""A trained model as plain records: what is deployed, and all that a backend needs to know."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError, ParameterError, check_finite
from laconic.deploy.layers import SEQUENCE, Layer, check_link

Array = NDArray[Any]


@dataclass(frozen=True)
class Graph:
    """A chain of layers, each fed by the one before.

    Attributes
    ----------
    layers : tuple of Layer
    n_features : int
        Features of one step of the input, which is (n, steps, n_features).
    classes : tuple
        Labels of the outputs; empty where the model is no classifier.

    Raises
    ------
    ParameterError
        If there are no layers, or two of one name.
    DataError
        If a layer cannot take what the one before gives.
    """

    layers: tuple[Layer, ...]
    n_features: int
    classes: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if not self.layers:
            raise ParameterError("Graph", "layers", "one or more layers", self.layers)
        names = [layer.name for layer in self.layers]
        if len(set(names)) != len(names):
            raise ParameterError("Graph", "layers", "of different names (a module may be used once)", names)
        kind, width = SEQUENCE, self.n_features
        for layer in self.layers:
            check_link(layer, kind, width)
            kind, width = layer.gives or kind, layer.n_outputs(width)

    @property
    def widths(self) -> tuple[int, ...]:
        """Features of the input and after each layer."""
        found = [self.n_features]
        for layer in self.layers:
            found.append(layer.n_outputs(found[-1]))
        return tuple(found)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Whether the input, and what each layer gives, is a "sequence" or a "vector"."""
        found = [SEQUENCE]
        for layer in self.layers:
            found.append(layer.gives or found[-1])
        return tuple(found)

    @property
    def n_outputs(self) -> int:
        """Features of the answer."""
        return self.widths[-1]

    @property
    def title(self) -> str:
        """The layers, by kind and name."""
        return " > ".join(f"{type(layer).__name__} {layer.name}" for layer in self.layers)

    def words(self, x: Array, owner: str = "Graph") -> Array:
        """Return sequences as a device takes them: float32."""
        return np.ascontiguousarray(checked_sequences(owner, x, self.n_features), np.float32)

    def answers(self, numbers: Array) -> Array:
        """Return a device's answers, given as 32 bits each, as float32."""
        return numbers.view(np.float32)

    def interpret(self, x: Array) -> Array:
        """Return the answers, as the function `interpret` does."""
        return interpret(self, x)


def interpret(graph: Graph, x: Array) -> Array:
    """Run a graph in NumPy: the reference that everything deployed is compared with.

    Parameters
    ----------
    graph : Graph
    x : array-like (n, steps, n_features)
        Taken as float32 unless it is float64.

    Returns
    -------
    ndarray (n, n_outputs), or (n, steps, n_outputs) where no layer picks a step

    Raises
    ------
    DataError
        If x has another shape, no step, or holds NaN or infinity.
    """
    x = checked_sequences("interpret", x, graph.n_features)
    for layer in graph.layers:
        x = layer.run(x)
    return x


def checked_sequences(owner: str, x: Any, n_features: int) -> Array:
    """Return sequences as a float32 or float64 array (n, steps, n_features), or raise `DataError`."""
    found = np.asarray(x)
    if found.ndim != 3 or found.shape[2] != n_features or not found.shape[1] or found.dtype.kind not in "fiub":
        words = f"numbers of shape (n, steps, {n_features}) with one step or more"
        raise DataError(f"{owner}: x must be {words}, got shape {found.shape}, type {found.dtype}")
    found = found if found.dtype == np.float64 else found.astype(np.float32)
    check_finite(owner, "x", found)
    return found
