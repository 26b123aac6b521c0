"""Random changes of bytes, of JSON and of arrays."""

import io
import json
import random
import struct
from collections.abc import Callable
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import numpy as np

NUMBERS = (0, 1, -1, 2, 3, 15, 16, 30, 31, 32, 127, 128, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**63, 10**9,
           -(2**31), 10**30, 0.5, -0.0, 1e-320, 1e308, float("nan"), float("inf"), float("-inf"))  # fmt: skip
WORDS = ("", "scratch", "driven", "input", "joined", "padded", "at", "into", "lstm", "gru", "rnn", "fastrnn",
         "fastgrnn", "dense", "kronecker", "masked", "lowrank", "hybrid", "sum", "rows", "embedded", "os.system",
         "__class__", "\x00", "\ud800", "../../etc/passwd", "x" * 500)  # fmt: skip
TYPES = ("f4", "f8", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u8", "b1", "c8", "U3", "S3", ">f4")


def changed_bytes(data: bytes, rng: random.Random) -> bytes:
    """Return bytes cut short, flipped, replaced, moved or added to."""
    found = bytearray(data)
    for _ in range(1 + rng.randrange(4)):
        at = rng.randrange(len(found) + 1)
        match rng.randrange(6):
            case 0:
                del found[at:]
            case 1:
                del found[at : at + rng.randrange(1, 64)]
            case 2:
                found[at:at] = rng.randbytes(rng.randrange(1, 64))
            case 3:
                found[at : at + 4] = struct.pack("<I", rng.choice((0, 1, 2**31, 2**32 - 1, rng.getrandbits(32))))
            case 4:
                start = rng.randrange(len(found) + 1)
                found[at:at] = found[start : start + rng.randrange(1, 256)]
            case _:
                for _ in range(1 + rng.randrange(8)):
                    if found:
                        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def changed_json(value: Any, rng: random.Random) -> Any:
    """Return a JSON value in which a few places are something else; the value is used up."""
    for _ in range(1 + rng.randrange(3)):
        places = list(_places(value))
        if not places:
            return strange(rng)
        holder, key = rng.choice(places)
        if rng.random() < 0.3:
            _restructured(holder, key, rng)
        else:
            holder[key] = _other(holder[key], rng)
    return value


def _places(value: Any) -> Any:
    """Yield every place in a JSON value as what holds it and its key."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _restructured(holder: Any, key: Any, rng: random.Random) -> None:
    """Drop, double, rename or exchange."""
    value = holder[key]
    if isinstance(holder, list):
        match rng.randrange(3):
            case 0:
                del holder[key]
            case 1:
                holder.insert(rng.randrange(len(holder) + 1), json.loads(json.dumps(value)))
            case _:
                other = rng.randrange(len(holder))
                holder[key], holder[other] = holder[other], holder[key]
    elif rng.random() < 0.5:
        del holder[key]
    else:
        holder[rng.choice((*WORDS, key + "_"))] = value


def _other(value: Any, rng: random.Random) -> Any:
    """Return something near a value, or something strange."""
    if type(value) is int and rng.random() < 0.6:
        return value + rng.choice((-2, -1, 1, 2, value, -2 * value))
    if type(value) is float and rng.random() < 0.5:
        return value * rng.choice((-1, 0, 2, 1e30))
    return strange(rng)


def strange(rng: random.Random) -> Any:
    """Return a JSON value that is seldom expected."""
    made: tuple[Callable[[], Any], ...] = (
        lambda: rng.choice(NUMBERS),
        lambda: rng.choice(WORDS),
        lambda: rng.choice((None, True, False, [], {}, [[]], {"": 0}, [1, 2, 3])),
        lambda: _nested(rng.choice((3, 30, 200))),
    )
    return rng.choices(made, (4, 4, 3, 1))[0]()


def _nested(depth: int) -> Any:
    """Return lists within lists."""
    found: Any = 0
    for _ in range(depth):
        found = [found]
    return found


def changed_array(array: Any, rng: random.Random) -> Any:
    """Return an array of another type or shape, or with other numbers."""
    match rng.randrange(4):
        case 0 if array.dtype.kind != "c":
            with np.errstate(all="ignore"):
                return array.astype(rng.choice(TYPES))
        case 1:
            return _reshaped(array, rng)
        case _ if array.size and array.dtype.kind in "fiu":
            return _renumbered(array, rng)
    return array[:0]


def _reshaped(array: Any, rng: random.Random) -> Any:
    options = (array.T, array.ravel(), array[None], array[..., None], array[:-1], array[..., :-1], array[1:, ...],
               np.asfortranarray(array), np.concatenate([array, array]))  # fmt: skip
    return rng.choice(options)


def _renumbered(array: Any, rng: random.Random) -> Any:
    found = array.copy()
    flat = found.reshape(-1)
    for _ in range(1 + rng.randrange(4)):
        if found.dtype.kind == "f":
            number: Any = rng.choice((np.nan, np.inf, -np.inf, 0.0, 1e-45, 3e38, -3e38, 1.5))
        else:
            info = np.iinfo(found.dtype)
            number = rng.choice((info.min, info.max, 0, 1, rng.randint(info.min, info.max)))
        flat[rng.randrange(flat.size)] = number
    if rng.random() < 0.1:
        flat[:] = flat[0]
    return found


def archive(arrays: list[tuple[str, Any]], rng: random.Random) -> bytes:
    """Return an archive of arrays, with right checksums; seldom compressed, with false headers or other members."""
    buffer = io.BytesIO()
    squeeze = ZIP_DEFLATED if rng.random() < 0.05 else ZIP_STORED
    with ZipFile(buffer, "w", squeeze) as file:
        for name, array in arrays:
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
            data = member.getvalue()
            file.writestr(f"{name}.npy", _false_header(data, rng) if rng.random() < 0.01 else data)
        if rng.random() < 0.02:
            file.writestr(rng.choice(("readme.txt", "graph.npy", "x/../y.npy", "a.npy")), rng.randbytes(20))
    return buffer.getvalue()


def _false_header(data: bytes, rng: random.Random) -> bytes:
    """Return an array whose header says something else than what follows."""
    start = 10 + int.from_bytes(data[8:10], "little")
    shape = rng.choice(("(1000000, 1000000)", "(-1,)", "(0, 99999999999)", "()", "(3,)", "(1e5,)", f"({'1, ' * 70}1)"))
    descr = rng.choice(("'<f4'", "'|O'", "'<U1000000'", "[('a', '<f4')]", "'<f0'", "'|V8'", "'<M8[s]'"))
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return data[:8] + len(header).to_bytes(2, "little") + header + data[start:]
