"""Folders of `laconic compress`, changed at random: refused in a sentence, or a model that becomes a graph."""

import json
import random
import struct
from collections.abc import Sequence
from pathlib import Path

from cases import Case, classifiers
from mutate import changed_bytes, changed_json
from watch import Trial, refused

from laconic.cli.graphs import graphs_of
from laconic.core.checks import DataError, ParameterError
from laconic.deploy import cost


def trial(folder: Path, cases: Sequence[Case]) -> Trial:
    """Write the models that are changed; return what changes one and reads it as `laconic deploy` does."""
    files = list[bytes]()
    for model in classifiers(cases):
        model.save(folder / "seed")
        files.append((folder / "seed.safetensors").read_bytes())
    return lambda rng, place: _try(rng.choice(files), rng, place)


def _try(data: bytes, rng: random.Random, folder: Path) -> str:
    rows = {"rows": [{"method": "dense", "model": "case.safetensors"}, {"method": "kronecker", "model": "a/b"}]}
    table, model = json.dumps(rows).encode(), data
    if rng.random() < 0.1:
        table = changed_bytes(table, rng) if rng.random() < 0.5 else json.dumps(changed_json(rows, rng)).encode()
    else:
        model = changed_bytes(data, rng) if rng.random() < 0.3 else _rebuilt(data, rng)
    (folder / "metrics.json").write_bytes(table)
    (folder / "case.safetensors").write_bytes(model)
    try:
        for graph in graphs_of("fuzz", folder, "dense").values():
            assert cost(graph).weight_bytes >= 0
    except (DataError, ParameterError) as error:
        return refused(error)
    return "read"


def _rebuilt(data: bytes, rng: random.Random) -> bytes:
    """Return a file with a changed header whose length is right, or with changed numbers."""
    size = struct.unpack("<Q", data[:8])[0]
    header, numbers = json.loads(data[8 : 8 + size]), data[8 + size :]
    if rng.random() < 0.8:
        about = json.loads(header["__metadata__"]["laconic"])
        header["__metadata__"]["laconic"] = json.dumps(changed_json(about, rng))
    elif rng.random() < 0.5:
        header = changed_json(header, rng)
    else:
        at = rng.randrange(0, len(numbers) - 3, 4)
        numbers = numbers[:at] + rng.randbytes(4) + numbers[at + 4 :]
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers
