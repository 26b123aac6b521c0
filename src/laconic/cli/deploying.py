"""What `laconic deploy` does: read a model, write its C, run it beside the dense one."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

import laconic
from laconic.cli.exporting import export, onnx_file
from laconic.cli.folder import check_writable
from laconic.cli.graphs import Deployable, graphs_of, scale_of
from laconic.cli.machine import machine
from laconic.core.checks import DataError, ParameterError, check_choice
from laconic.core.files import atomic_write_text, write_json
from laconic.deploy import TARGETS, Graph, check_name, cost, quantize, run_firmware, save_graph, write_firmware
from laconic.report import deployment_section, render_report

OWNER = "laconic deploy"
FIGURES = "deploy.json"
Array = NDArray[Any]
CALIBRATION = 512
"""Training sequences that ranges are taken from, at most."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Attributes
    ----------
    model, out : Path
    target, name : str
    method : str or None
        Of a folder's models; None for the first compressed one.
    int8 : bool
    bias_bits : int
    run : bool
    data : Path or None
        Sequences to calibrate on and to run over; None draws some to run over.
    n_sequences, n_steps : int
    command : str
    overwrite : bool
    onnx : Path or None
        Where the model goes as an ONNX file, too.
    onnx_form : str or None
    save_graph : Path or None
        Where the wanted model's graph goes, too.
    """

    model: Path
    out: Path
    target: str
    method: str | None
    name: str
    int8: bool
    bias_bits: int
    run: bool
    data: Path | None
    n_sequences: int
    n_steps: int
    command: str
    overwrite: bool
    onnx: Path | None = None
    onnx_form: str | None = None
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
    check_choice(OWNER, "bias_bits", request.bias_bits, (16, 8))
    onnx = onnx_file(OWNER, request.onnx, request.onnx_form, request.name, request.overwrite)
    given = graphs_of(OWNER, request.model, request.method)
    graphs = _graphs(given, request)
    floats = _floats(next(iter(given.values())), "onnx") if onnx else None
    found = _sequences(request, next(iter(graphs.values()))) if request.run or onnx else None
    _refuse(request)
    check_writable(request.out)
    metrics = _metrics(request, _written(graphs, request, found if request.run else None, console))
    if onnx and floats and found:
        metrics["onnx"] = export(floats, onnx, request.onnx_form, found.x)
    atomic_write_text(request.out / "report.html", render_report([deployment_section(metrics)]))
    write_json(request.out / FIGURES, metrics)
    return metrics


def _written(
    graphs: dict[str, Deployable], request: Request, sequences: Sequences | None, console: Console
) -> list[dict[str, Any]]:
    """Write the first graph; return its row and, where they are run, those of the others."""
    wanted, *others = graphs
    if request.save_graph is not None:
        save_graph(graphs[wanted], request.save_graph)
    write_firmware(graphs[wanted], request.out, name=request.name, target=request.target)
    rows = [_row(wanted, graphs[wanted], request.out, request, sequences, console)]
    for other in others if sequences else []:
        with tempfile.TemporaryDirectory(prefix="laconic-") as folder:
            write_firmware(graphs[other], folder, name=request.name, target=request.target)
            rows.append(_row(other, graphs[other], Path(folder), request, sequences, console))
    return rows


def _graphs(given: dict[str, Deployable], request: Request) -> dict[str, Deployable]:
    """Return what is written, then what is run beside it."""
    name, graph = next(iter(given.items()))
    if not request.int8:
        return given
    floats, x = _floats(graph, "int8"), _calibration(request, graph)
    return {f"{name}-int8": quantize(floats, x, bias_bits=request.bias_bits), **given}


def _floats(graph: Deployable, option: str) -> Graph:
    if not isinstance(graph, Graph):
        raise ParameterError(OWNER, option, "left out where MODEL is in whole numbers already", "given")
    return graph


def _sequences(request: Request, graph: Deployable) -> Sequences:
    """Return the first test sequences of a file, or drawn ones in the model's scale."""
    if request.data is None:
        mean, scale = scale_of(graph)
        drawn = np.random.default_rng(0).standard_normal((request.n_sequences, request.n_steps, graph.n_features))
        return Sequences((drawn * scale + mean).astype(np.float32), None)
    from laconic.datasets import load_npz

    found = load_npz(request.data)
    if found.n_features != graph.n_features:
        raise DataError(f"{found.name}: {found.n_features} features a step, the model takes {graph.n_features}")
    return Sequences(found.x_test[: request.n_sequences], found.y_test[: request.n_sequences])


def _calibration(request: Request, graph: Deployable) -> Array:
    """Return training sequences of the data file."""
    if request.data is None:
        raise ParameterError(OWNER, "data", "a file of sequences to calibrate on, which --int8 needs", None)
    from laconic.datasets import load_npz

    x = load_npz(request.data).x_train
    chosen = np.random.default_rng(0).permutation(len(x))[:CALIBRATION]
    return graph.words(x[np.sort(chosen)], OWNER)


def _refuse(request: Request) -> None:
    """Leave what is there alone unless it may be replaced."""
    there = [name for name in (f"{request.name}.c", f"{request.name}.h", "Makefile") if (request.out / name).exists()]
    if there and not request.overwrite:
        allowed = f"a folder without {there[0]} (--overwrite replaces it)"
        raise ParameterError("laconic", "--out", allowed, str(request.out))


def _row(
    method: str, graph: Deployable, folder: Path, request: Request, sequences: Sequences | None, console: Console
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


def _figures(graph: Deployable, folder: Path, request: Request, sequences: Sequences) -> dict[str, Any]:
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
