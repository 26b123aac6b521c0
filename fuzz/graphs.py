"""Files of graphs, changed at random: refused in a sentence, or read as a graph that is whole and in its bounds."""

import json
import random
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from cases import Case, graphs
from mutate import archive, changed_array, changed_bytes, changed_json
from watch import Trial, refused

from laconic.core.archive import read_arrays
from laconic.core.checks import DataError, ParameterError
from laconic.deploy import Graph, IntGraph, cost, load_graph, save_graph
from laconic.deploy.integer import records

INT32 = 2**31 - 1
DOCUMENT = "graph"


def trial(folder: Path, cases: Sequence[Case]) -> Trial:
    """Write the graphs that are changed; return what changes one and reads it."""
    files = list[bytes]()
    for graph in graphs(cases):
        save_graph(graph, folder / "seed.npz")
        files.append((folder / "seed.npz").read_bytes())
    return lambda rng, place: _try(rng.choice(files), rng, place / "case.npz")


def _try(data: bytes, rng: random.Random, path: Path) -> str:
    path.write_bytes(changed_bytes(data, rng) if rng.random() < 0.3 else _rebuilt(data, rng))
    try:
        graph = load_graph(path)
    except DataError as error:
        return refused(error, str(path))
    _check(graph, path)
    return f"read ({type(graph).__name__})"


def _rebuilt(data: bytes, rng: random.Random) -> bytes:
    """Return an archive of changed parts, whose checksums are right."""
    arrays: list[tuple[str, Any]] = list(read_arrays(data).items())
    if rng.random() < 0.6:
        document = changed_json(json.loads(arrays[0][1].tobytes()), rng)
        text = json.dumps(document).encode()
        text = changed_bytes(text, rng) if rng.random() < 0.1 else text
        text = text.replace(b"null", b"[" * 100_000, 1) if rng.random() < 0.01 else text
        arrays[0] = DOCUMENT, np.frombuffer(text, np.uint8)
    for _ in range(rng.choice((0, 0, 1, 1, 1, 2))):
        at = rng.randrange(len(arrays))
        arrays[at] = arrays[at][0], changed_array(arrays[at][1], rng)
    if rng.random() < 0.1:
        _rearranged(arrays, rng)
    with warnings.catch_warnings(action="ignore"):  # of names that are there twice
        return archive(arrays, rng)


def _rearranged(arrays: list[tuple[str, Any]], rng: random.Random) -> None:
    """Drop, double or rename an array."""
    at = rng.randrange(len(arrays))
    match rng.randrange(3):
        case 0:
            del arrays[at]
        case 1:
            arrays.append(arrays[at])
        case _:
            arrays[at] = rng.choice(arrays)[0] + rng.choice(("", ".x", "_")), arrays[at][1]


def _check(graph: Graph | IntGraph, path: Path) -> None:
    """The graph is whole: it runs, it costs, and it comes back to the bit."""
    again, x = path.with_name("again.npz"), np.random.default_rng(0).standard_normal((2, 3, graph.n_features))
    save_graph(graph, again)
    with np.errstate(all="ignore"):
        first, second = graph.interpret(x), load_graph(again).interpret(x)
    assert first.tobytes() == second.tobytes()
    assert first.dtype == second.dtype
    if isinstance(graph, IntGraph):
        _check_whole(graph)
    else:
        _check_cost(graph)


def _check_cost(graph: Graph) -> None:
    try:
        assert cost(graph).weight_bytes >= 0
    except (ParameterError, DataError) as error:  # a graph without an answer, or with numbers that no float32 holds
        refused(error)


def _check_whole(graph: IntGraph) -> None:
    """No sum leaves 32 bits and no word 16, whatever comes in: at the extremes."""
    rng = np.random.default_rng(0)
    words = rng.choice(np.array([-32768, -32767, 0, 32767]), (16, 4, graph.n_features))
    with mock.patch.object(records, "shifted", _shifted), mock.patch.object(records, "put", _put):
        answers = graph.interpret_words(words)
    assert np.abs(answers).max(initial=0) <= INT32


def _shifted(x: Any, bits: int) -> Any:
    assert -15 <= bits <= 30
    assert np.abs(x).max(initial=0) + (1 << max(bits - 1, 0)) <= INT32 + 1
    return SHIFTED(x, bits)


def _put(buffers: Any, span: Any, values: Any, multiplier: int = 0, scale: int = 0) -> None:
    PUT(buffers, span, values, multiplier, scale)
    into = records.taken(buffers, span)
    assert into.shape[1] == span.size
    assert np.abs(into).max(initial=0) <= (INT32 if multiplier else 32768)


SHIFTED, PUT = records.shifted, records.put
