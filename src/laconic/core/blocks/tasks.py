"""What workers do with blocks and states: functions that Dask calls by name, each with values in and a value out.

The value of a step on a block is a pair, its new state and its part of the sum; the pair is what the next step on that
block starts from.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from laconic.core.arrays import Array, as_array, to_numpy
from laconic.core.blocks.block import Block
from laconic.core.blocks.border import needed
from laconic.core.blocks.opening import as_source
from laconic.core.blocks.pool import Step
from laconic.core.blocks.source import Source
from laconic.core.blocks.sums import Additive, TreeSum

sizeof = needed("dask.sizeof").sizeof

Pair = tuple[Any, Any]
"""State and part."""


@dataclass(frozen=True)
class Reader:
    """Where a block is to be read from, each time that it is looked at.

    Attributes
    ----------
    source : Source
        Of one block.
    first : int
        Number of its first sample.
    """

    source: Source
    first: int


def opened(held: Block | Reader) -> Block:
    """Return the block, read where only its place is held."""
    block = held if isinstance(held, Block) else replace(held.source.block(0), first=held.first)
    found: Block = aligned(block)
    return found


def of_chunk(values: Any, first: int, weight: Array | None, mask: Any, owner: str) -> Block:
    """Return the samples of a chunk, a dense or sparse matrix, as a block."""
    source = as_source(owner, values, weight=weight, mask=mask, block_size=values.shape[0])
    return opened(Reader(source, first))


def n_rows(values: Any) -> int:
    """Return how many samples a chunk has."""
    return int(values.shape[0])


def same(value: Any) -> Any:
    """Return the value: as a task, so that it can be sent again."""
    return value


def brought(step: Step, to: Any) -> Step:
    """Return the step, on the worker that has the large value `to`."""
    return step


def taken(held: Block | Reader, before: Pair | None, step: Step) -> Pair:
    """Take a step on a block."""
    pair: Pair = aligned(step)(opened(held), None if before is None else aligned(before[0]))
    return pair


def aligned(value: Any) -> Any:
    """Return a value whose arrays begin where processors want them to.

    Those that came through a connection may begin anywhere. Numbers are the same, but products take another way through
    BLAS then, and round in another way.
    """
    if isinstance(value, np.ndarray):
        return value if value.flags.aligned else np.array(value, order="K")
    if scipy.sparse.issparse(value):
        return scipy.sparse.csr_array(aligned((value.data, value.indices, value.indptr)), shape=value.shape)
    if isinstance(value, tuple):
        return tuple(map(aligned, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: aligned(getattr(value, field.name)) for field in fields(value)})
    return value


def part_of(pair: Pair) -> Any:
    """Return the part of a sum."""
    return pair[1]


def added(parts: list[Any]) -> Any:
    """Return the sum of parts, in the order of `TreeSum`."""
    total = TreeSum[Any]()
    for part in parts:
        total.add(part)
    return total.total()


def state_of(pair: Pair | None, making: Callable[..., Any] = same, **options: Any) -> Any:
    """Return the state, or what a function makes of it."""
    return making(None if pair is None else pair[0], **options)


def put_back(state: Any, to: Block | Reader) -> Pair:
    """Return a state that comes from elsewhere, on the worker that has the block."""
    return state, None


def like_of(held: Block | Reader) -> Array:
    """Return an empty array of the library and type of a block."""
    return opened(held).like[:0]


def written(pair: Pair | None, path: str) -> None:
    """Write a state, an array or None, to a file."""
    state = None if pair is None else pair[0]
    np.savez(path, *([] if state is None else [to_numpy(as_array(state))]))


def read(path: str, to: Block | Reader) -> Pair:
    """Return the state that `written` wrote, on the worker that has the block."""
    with np.load(path, allow_pickle=False) as file:
        return next((file[name] for name in file.files), None), None


def is_there(pair: Pair) -> bool:
    """Return True, where the state could be had."""
    return True


def sees(path: str) -> bool:
    """Whether a file is there."""
    return Path(path).exists()


def _size(record: Any) -> int:
    """Return the bytes of a record for Dask, which would otherwise take it for next to nothing."""
    return sum(_bytes(getattr(record, field.name)) for field in fields(record))


def _bytes(value: Any) -> int:
    stored = [getattr(value, name) for name in ("data", "indices", "indptr")] if hasattr(value, "indptr") else [value]
    return sum(int(sizeof(one)) for one in stored)


sizeof.register((Block, Additive), _size)
