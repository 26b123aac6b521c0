"""What `laconic deploy --onnx` does: write a graph as an ONNX file, compare its answers with the reference."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import ParameterError, check_choice
from laconic.deploy import Graph

Array = NDArray[Any]


def onnx_file(owner: str, given: Path | None, form: str | None, name: str, overwrite: bool) -> Path | None:
    """Return where the file goes, if one is wanted; into a folder goes one of the model's name.

    Bad words, and that onnx is not installed, are errors before anything is written.
    """
    if given is None:
        if form is not None:
            raise ParameterError(owner, "onnx_form", "left out where no --onnx is given", form)
        return None
    from laconic.deploy.exchange import FORMS

    if form is not None:
        check_choice(owner, "onnx_form", form, FORMS)
    path = given / f"{name}.onnx" if given.is_dir() else given
    if path.exists() and not overwrite:
        raise ParameterError(owner, "onnx", "a file that is not there (--overwrite replaces it)", str(path))
    return path


def export(graph: Graph, path: Path, form: str | None, x: Array) -> dict[str, Any]:
    """Write the file; return its size, and its largest difference over sequences x where ONNX Runtime is installed."""
    from laconic.deploy import to_onnx

    path.parent.mkdir(parents=True, exist_ok=True)
    written = to_onnx(graph, path, **({} if form is None else {"form": form}))
    figures = {"file": str(path), "form": written.form, "bytes": written.bytes, "weight_bytes": written.weight_bytes}
    return figures | {"largest_difference": _difference(graph, path, x)}


def _difference(graph: Graph, path: Path, x: Array) -> float | None:
    from laconic.deploy import run_onnx

    try:
        return float(np.abs(run_onnx(path, x) - graph.interpret(x)).max())
    except ImportError:
        return None


def exported(figures: dict[str, Any]) -> str:
    """Return what was written in a line."""
    away = figures["largest_difference"]
    words = (
        "not run: ONNX Runtime is not installed" if away is None else f"largest difference {away:.1e} in ONNX Runtime"
    )
    return f"ONNX: {figures['file']} ({figures['form']}), {figures['bytes']:,} bytes; {words}"
