"""From a trained model to what runs without any framework: a graph, its reference, its costs and its C."""

from importlib import import_module
from typing import Any

from laconic.deploy.c.write import Written, write_c
from laconic.deploy.compiled import CompiledModel
from laconic.deploy.cost import Cost, LayerCost, cost
from laconic.deploy.graph import Graph, interpret

__all__ = ["CompiledModel", "Cost", "Graph", "LayerCost", "Written", "cost", "interpret", "lower", "write_c"]


def __getattr__(name: str) -> Any:
    """Load `lower` at its first use: it alone needs PyTorch."""
    if name != "lower":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("laconic.deploy.lowering").lower
