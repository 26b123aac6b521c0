"""The graphs of what `laconic deploy` is given: a folder of a study, a model's file, a graph's file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic import deploy
from laconic.core.checks import ParameterError
from laconic.deploy import Graph, IntGraph, load_graph
from laconic.deploy.layers import Rescale

Array = NDArray[Any]
Deployable = Graph | IntGraph


def graphs_of(owner: str, model: Path, method: str | None) -> dict[str, Deployable]:
    """Return the graph of the wanted model by its method and, of a folder, that of the dense one after it."""
    return {name: _graph(path) for name, path in _files(owner, model, method).items()}


def scale_of(graph: Deployable) -> tuple[Array, Array]:
    """Return mean and deviation of what a graph was trained on, feature by feature; 0 and 1 where it does not say."""
    if isinstance(graph, IntGraph):
        return graph.mean, 1 / graph.factor
    first = graph.layers[0]
    if isinstance(first, Rescale):
        return first.mean, first.scale
    return np.zeros(graph.n_features), np.ones(graph.n_features)


def _files(owner: str, model: Path, method: str | None) -> dict[str, Path]:
    """Return the files of the same."""
    if not model.is_dir():
        if method is not None:
            raise ParameterError(owner, "method", "left out where MODEL is a file", method)
        return {model.stem: model}
    known = _models(owner, model)
    wanted = method or next((name for name in known if name != "dense"), "dense")
    if wanted not in known:
        raise ParameterError(owner, "method", f"one of {', '.join(known)}", method)
    return {name: known[name] for name in dict.fromkeys((wanted, "dense")) if name in known}


def _graph(path: Path) -> Deployable:
    """Return the graph in a file, or that of a model in one; only for the latter PyTorch is needed."""
    if path.suffix == ".npz":
        return load_graph(path)
    from laconic.rnn import RNNClassifier

    graph: Graph = deploy.lower(RNNClassifier.load(path))
    return graph


def _models(owner: str, folder: Path) -> dict[str, Path]:
    """Return the models of a study by their methods."""
    try:
        rows = json.loads((folder / "metrics.json").read_text("utf-8"))["rows"]
        return {str(row["method"]): folder / str(row["model"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ParameterError(owner, "model", "a folder of laconic compress, or a model's file", str(folder)) from None
