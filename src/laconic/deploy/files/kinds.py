"""Which records a file may hold; a name in a file is looked up here and nowhere else."""

from collections.abc import Callable
from typing import Any

from laconic.deploy.check import check_graph
from laconic.deploy.contract import Span
from laconic.deploy.graph import Graph
from laconic.deploy.integer.check import check_int_graph
from laconic.deploy.integer.graph import IntGraph, IntLinear
from laconic.deploy.integer.records import IntBias, IntCopy, IntProduct, IntRecurrence, IntSparse, IntZero
from laconic.deploy.layers import FinalState, LastStep, Linear, Recurrent, ReLU, Rescale, Softmax
from laconic.deploy.recurrence import Recurrence

AnyGraph = Graph | IntGraph

RECORDS: dict[str, type[Any]] = {
    record.__name__: record
    for record in (
        Graph,
        Recurrent,
        Recurrence,
        FinalState,
        LastStep,
        Linear,
        Rescale,
        ReLU,
        Softmax,
        IntGraph,
        IntRecurrence,
        IntLinear,
        IntProduct,
        IntSparse,
        IntCopy,
        IntZero,
        IntBias,
        Span,
    )
}
"""Every record by name; a new layer adds its line here. Structures are those of `laconic.structured.KINDS`."""

CHECKS: dict[type[Any], Callable[[Any], None]] = {Graph: check_graph, IntGraph: check_int_graph}
"""What a whole graph is asked after it is read."""
