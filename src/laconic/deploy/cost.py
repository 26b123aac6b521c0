"""What a graph costs on a device, before anything is written."""

from dataclasses import dataclass

from laconic.deploy.c.model import memory_width, write_model
from laconic.deploy.contract import Span, contracted
from laconic.deploy.graph import Graph
from laconic.deploy.layers import Layer, Linear, Recurrent
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


def cost(graph: Graph) -> Cost:
    """Return what a graph costs in C.

    Raises
    ------
    ParameterError
        If the graph has no recurrent layer or no answer a sequence.
    """
    source, found = write_model(graph, "cost")
    weights = source.weight_bytes
    layers = [LayerCost(at.name, type(at).__name__, weights.get(at.name, 0), _macs(at)) for at in graph.layers]
    return Cost(tuple(layers), source.state_bytes, 4 * memory_width(found))


def _macs(layer: Layer) -> int:
    if isinstance(layer, Recurrent):
        return sum(step_program(direction).n_macs for direction in layer.directions)
    if isinstance(layer, Linear):
        operations = contracted(layer.matrix, Span("x", 0, layer.n_inputs), Span("y", 0, layer.n_outputs(0)))
        return sum(operation.n_macs for operation in operations)
    return 0
