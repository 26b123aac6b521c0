"""A graph as C99 that compiles anywhere: no allocation, nothing needed but a compiler."""

import re
from dataclasses import dataclass
from pathlib import Path

from laconic.core.checks import ParameterError
from laconic.core.files import atomic_write_text
from laconic.deploy.c.model import memory_width, write_model
from laconic.deploy.c.source import Source
from laconic.deploy.c.templates import filled, runtime
from laconic.deploy.graph import Graph
from laconic.deploy.stages import Staged

_RUNTIME = ("laconic_config.h", "laconic_math.h", "laconic_kernels.h", "laconic_cells.h")
_NAME = r"[A-Za-z][A-Za-z0-9_]{0,30}"


@dataclass(frozen=True)
class Written:
    """What `write_c` wrote.

    Attributes
    ----------
    folder : Path
    files : tuple of str
    weight_bytes : int
        Constants of the model: weights, biases, and where non-zeros stand.
    state_bytes : int
        Of one stream's state, work space included.
    memory_bytes_per_step : int
        Of what `predict` needs beside; 0 where steps can be taken as they come.
    """

    folder: Path
    files: tuple[str, ...]
    weight_bytes: int
    state_bytes: int
    memory_bytes_per_step: int


def write_c(graph: Graph, folder: str | Path, *, name: str = "model") -> Written:
    """Write a graph as C99: a header, a source file and the kernels they include.

    Parameters
    ----------
    graph : Graph
        With a recurrent layer and one answer a sequence.
    folder : path
        Made if it is not there; files of the same names are replaced.
    name : str, default "model"
        What every name in C begins with, so that several models fit into one program.

    Returns
    -------
    Written

    Raises
    ------
    ParameterError
        If the graph gives no answer a sequence, or the name is none for C.
    """
    check_name("write_c", name)
    source, found = write_model(graph, "write_c")
    texts = {file: runtime(file) for file in _RUNTIME}
    texts[f"{name}.h"] = filled("laconic_model.h", _header(graph, source, found), name)
    texts[f"{name}.c"] = filled("laconic_model.c", _body(source), name)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        atomic_write_text(place / file, text)
    weights = sum(source.weight_bytes.values())
    return Written(place, tuple(texts), weights, source.state_bytes, 4 * memory_width(found))


def check_name(owner: str, name: str) -> None:
    """Raise `ParameterError` unless names in C can begin with `name`."""
    if not re.fullmatch(_NAME, str(name)) or name.startswith("lac_"):
        allowed = "at most 31 letters, digits and _, beginning with a letter, not with lac_"
        raise ParameterError(owner, "name", allowed, name)


def _header(graph: Graph, source: Source, found: Staged) -> dict[str, str]:
    width = memory_width(found)
    sizes = {"FEATURES": graph.n_features, "OUTPUTS": graph.n_outputs}
    regions = {
        "about": _about(graph),
        "sizes": "\n".join(f"#define LACONIC_MODEL_{key} {size}" for key, size in sizes.items()),
        "memory": f"#define LACONIC_MODEL_MEMORY(steps) ((size_t){width} * (steps))",
        "fields": source.fields_text(),
    }
    return regions if found.streams else regions | {"streaming": ""}


def _about(graph: Graph) -> str:
    layers = " > ".join(f"{type(layer).__name__} {layer.name}" for layer in graph.layers)
    classes = ", ".join(map(_safe, graph.classes))
    more = f"\n * Classes, by the index of their output: {classes}." if classes else ""
    return f"/*\n * {_safe(layers)}{more}\n */"


def _safe(text: object) -> str:
    """Return words that cannot end a comment."""
    return "".join(c if c.isprintable() else "?" for c in str(text)).replace("*/", "* /").replace("/*", "/ *")


def _body(source: Source) -> dict[str, str]:
    return {
        "constants": source.constants_text(),
        "kernels": source.kernels_text(),
        "functions": "\n".join(source.functions),
    }
