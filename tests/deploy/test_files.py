"""Graphs come back from files to the bit; a file that is broken or hostile is refused in a sentence, at no cost."""

import io
import json
import os
import subprocess
import sys
import tracemalloc
import zipfile
from typing import get_args

import numpy as np
import pytest
from deploy.graph_files import linear, refused, saved, small
from deploy.models import EVERY, FORMS, names, network, sequences
from structured.instances import TEMPLATES, member

from laconic.core.checks import DataError, ParameterError
from laconic.deploy import Graph, load_graph, lower, quantize, save_graph
from laconic.deploy.files.kinds import RECORDS
from laconic.deploy.integer.records import IntStep
from laconic.deploy.layers import FinalState, LastStep, Layer, Linear, ReLU, Rescale, Softmax
from laconic.structured import DenseMatrix, LowRankMatrix

SOME = EVERY[::11]


def assert_same(found, graph, x):
    assert type(found) is type(graph)
    assert repr(found) == repr(graph)
    first, second = graph.interpret(x), found.interpret(x)
    assert first.dtype == second.dtype
    assert first.tobytes() == second.tobytes()


# What comes back ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SOME, ids=names(SOME))
def test_every_network_comes_back(case, tmp_path):
    graph, x = lower(network(*case)), sequences()
    for kept in (graph, quantize(graph, x), quantize(graph, x, bias_bits=8)):
        save_graph(kept, tmp_path / "it.npz")
        assert_same(load_graph(tmp_path / "it.npz"), kept, x)
    assert [path.name for path in tmp_path.iterdir()] == ["it.npz"]


@pytest.mark.parametrize("library", ["numpy float32", "numpy float64"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_structure_comes_back(name, library, tmp_path):
    matrix = member(name, library)
    graph = Graph((linear(matrix),), matrix.shape[1])
    save_graph(graph, tmp_path / "it")
    x = np.random.default_rng(0).standard_normal((3, 2, matrix.shape[1]))
    assert_same(load_graph(tmp_path / "it"), graph, x)


def test_every_layer_comes_back(tmp_path):
    first = Rescale("rescale", np.array([0.1, -1e-30]), np.array([3.0, 1e30]))
    middle = linear(DenseMatrix(np.asfortranarray(np.random.default_rng(0).random((9, 2)))), "é \ud800 */")
    classes = (1, "two", 3.5, True, -0.0, 2**60, "", "\x00", "9")
    layers = (first, middle, ReLU("relu"), LastStep("last"), Softmax("softmax"))
    graph = Graph(layers, 2, classes)
    save_graph(graph, tmp_path / "it")
    found = load_graph(tmp_path / "it")
    assert_same(found, graph, np.random.default_rng(0).standard_normal((4, 3, 2)))
    assert [type(label) for label in found.classes] == [type(label) for label in classes]


def test_a_file_may_hold_every_record():
    kinds = {*Layer.__subclasses__(), *get_args(IntStep)} - {Odd}
    assert kinds <= set(RECORDS.values())


def test_bytes_are_the_same_and_plain(tmp_path):
    graph = lower(network("lstm", "doped", FORMS[1], "separate"))
    for name in ("one", "two"):
        save_graph(graph, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with np.load(tmp_path / "one", allow_pickle=False) as file:
        assert {array.dtype for array in file.values()} <= {np.dtype("f4"), np.dtype("u1")}
        document = json.loads(file["graph"].tobytes())
        assert (document["format"], document["version"]) == ("laconic-graph", 1)
        assert file[document["graph"]["layers"][0]["directions"][0]["bias"]].shape == (4, 12)


def test_it_needs_no_torch(tmp_path):
    graph = lower(network("gru", "kronecker", FORMS[2], "joint"))
    save_graph(graph, tmp_path / "it.npz")
    np.save(tmp_path / "x.npy", sequences())
    code = """
import sys
sys.modules["torch"] = None
import numpy as np
from laconic.deploy import cost, load_graph, quantize, save_graph, write_c
graph, x = load_graph("it.npz"), np.load("x.npy")
np.save("y.npy", graph.interpret(x))
assert cost(graph).weight_bytes == write_c(graph, "c").weight_bytes
save_graph(quantize(graph, x), "whole.npz")
assert load_graph("whole.npz").interpret(x).shape == (4, 3)
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), graph.interpret(sequences()))


# What cannot be written -----------------------------------------------------------------------------------------------


class Odd(Layer):
    def run(self, x):
        return x


BAD = {
    "no graph": (lambda: "graph", ParameterError, "a Graph or an IntGraph, got 'str'"),
    "a layer of one's own": (lambda: Graph((Odd("odd"),), 2), DataError, "layers.0 must be one of Recurrent"),
    "nan": (lambda: Graph((linear(DenseMatrix(np.array([[np.nan]]))),), 1), DataError, "must be finite"),
    "halves": (lambda: Graph((linear(DenseMatrix(np.ones((1, 1), "f2"))),), 1), DataError, "must be an array of f4"),
    "numpy's integer": (lambda: Graph((ReLU("relu"),), np.int64(2)), DataError, "n_features must be of type int"),
    "numpy's label": (lambda: Graph((ReLU("relu"),), 1, (np.str_("a"),)), DataError, "classes.0 must be of type str"),
    "a list": (lambda: Graph([ReLU("relu")], 2), DataError, "layers must be a tuple"),
    "classes": (lambda: Graph((ReLU("relu"),), 2, ("a",)), DataError, "must be 2 classes"),
    "wide": (lambda: Graph((ReLU("relu"),), 2**20 + 1), DataError, "sizes must be between 1 and 1048576"),
    "low rank, large": (
        lambda: Graph((linear(LowRankMatrix.zeros((2**16, 2**16), 1)),), 2**16), DataError, "at most 33554432 entries"
    ),
    "state of nothing": (lambda: Graph((FinalState("end", 0),), 2), DataError, "must follow a recurrent layer"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_could_not_be_read_is_not_written(name, tmp_path):
    make, error, words = BAD[name]
    save_graph(small(), tmp_path / "it")
    before = (tmp_path / "it").read_bytes()
    with pytest.raises(error, match=words):
        save_graph(make(), tmp_path / "it")
    assert (tmp_path / "it").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_arrays_of_torch_are_not_written(tmp_path):
    torch = pytest.importorskip("torch")
    with pytest.raises(DataError, match="must be made of NumPy arrays"):
        save_graph(Graph((Linear("a", DenseMatrix(torch.ones(1, 1)), np.ones(1)),), 1), tmp_path / "it")


# Broken files ---------------------------------------------------------------------------------------------------------


def test_a_file_cut_at_any_length_is_refused(tmp_path):
    data = saved(small(), tmp_path / "it")
    for length in range(len(data)):
        refused(data[:length], tmp_path / "it")
    refused(data + b"\0", tmp_path / "it")
    refused(b"\0" + data, tmp_path / "it")


def test_any_bit_that_flips_is_refused_or_means_nothing(tmp_path):
    data, path = saved(small(), tmp_path / "it"), tmp_path / "flipped"
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        try:
            found = load_graph(path)
        except DataError:
            continue
        assert saved(found, path) == data


def test_files_of_other_kinds(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_graph(tmp_path / "none")
    with pytest.raises(DataError, match="not a regular file"):
        load_graph(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="not a regular file"):  # and it does not wait for one who writes
        load_graph(tmp_path / "pipe")
    with open(tmp_path / "large", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(DataError, match="larger than 134217728 bytes"):
        load_graph(tmp_path / "large")
    buffer = io.BytesIO()
    np.savez(buffer, graph=np.zeros(3))
    refused(buffer.getvalue(), tmp_path / "it", "without an array 'graph'")


def zipped(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, data in members:
            file.writestr(name, data)
    return buffer.getvalue()


def array_of(shape, descr, data):
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + data


def overlapping(count):
    """An archive of which every entry is the same million bytes."""
    data = bytearray(zipped([("0.npy", bytes(10**6)), *((f"{i}.npy", b"") for i in range(1, count))]))
    entries, at = [], data.index(b"PK\1\2")
    while data[at : at + 4] == b"PK\1\2":
        entries.append(at)
        at += 46 + int.from_bytes(data[at + 28 : at + 30], "little")
    for entry in entries[1:]:
        data[entry + 16 : entry + 28] = data[entries[0] + 16 : entries[0] + 28]
        data[entry + 42 : entry + 46] = data[entries[0] + 42 : entries[0] + 46]
    return bytes(data)


ONE = array_of("(1,)", "'<f4'", bytes(4))
HOSTILE = {
    "a bomb": (lambda: zipped([("graph.npy", bytes(10**8))], zipfile.ZIP_DEFLATED), "compressed"),
    "entries that overlap": (lambda: overlapping(1000), "larger than the file"),
    "many names": (lambda: zipped([(f"{i}.npy", b"") for i in range(25_000)]), "a directory of 1[0-9]* bytes"),
    "too many arrays": (lambda: zipped([(f"{i}.npy", ONE) for i in range(4097)]), "4097 arrays"),
    "a huge shape": (lambda: zipped([("a.npy", array_of("(1000000, 1000000)", "'<f8'", bytes(8)))]), "of shape"),
    "a negative shape": (lambda: zipped([("a.npy", array_of("(-1, -1)", "'<f8'", bytes(8)))]), "no plain array"),
    "a shape of words": (lambda: zipped([("a.npy", array_of("(__import__('os'),)", "'<f8'", b""))]), "no plain array"),
    "a shape of many digits": (lambda: zipped([("a.npy", array_of(f"({'9' * 60000},)", "'|u1'", b""))]), None),
    "objects": (lambda: zipped([("a.npy", array_of("(1,)", "'|O'", bytes(8)))]), "no plain array"),
    "records": (lambda: zipped([("a.npy", array_of("(1,)", "[('a', '<f4')]", bytes(4)))]), "no plain array"),
    "wide text": (lambda: zipped([("a.npy", array_of("(1,)", "'<U99999999'", b""))]), "of shape"),
    "no array": (lambda: zipped([("readme.txt", b"hello")]), "no plain array"),
    "the document twice": (lambda: zipped([("graph.npy", ONE), ("graph.npy", ONE)]), "2 arrays of 1 names"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused_at_no_cost(name, tmp_path):
    make, words = HOSTILE[name]
    data = make()
    tracemalloc.start()
    refused(data, tmp_path / "it", words)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * len(data) + 10**7
