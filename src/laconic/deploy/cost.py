"""What a graph costs on a device, before anything is written."""

from dataclasses import dataclass
from functools import singledispatch

from laconic.deploy.c.integers import INPUTS
from laconic.deploy.c.model import write_model
from laconic.deploy.contract import Span, contracted
from laconic.deploy.graph import Graph
from laconic.deploy.integer.graph import IntGraph
from laconic.deploy.integer.records import IntProduct, IntSparse, IntStep
from laconic.deploy.layers import Layer, Linear, Recurrent, Rescale
from laconic.deploy.program import step_program


@dataclass(frozen=True)
class LayerCost:
    """What one layer costs.

    Attributes
    ----------
    name, kind : str
    weight_bytes : int
        Its constants in the C: weights, biases, and where non-zeros stand.
    macs : int
        Multiply-adds, of one step for a layer on sequences, of one answer for one on a vector.
    """

    name: str
    kind: str
    weight_bytes: int
    macs: int


@dataclass(frozen=True)
class Cost:
    """What a graph costs in C.

    Attributes
    ----------
    layers : tuple of LayerCost
    state_bytes : int
        RAM of one stream, work space included.
    memory_bytes_per_step : int
        RAM that a sequence takes beside, by step; 0 where steps can be taken as they come.
    """

    layers: tuple[LayerCost, ...]
    state_bytes: int
    memory_bytes_per_step: int

    @property
    def weight_bytes(self) -> int:
        """Flash of all constants; code comes on top."""
        return sum(layer.weight_bytes for layer in self.layers)


def cost(graph: Graph | IntGraph) -> Cost:
    """Return what a graph costs in C, in the numbers that it has.

    Raises
    ------
    ParameterError
        If the graph has no recurrent layer or no answer a sequence.
    """
    source, found = write_model(graph, "cost")
    weights = source.weight_bytes
    layers = [LayerCost(name, kind, weights.get(name, 0), macs) for name, kind, macs in _layers(graph)]
    return Cost(tuple(layers), source.state_bytes, found.memory_bytes)


@singledispatch
def _layers(graph: object) -> list[tuple[str, str, int]]:
    """Return name, kind and multiply-adds of each layer; a new kind of graph registers itself here."""
    raise TypeError(f"no costs of {type(graph).__name__}")


@_layers.register
def _floats(graph: Graph) -> list[tuple[str, str, int]]:
    return [(layer.name, type(layer).__name__, _macs(layer)) for layer in graph.layers]


@_layers.register
def _integers(graph: IntGraph) -> list[tuple[str, str, int]]:
    recurrent = [sum(_int_macs(direction.steps) for direction in layer) for layer in graph.layers]
    layers = [(f"layer{i}", Recurrent.__name__, macs) for i, macs in enumerate(recurrent)]
    linear = [(f"linear{i}", Linear.__name__, _int_macs(layer.steps)) for i, layer in enumerate(graph.head)]
    return [(INPUTS, Rescale.__name__, 0), *layers, *linear]


def _int_macs(steps: tuple[IntStep, ...]) -> int:
    return sum(step.n_macs for step in steps if isinstance(step, IntProduct | IntSparse))


def _macs(layer: Layer) -> int:
    if isinstance(layer, Recurrent):
        return sum(step_program(direction).n_macs for direction in layer.directions)
    if isinstance(layer, Linear):
        operations = contracted(layer.matrix, Span("x", 0, layer.n_inputs), Span("y", 0, layer.n_outputs(0)))
        return sum(operation.n_macs for operation in operations)
    return 0
