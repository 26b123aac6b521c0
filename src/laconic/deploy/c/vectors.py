"""Layers that act on one vector at a time, as statements that change a vector in place or make the next one."""

from functools import singledispatch

from laconic.deploy.c.operations import LAYER, calls
from laconic.deploy.c.source import Source
from laconic.deploy.contract import SCRATCH, Span, contracted, scratch_size
from laconic.deploy.layers import Layer, Linear, ReLU, Rescale, Softmax

VECTORS = ("vector0", "vector1")
"""Fields between which vectors go back and forth."""


def write_vectors(layers: list[Layer], width: int, origin: str, source: Source) -> tuple[list[str], str, int]:
    """Return the statements that put a vector through layers, and the expression and width of what comes out."""
    lines = list[str]()
    at = origin
    for layer in layers:
        after = layer.n_outputs(width)
        into = source.field(VECTORS[0] if at != f"s->{VECTORS[0]}" else VECTORS[1], after)
        lines += statements(layer, at, into, width, source)
        at, width = into, after
    return lines, at, width


@singledispatch
def statements(layer: Layer, at: str, into: str, width: int, source: Source) -> list[str]:
    """Return what makes the vector `into` from the one `at`; a new layer registers itself here."""
    raise TypeError(f"no C for {type(layer).__name__}")


@statements.register
def _linear(layer: Linear, at: str, into: str, width: int, source: Source) -> list[str]:
    rows = layer.matrix.shape[0]
    operations = contracted(layer.matrix, Span("at", 0, width), Span("into", 0, rows))
    places = {LAYER: layer.name, "at": at, "into": into}
    if size := scratch_size(operations):
        places[SCRATCH] = source.field("scratch", size)
    first = f"lac_copy_f32({into}, {source.constant(layer.name, 'bias', layer.bias)}, {rows});"
    return [first, *(line for operation in operations for line in calls(operation, source, places))]


@statements.register
def _rescale(layer: Rescale, at: str, into: str, width: int, source: Source) -> list[str]:
    mean = source.constant(layer.name, "mean", layer.mean)
    factor = source.constant(layer.name, "factor", 1 / layer.scale)
    return [f"lac_rescale_f32({into}, {at}, {mean}, {factor}, {width});"]


@statements.register
def _relu(layer: ReLU, at: str, into: str, width: int, source: Source) -> list[str]:
    return [f"lac_copy_f32({into}, {at}, {width});", f"lac_relu_f32({into}, {width});"]


@statements.register
def _softmax(layer: Softmax, at: str, into: str, width: int, source: Source) -> list[str]:
    return [f"lac_copy_f32({into}, {at}, {width});", f"lac_softmax_f32({into}, {width});"]
