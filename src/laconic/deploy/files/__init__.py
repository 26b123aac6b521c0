"""Graphs in files, of floats or of whole numbers: all that a machine without PyTorch needs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.archive import MOST_BYTES, pack_arrays, read_arrays, read_whole
from laconic.core.checks import DataError, ParameterError
from laconic.core.files import atomic_write_bytes
from laconic.deploy.files.fields import field
from laconic.deploy.files.kinds import CHECKS, AnyGraph
from laconic.deploy.files.structures import MOST_ENTRIES

Array = NDArray[Any]

FORMAT, VERSION = "laconic-graph", 1
DOCUMENT = "graph"
"""Name of the array that holds the JSON."""

_MOST_DOCUMENT = 2**22


def save_graph(graph: AnyGraph, path: str | Path) -> None:
    """Write a graph to an .npz file, whole or not at all; the same bytes for the same graph.

    Parameters
    ----------
    graph : Graph or IntGraph
    path : path
        Taken as it is: no ending is added.

    Raises
    ------
    ParameterError
        If it is no graph.
    DataError
        If something in it would be refused by `load_graph`: NaN, a layer of one's own that is not registered, numbers
        of NumPy's types where Python's are expected, a graph too large.
    OSError
        If the file cannot be written.
    """
    if type(graph) not in CHECKS:
        raise ParameterError("save_graph", "graph", "a Graph or an IntGraph", type(graph).__name__)
    try:
        CHECKS[type(graph)](graph)
        data = pack_arrays(_packed(graph))
        _unpacked(data)
    except ValueError as error:
        raise DataError(f"save_graph: {error}") from error
    atomic_write_bytes(path, data)


def load_graph(path: str | Path) -> AnyGraph:
    """Read what `save_graph` wrote; nothing in the file is unpickled, imported or run.

    Parameters
    ----------
    path : path

    Returns
    -------
    Graph or IntGraph
        Equal to the one that was saved, to the bit.

    Raises
    ------
    DataError
        If it is no such file, is damaged, or holds what is no graph; the message says what.
    OSError
        If it cannot be read.
    """
    try:
        return _unpacked(read_whole(path))
    except OSError:
        raise
    except Exception as error:  # a damaged archive fails in more ways than are documented
        raise DataError(
            f"load_graph: {path} holds no graph of laconic ({str(error) or type(error).__name__})"
        ) from error


def _packed(graph: AnyGraph) -> dict[str, Array]:
    """Return a graph's arrays by where they stand, the document first."""
    arrays: dict[str, Array] = {}
    root = field(AnyGraph).encode(graph, "", arrays)
    document = {"format": FORMAT, "version": VERSION, "graph": root}
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    return {DOCUMENT: np.frombuffer(text.encode("ascii"), np.uint8), **arrays}


def _unpacked(data: bytes) -> AnyGraph:
    if len(data) > MOST_BYTES:
        raise DataError(f"a file of more than {MOST_BYTES} bytes")
    arrays = read_arrays(data)
    root = _document(arrays)
    if sum(array.size for array in arrays.values() if array.dtype == np.uint8) * 8 > MOST_ENTRIES:
        raise DataError(f"masks of more than {MOST_ENTRIES} entries")  # each bit becomes a number
    graph: AnyGraph = field(AnyGraph).decode(root, "", arrays)
    CHECKS[type(graph)](graph)
    if arrays:
        raise DataError(f"{len(arrays)} arrays that belong to nothing, such as {min(arrays)[:80]!r}")
    return graph


def _document(arrays: dict[str, Array]) -> Any:
    """Take the document out of the arrays; return what it says of the graph."""
    text = arrays.pop(DOCUMENT, None)
    if text is None or text.dtype != np.uint8 or text.ndim != 1 or text.size > _MOST_DOCUMENT:
        raise DataError(f"without an array {DOCUMENT!r} of at most {_MOST_DOCUMENT} bytes of JSON")
    document = json.loads(text.tobytes(), object_pairs_hook=_once)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise DataError(f"its format is not {FORMAT!r}")
    if document.get("version") != VERSION or type(document["version"]) is not int:
        raise DataError(f"version {document.get('version')!r} of the format; this laconic reads version {VERSION}")
    if document.keys() != {"format", "version", "graph"}:
        raise DataError(f"its document has {sorted(document)[:10]}")
    return document["graph"]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that is there twice, of which JSON takes the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DataError("a name twice in its document")
    return found
