"""What a graph has to be beyond what its records see to: asked of one that comes from a file."""

from itertools import pairwise
from typing import Any

from laconic.core.checks import DataError
from laconic.deploy.graph import Graph
from laconic.deploy.layers import FinalState, Layer, Recurrent

MOST_NUMBERS = 2**20
"""Of one step, of a layer's output, of a buffer."""


def check_graph(graph: Graph) -> None:
    """Raise `DataError` unless a graph's layers mean in C what they mean in `interpret`.

    Parameters
    ----------
    graph : Graph

    Raises
    ------
    DataError
        If it is too wide for a small model, has a class too many or too few, or takes the final state of something
        else than a recurrent layer.
    """
    check_sizes("Graph", graph.widths)
    check_classes("Graph", graph.classes, graph.n_outputs)
    for before, layer in pairwise((None, *graph.layers)):
        if isinstance(layer, FinalState):
            _check_final(before, layer)


def check_sizes(owner: str, sizes: tuple[int, ...]) -> None:
    """Raise `DataError` unless all sizes are above zero and what memory is for."""
    if not all(1 <= size <= MOST_NUMBERS for size in sizes):
        raise DataError(f"{owner}: sizes must be between 1 and {MOST_NUMBERS}, got {sizes}")


def check_classes(owner: str, classes: tuple[Any, ...], n_outputs: int) -> None:
    """Raise `DataError` unless there is one class for each output, or none at all."""
    if classes and len(classes) != n_outputs:
        raise DataError(f"{owner}: there must be {n_outputs} classes, as many as outputs, or none, got {len(classes)}")


def _check_final(before: Layer | None, layer: FinalState) -> None:
    if not isinstance(before, Recurrent):
        raise DataError(f"Graph: layer {layer.name!r} (FinalState) must follow a recurrent layer")
    units = sum(direction.n_units for direction in before.directions if direction.reverse)
    if layer.reversed_units != units:
        raise DataError(f"Graph: layer {layer.name!r} must have reversed_units {units}, got {layer.reversed_units}")
