"""From a trained model to what runs without any framework: a graph, its reference, its costs, its C and its ONNX."""

from importlib import import_module
from typing import Any

from laconic.deploy.c.firmware import write_firmware
from laconic.deploy.c.write import Written, check_name, write_c
from laconic.deploy.compiled import CompiledModel
from laconic.deploy.cost import Cost, LayerCost, cost
from laconic.deploy.files import load_graph, save_graph
from laconic.deploy.graph import Graph, interpret
from laconic.deploy.integer.graph import IntGraph
from laconic.deploy.integer.quantize import quantize
from laconic.deploy.running import ProgramError, Run, ToolMissingError, check_tools, run_firmware
from laconic.deploy.targets import TARGETS, Target

__all__ = [
    "TARGETS",
    "CompiledModel",
    "Cost",
    "Graph",
    "IntGraph",
    "LayerCost",
    "OnnxFile",
    "ProgramError",
    "Run",
    "Target",
    "ToolMissingError",
    "Written",
    "check_name",
    "check_tools",
    "cost",
    "interpret",
    "load_graph",
    "lower",
    "quantize",
    "run_firmware",
    "run_onnx",
    "save_graph",
    "to_onnx",
    "write_c",
    "write_firmware",
]

_ROOMS = {"lower": "lowering", "OnnxFile": "exchange", "run_onnx": "exchange", "to_onnx": "exchange"}
"""Names whose rooms need what need not be installed: PyTorch, ONNX."""


def __getattr__(name: str) -> Any:
    """Load what needs PyTorch or ONNX at its first use."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"laconic.deploy.{_ROOMS[name]}"), name)
