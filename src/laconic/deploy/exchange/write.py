"""A graph as an ONNX file, for servers, browsers and phones."""

import json
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import GraphProto, ModelProto, TensorProto, helper

from laconic import __version__
from laconic.core.checks import ParameterError, check_choice
from laconic.core.files import atomic_write_bytes
from laconic.deploy.exchange.draft import OPSET, Draft, Rows
from laconic.deploy.exchange.layers import ended, nodes
from laconic.deploy.exchange.recurrent import FORMS, Run
from laconic.deploy.graph import Graph

_TURNED = [1, 0, 2]  # recurrent operators want the steps first
_IR_VERSION = 8  # that of the release which brought OPSET: what comes later is not used


@dataclass(frozen=True)
class OnnxFile:
    """What `to_onnx` wrote.

    Attributes
    ----------
    path : Path
    form : str
    bytes : int
        Of the whole file.
    weight_bytes : int
        Of the constants in it.
    """

    path: Path
    form: str
    bytes: int
    weight_bytes: int


def to_onnx(graph: Graph, path: str | Path, *, form: str = "expanded") -> OnnxFile:
    """Write a graph as an ONNX file (opset 17) with an input "x" and an output "y".

    "x" is float32 of shape (batch, steps, n_features), batch and steps free; "y" is what `interpret` returns: (batch,
    n_outputs), or (batch, steps, n_outputs) where no layer picks a step. The file names laconic and its version as its
    producer; its metadata hold the form and, as JSON, the classes.

    Parameters
    ----------
    graph : Graph
        Of float64 is written as float32.
    path : path
        Its folder must be there; a file is replaced once the new one is whole.
    form : {"expanded", "standard", "scan"}, default "expanded"
        How a recurrent layer is written.

        - "expanded": ONNX's own LSTM, GRU and RNN operators, over matrices that are made of the structure's factors
          when the file is loaded. As small as the structure, as fast as the dense model, in a runtime that folds
          constants, such as ONNX Runtime.
        - "standard": the same operators over whole matrices. As large as the dense model; for any runtime.
        - "scan": a loop that multiplies with the factors at each step: the fewest multiply-adds and no whole matrix in
          memory, but a dozen operators a step, each of which takes its time.

        FastRNN and FastGRNN have no operator of ONNX and are a loop in every form, over whole matrices in "standard".

    Returns
    -------
    OnnxFile

    Raises
    ------
    ParameterError
        If the graph is none of floats, or the form is none of these.
    DataError
        If a number is NaN or too large for float32.
    OSError
        If the file cannot be written.
    ImportError
        If onnx is not installed.
    """
    check_choice("to_onnx", "form", form, FORMS)
    if not isinstance(graph, Graph):
        raise ParameterError("to_onnx", "graph", "a Graph of floats, as lower gives", type(graph).__name__)
    draft = Draft()
    model = _model(graph, _nodes(graph, draft, FORMS[form]), form)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    atomic_write_bytes(path, data)
    weights = sum(len(constant.raw_data) for constant in draft.constants.values())
    return OnnxFile(Path(path), form, len(data), weights)


def _nodes(graph: Graph, draft: Draft, run: Run) -> GraphProto:
    at = Rows(draft.op("Transpose", "x", perm=_TURNED), 2)
    for layer in ended(graph.layers):
        draft.scope = layer.name
        at = nodes(layer, draft, at, run)
    answer = draft.op("Transpose", at.name, perm=_TURNED) if at.lead == 2 else at.name
    draft.nodes.append(helper.make_node("Identity", [answer], ["y"], name="y"))
    taken = _value("x", ["batch", "steps", graph.n_features])
    given = _value("y", ["batch", *["steps"] * (at.lead - 1), graph.n_outputs])
    return helper.make_graph(draft.nodes, "laconic", [taken], [given], list(draft.constants.values()))


def _value(name: str, shape: list[str | int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _model(graph: Graph, inside: GraphProto, form: str) -> ModelProto:
    opsets = [helper.make_opsetid("", OPSET)]
    about = {"producer_name": "laconic", "producer_version": __version__, "ir_version": _IR_VERSION}
    model = helper.make_model(inside, opset_imports=opsets, **about)
    helper.set_model_props(model, {"form": form, "classes": json.dumps(graph.classes, default=str)})
    return model
