"""Scales that stay with their block from one step to the next: one array, small where few of them are in use.

Dense ones are of shape (n, B). Where that takes less, NumPy's are one row of numbers: how many each sample has in use,
then their places, then their values. A sparse matrix would say the same in three arrays; checkpoints, and files that
a cluster's states are cut at, hold one for each block.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.blocks import Block, DenseBlock
from laconic.factorize.multimodal.layout import entries

LARGEST, SMALLEST = 8192, 256
"""Samples that are worked on at once."""

AT_ONCE = 2**22
"""Codes of a modality that are worked on at once, as far as that leaves `SMALLEST` samples."""


def slices(block: Block, state: Array | None, n_scales: int, n_codes: int) -> Iterator[tuple[Block, Array | None]]:
    """Yield parts of a block with their scales; `n_codes` is that of a sample, in the widest modality."""
    values, missing = entries(block)
    n, size = values.shape[0], int(np.clip(AT_ONCE // n_codes, SMALLEST, LARGEST))
    for first in range(0, n, size):
        rows = slice(first, min(first + size, n))
        part = DenseBlock(block.first + first, None, values[rows, :], None if missing is None else missing[rows, :])
        yield part, None if state is None else _unpacked(state, n, n_scales, rows)


def kept(parts: list[Array], room: float) -> Array | None:
    """Return the scales of all parts as what is kept, None where it would take more than `room` bytes a sample."""
    xp, n = array_namespace(parts[0]), sum(part.shape[0] for part in parts)
    used = [np.count_nonzero(part) if isinstance(part, np.ndarray) else part.shape[0] * part.shape[1] for part in parts]
    dense, small = n * parts[0].shape[1], n + 2 * sum(used)
    if min(dense, small) * xp.finfo(parts[0].dtype).bits > 8 * room * n:
        return None
    return _packed(parts) if small < dense else xp.concat(parts, axis=0)


def _packed(parts: list[Any]) -> Any:
    dtype, places = parts[0].dtype, [np.nonzero(part) for part in parts]
    counts = [np.count_nonzero(part, axis=1).astype(dtype) for part in parts]
    values = [part[at] for part, at in zip(parts, places, strict=True)]
    return np.concatenate([*counts, *(at[1].astype(dtype) for at in places), *values])


def _unpacked(state: Array, n: int, n_scales: int, rows: slice) -> Array:
    if len(state.shape) == 2:
        return state[rows, :]
    counts, used = state[:n].astype(np.int64), (len(state) - n) // 2
    first, last = int(counts[: rows.start].sum()), int(counts[: rows.stop].sum())
    found = np.zeros((rows.stop - rows.start, n_scales), state.dtype)
    at = np.repeat(np.arange(len(found)), counts[rows]), state[n + first : n + last].astype(np.int64)
    found[at] = state[n + used + first : n + used + last]
    return found
