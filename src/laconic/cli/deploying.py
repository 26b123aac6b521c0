"""What `laconic deploy` does: read a model, write its C, run it beside the dense one."""

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

import laconic
from laconic import deploy
from laconic.cli.folder import check_writable
from laconic.cli.machine import machine
from laconic.core.checks import DataError, ParameterError, check_choice
from laconic.core.files import atomic_write_text, write_json
from laconic.deploy import (
    TARGETS,
    Graph,
    IntGraph,
    check_name,
    cost,
    load_graph,
    run_firmware,
    save_graph,
    write_firmware,
)
from laconic.deploy.layers import Rescale
from laconic.report import deployment_section, render_report

OWNER = "laconic deploy"
FIGURES = "deploy.json"
Array = NDArray[Any]


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Attributes
    ----------
    model, out : Path
    target, name : str
    method : str or None
        Of a folder's models; None for the first compressed one.
    run : bool
    data : Path or None
        Sequences to run over; None draws some.
    n_sequences, n_steps : int
    command : str
    overwrite : bool
    save_graph : Path or None
        Where the wanted model's graph goes, too.
    """

    model: Path
    out: Path
    target: str
    method: str | None
    name: str
    run: bool
    data: Path | None
    n_sequences: int
    n_steps: int
    command: str
    overwrite: bool
    save_graph: Path | None = None


@dataclass(frozen=True)
class Sequences:
    """What models are run over: x (n, steps, features), and classes (n,) where they are known."""

    x: Array
    y: Array | None


def write_model(request: Request, console: Console) -> dict[str, Any]:
    """Write the C of a model; return what deploy.json holds."""
    check_choice(OWNER, "target", request.target, TARGETS)
    check_name(OWNER, request.name)
    graphs = graphs_of(request.model, request.method)
    wanted, *others = graphs
    sequences = _sequences(request, graphs[wanted]) if request.run else None
    _refuse(request)
    check_writable(request.out)
    if request.save_graph is not None:
        save_graph(graphs[wanted], request.save_graph)
    write_firmware(graphs[wanted], request.out, name=request.name, target=request.target)
    rows = [_row(wanted, graphs[wanted], request.out, request, sequences, console)]
    for other in others if sequences else []:
        with tempfile.TemporaryDirectory(prefix="laconic-") as folder:
            write_firmware(graphs[other], folder, name=request.name, target=request.target)
            rows.append(_row(other, graphs[other], Path(folder), request, sequences, console))
    metrics = _metrics(request, rows)
    atomic_write_text(request.out / "report.html", render_report([deployment_section(metrics)]))
    write_json(request.out / FIGURES, metrics)
    return metrics


def graphs_of(model: Path, method: str | None) -> dict[str, Graph]:
    """Return the graph of the wanted model by its method and, of a folder, that of the dense one after it."""
    return {name: _graph(path) for name, path in _files(model, method).items()}


def _files(model: Path, method: str | None) -> dict[str, Path]:
    """Return the files of the same."""
    if not model.is_dir():
        if method is not None:
            raise ParameterError(OWNER, "method", "left out where MODEL is a file", method)
        return {model.stem: model}
    known = _models(model)
    wanted = method or next((name for name in known if name != "dense"), "dense")
    if wanted not in known:
        raise ParameterError(OWNER, "method", f"one of {', '.join(known)}", method)
    return {name: known[name] for name in dict.fromkeys((wanted, "dense")) if name in known}


def _graph(path: Path) -> Graph:
    """Return the graph in a file, or that of a model in one; only for the latter PyTorch is needed."""
    if path.suffix == ".npz":
        return _floats(load_graph(path))
    from laconic.rnn import RNNClassifier

    graph: Graph = deploy.lower(RNNClassifier.load(path))
    return graph


def _floats(graph: Graph | IntGraph) -> Graph:
    """Return a graph of floats, or raise `ParameterError`."""
    if not isinstance(graph, Graph):
        raise ParameterError(OWNER, "model", "a graph of floats", "one of whole numbers")
    return graph


def _models(folder: Path) -> dict[str, Path]:
    """Return the models of a study by their methods."""
    try:
        rows = json.loads((folder / "metrics.json").read_text("utf-8"))["rows"]
        return {str(row["method"]): folder / str(row["model"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise ParameterError(OWNER, "model", "a folder of laconic compress, or a model's file", str(folder)) from None


def _sequences(request: Request, graph: Graph) -> Sequences:
    """Return the first test sequences of a file, or drawn ones in the model's scale."""
    if request.data is None:
        drawn = np.random.default_rng(0).standard_normal((request.n_sequences, request.n_steps, graph.n_features))
        scale = next((layer for layer in graph.layers[:1] if isinstance(layer, Rescale)), None)
        return Sequences((drawn if scale is None else drawn * scale.scale + scale.mean).astype(np.float32), None)
    from laconic.datasets import load_npz

    found = load_npz(request.data)
    if found.n_features != graph.n_features:
        raise DataError(f"{found.name}: {found.n_features} features a step, the model takes {graph.n_features}")
    return Sequences(found.x_test[: request.n_sequences], found.y_test[: request.n_sequences])


def _refuse(request: Request) -> None:
    """Leave what is there alone unless it may be replaced."""
    there = [name for name in (f"{request.name}.c", f"{request.name}.h", "Makefile") if (request.out / name).exists()]
    if there and not request.overwrite:
        allowed = f"a folder without {there[0]} (--overwrite replaces it)"
        raise ParameterError("laconic", "--out", allowed, str(request.out))


def _row(
    method: str, graph: Graph, folder: Path, request: Request, sequences: Sequences | None, console: Console
) -> dict[str, Any]:
    costs = cost(graph)
    row = {
        "method": method,
        "weight_bytes": costs.weight_bytes,
        "state_bytes": costs.state_bytes,
        "memory_bytes_per_step": costs.memory_bytes_per_step,
        "macs_per_step": sum(layer.macs for layer in costs.layers if layer.kind == "Recurrent"),
        "layers": [vars(layer) for layer in costs.layers],
    }
    if sequences is None:
        return row
    console.print(f"{method}: building and running on {TARGETS[request.target].title}", highlight=False, markup=False)
    return row | _figures(graph, folder, request, sequences)


def _figures(graph: Graph, folder: Path, request: Request, sequences: Sequences) -> dict[str, Any]:
    """Return what a run shows."""
    found = run_firmware(graph, folder, sequences.x, name=request.name, target=request.target)
    counted = None if found.instructions is None else float(found.instructions.mean())
    classes = np.asarray(graph.classes or range(graph.n_outputs))[found.answers.argmax(axis=1)]
    return {
        "sequences": len(sequences.x),
        "steps": sequences.x.shape[1],
        "flash_bytes": found.flash_bytes,
        "ram_bytes": found.ram_bytes,
        "code_bytes": found.code_bytes,
        "instructions_per_sequence": counted,
        "instructions_per_step": None if counted is None else counted / sequences.x.shape[1],
        "largest_difference": float(np.abs(found.answers - graph.interpret(sequences.x)).max()),
        "accuracy": None if sequences.y is None else float(np.mean(classes == sequences.y)),
    }


def _metrics(request: Request, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "laconic": laconic.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": request.command,
        "machine": machine(),
        "target": request.target,
        "title": TARGETS[request.target].title,
        "name": request.name,
        "rows": rows,
    }
