"""A graph as C99 that compiles anywhere: no allocation, nothing needed but a compiler."""

import re
from dataclasses import dataclass
from pathlib import Path

from laconic.core.checks import ParameterError
from laconic.core.files import atomic_write_text
from laconic.deploy.c.model import write_model
from laconic.deploy.c.skeleton import Numbers, Skeleton
from laconic.deploy.c.source import Source
from laconic.deploy.c.templates import filled, runtime
from laconic.deploy.graph import Graph
from laconic.deploy.integer.graph import IntGraph

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


def write_c(graph: Graph | IntGraph, folder: str | Path, *, name: str = "model") -> Written:
    """Write a graph as C99: a header, a source file and the kernels they include.

    Parameters
    ----------
    graph : Graph or IntGraph
        With a recurrent layer and one answer a sequence; in whole numbers the C equals its `interpret` bit for bit.
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
    texts = {file: runtime(file) for file in found.numbers.includes}
    texts[f"{name}.h"] = filled("laconic_model.h", _header(graph, source, found), name)
    texts[f"{name}.c"] = filled("laconic_model.c", _body(source, found.numbers), name)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        atomic_write_text(place / file, text)
    weights = sum(source.weight_bytes.values())
    return Written(place, tuple(texts), weights, source.state_bytes, found.memory_bytes)


def check_name(owner: str, name: str) -> None:
    """Raise `ParameterError` unless names in C can begin with `name`."""
    if not re.fullmatch(_NAME, str(name)) or name.startswith("lac_"):
        allowed = "at most 31 letters, digits and _, beginning with a letter, not with lac_"
        raise ParameterError(owner, "name", allowed, name)


def _header(graph: Graph | IntGraph, source: Source, found: Skeleton) -> dict[str, str]:
    sizes = {"FEATURES": graph.n_features, "OUTPUTS": graph.n_outputs} | dict(found.numbers.fraction_bits)
    regions = {
        "about": _about(graph, found.numbers),
        "types": _types(found.numbers),
        "sizes": "\n".join(f"#define LACONIC_MODEL_{key} {size}" for key, size in sizes.items()),
        "memory": f"#define LACONIC_MODEL_MEMORY(steps) ((size_t){found.memory_width} * (steps))",
        "fields": source.fields_text(),
    }
    regions |= {} if found.streams else {"streaming": ""}
    return regions if isinstance(graph, IntGraph) else regions | {"words": ""}


def _types(numbers: Numbers) -> str:
    kinds = {"word": numbers.word, "answer": numbers.answer}
    return "\n".join(f"typedef {kind} laconic_model_{name};" for name, kind in kinds.items())


def _about(graph: Graph | IntGraph, numbers: Numbers) -> str:
    classes = ", ".join(map(_safe, graph.classes))
    more = f"\n * Classes, by the index of their output: {classes}." if classes else ""
    lines = "".join(f"\n * {line}" for line in numbers.about)
    return f"/*\n * {_safe(graph.title)}{lines}{more}\n */"


def _safe(text: object) -> str:
    """Return words that cannot end a comment."""
    return "".join(c if c.isprintable() else "?" for c in str(text)).replace("*/", "* /").replace("/*", "/ *")


def _body(source: Source, numbers: Numbers) -> dict[str, str]:
    return {
        "includes": f'#include "{numbers.includes[-1]}"',
        "constants": source.constants_text(),
        "kernels": source.kernels_text(),
        "functions": "\n".join(source.functions),
    }
