"""Structures come back from files bit for bit; what is not a structure is refused without harm."""

import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
from structured.instances import LIBRARIES, TEMPLATES, member

from laconic.core.arrays import to_numpy
from laconic.core.checks import DataError
from laconic.structured import (
    KroneckerMatrix,
    MaskedMatrix,
    describe,
    load_structure,
    packed_arrays,
    rebuild,
    save_structure,
)

EVERY = pytest.mark.parametrize("name", TEMPLATES)


def assert_bit_equal(found, structure):
    assert type(found) is type(structure)
    assert repr(found) == repr(structure)
    stored = packed_arrays(structure)
    assert packed_arrays(found).keys() == stored.keys()
    for name, array in packed_arrays(found).items():
        assert array.dtype == to_numpy(stored[name]).dtype
        np.testing.assert_array_equal(array, to_numpy(stored[name]))


@EVERY
@pytest.mark.parametrize("library", LIBRARIES)
def test_save_and_load(name, library, tmp_path):
    structure = member(name, library)
    save_structure(structure, tmp_path / "it.npz")
    assert_bit_equal(load_structure(tmp_path / "it.npz"), structure)
    assert [path.name for path in tmp_path.iterdir()] == ["it.npz"]


@EVERY
def test_describe_and_rebuild_through_json(name):
    structure = member(name)
    assert_bit_equal(rebuild(json.loads(json.dumps(describe(structure))), packed_arrays(structure)), structure)


def test_special_values_survive(tmp_path):
    structure = KroneckerMatrix(np.array([[np.nan, -0.0]]), np.array([[np.inf], [5e-324]]))
    save_structure(structure, tmp_path / "it")
    for name, array in load_structure(tmp_path / "it").arrays.items():
        assert array.tobytes() == structure.arrays[name].tobytes()


def test_a_masked_matrix_stores_what_counts_and_no_more(tmp_path):
    save_structure(MaskedMatrix.zeros((1000, 1000), 10), tmp_path / "it")
    assert os.path.getsize(tmp_path / "it") < 1000 * 1000 / 8 + 2000


# Hostile files --------------------------------------------------------------------------------------------------------


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def spec(kind, parts, options=None):
    return np.array(json.dumps({"kind": kind, "options": options or {}, "parts": parts}))


def claimed(shape):
    """An .npz whose array is said to be of `shape` and has eight bytes."""
    member, archive = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("values.npy", member.getvalue() + bytes(8))
    return archive.getvalue()


def squeezed():
    buffer = io.BytesIO()
    np.savez_compressed(buffer, values=np.zeros(10**6), __structure__=spec("dense", {"values": None}))
    return buffer.getvalue()


def nested(depth):
    inner = {"kind": "dense", "options": {}, "parts": {"values": None}}
    for _ in range(depth):
        inner = {"kind": "sum", "options": {}, "parts": {"term_0": inner}}
    return npz(__structure__=np.array(json.dumps(inner)), **{"term_0_" * depth + "values": np.ones((2, 2))})


def of_array(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


F, HUGE = np.ones((2, 2)), 10**9
BITS = {"bits": None, "nonzeros": None}
BLOCK = {"rows": [0, 1], "columns": [0, 1], "shape": [4, 4]}
HOSTILE = {
    "empty": b"",
    "text": b"hello",
    "pickle": pickle.dumps(Bomb()),
    "one array, no archive": of_array(F),
    "object array": npz(values=np.array([[Bomb()]]), __structure__=spec("dense", {"values": None})),
    "object description": npz(values=F, __structure__=np.array([Bomb()])),
    "no description": npz(values=F),
    "description is no JSON": npz(values=F, __structure__=np.array("{")),
    "description is a list": npz(values=F, __structure__=np.array("[1]")),
    "description is deep JSON": npz(__structure__=np.array("[" * 200_000)),
    "unknown kind": npz(values=F, __structure__=spec("spam", {"values": None})),
    "kind is a list": npz(values=F, __structure__=spec(["dense"], {"values": None})),
    "wrong kind": npz(values=F, __structure__=spec("lowrank", {"values": None})),
    "array missing": npz(other=F, __structure__=spec("dense", {"values": None})),
    "parts are a list": npz(values=F, __structure__=spec("dense", ["values"])),
    "no parts": npz(__structure__=spec("kronecker", {})),
    "no terms": npz(__structure__=spec("sum", {})),
    "a term is an array": npz(term_0=F, __structure__=spec("sum", {"term_0": None})),
    "a block is an array": npz(block_0=F, __structure__=spec("rows", {"block_0": None})),
    "integers": npz(values=F.astype(int), __structure__=spec("dense", {"values": None})),
    "complex": npz(values=1j * F, __structure__=spec("dense", {"values": None})),
    "one axis": npz(values=F[0], __structure__=spec("dense", {"values": None})),
    "too many factors": npz(
        **{f"factor_{i}": F for i in range(30)},
        __structure__=spec("kronecker", {f"factor_{i}": None for i in range(30)}),
    ),
    "inner sizes differ": npz(left=F, right=F[:1], __structure__=spec("lowrank", {"left": None, "right": None})),
    "nested too deep": nested(40),
    "nested far too deep": nested(400),
    "huge header": claimed((HUGE, HUGE)),
    "large header": claimed((10**6, 10**4)),
    "compressed": squeezed(),
    "huge mask": npz(bits=np.uint8([1]), nonzeros=F[0], __structure__=spec("masked", BITS, {"shape": [HUGE, HUGE]})),
    "negative mask": npz(bits=np.uint8([1]), nonzeros=F[0], __structure__=spec("masked", BITS, {"shape": [-1, -8]})),
    "mask of fractions": npz(
        bits=np.uint8([255]), nonzeros=F[0], __structure__=spec("masked", BITS, {"shape": [2.5, 2]})
    ),
    "too few values under the mask": npz(
        bits=np.uint8([255]), nonzeros=F[0, :1], __structure__=spec("masked", BITS, {"shape": [2, 4]})
    ),
    "mask of floats": npz(bits=F[0, :1], nonzeros=F[0], __structure__=spec("masked", BITS, {"shape": [2, 4]})),
    "no options": npz(block=F, __structure__=spec("embedded", {"block": None})),
    "places outside": npz(block=F, __structure__=spec("embedded", {"block": None}, BLOCK | {"rows": [0, 4]})),
    "places below zero": npz(block=F, __structure__=spec("embedded", {"block": None}, BLOCK | {"rows": [0, -1]})),
    "places twice": npz(block=F, __structure__=spec("embedded", {"block": None}, BLOCK | {"rows": [1, 1]})),
    "places of fractions": npz(block=F, __structure__=spec("embedded", {"block": None}, BLOCK | {"rows": [0, 1.5]})),
    "places are words": npz(block=F, __structure__=spec("embedded", {"block": None}, BLOCK | {"rows": ["a", "b"]})),
    "three sizes": npz(block=F, __structure__=spec("embedded", {"block": None}, BLOCK | {"shape": [4, 4, 4]})),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_a_sentence(name, tmp_path):
    path = tmp_path / "hostile.npz"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(DataError, match=r"^(load_structure|rebuild|[A-Z]\w+Matrix): .+"):
        load_structure(path)


def test_a_damaged_file_is_refused_or_read_and_nothing_else(tmp_path):
    path, rng = tmp_path / "it.npz", np.random.default_rng(0)
    save_structure(member("rows, mixed"), path)
    whole = path.read_bytes()
    damaged = [whole[:stop] for stop in rng.integers(0, len(whole), 60)]
    for at in rng.integers(0, len(whole), 200):
        damaged.append(whole[:at] + bytes([rng.integers(256)]) + whole[at + 1 :])
    for data in damaged:
        path.write_bytes(data)
        try:
            found = load_structure(path)
        except DataError:
            continue
        assert_bit_equal(found, member("rows, mixed"))


def test_a_missing_file_is_the_systems_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_structure(tmp_path / "none.npz")
