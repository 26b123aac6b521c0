"""From data to blocks on the workers of a cluster: read there, sent there, or made there by Dask."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
import scipy.sparse

from laconic.core.blocks import tasks
from laconic.core.blocks.border import needed
from laconic.core.blocks.source import ArraySource, FileSource, Source, SparseSource, working_type
from laconic.core.checks import DataError

dask, dask_array = needed("dask"), needed("dask.array")

KEPT = 0.4
"""Data in a file stay in the workers' memory, read once, if they take this part of it at most."""


@dataclass(frozen=True)
class Spread:
    """Blocks on workers.

    Attributes
    ----------
    blocks : list of Future
        Each has a history that does not depend on any worker.
    edges : array of int, shape (n_blocks + 1,)
        Block i holds samples edges[i] to edges[i + 1] - 1.
    n_features : int
    dtype : dtype
    held : bool
        Whether workers have the samples in memory, rather than the place in a file to read them from each time.
    origin : object
        Kept as long as the blocks, since they may have to be made again.
    """

    blocks: list[Any]
    edges: Any
    n_features: int
    dtype: Any
    held: bool = True
    origin: Any = None


def of_source(client: Any, source: Source) -> Spread:
    """Return the blocks of a source: workers that see its file read them, to others they are sent.

    What is sent stays with the scheduler, too.
    """
    seen = isinstance(source, FileSource) and _seen(client, source.path)
    held = not seen or _fits(client, source)
    make, blocks = tasks.opened if held else tasks.same, [None] * source.n_blocks
    for i in _dealt(source.n_blocks, len(client.nthreads())):
        blocks[i] = some(client, make, tasks.Reader(alone(source, i, by_path=seen), int(source.edges[i])))
    return Spread(blocks, source.edges, source.n_features, source.dtype, held, source)


def _dealt(n_blocks: int, n_workers: int) -> list[int]:
    """Return the order in which blocks, dealt out in turn, make neighbours on a worker: their sums need not travel."""
    each = -(-n_blocks // max(1, n_workers))
    return [i for turn in range(each) for i in range(turn, n_blocks, each)]


def of_dask(client: Any, owner: str, X: Any, weight: Any = None, mask: Any = None) -> Spread:
    """Return the chunks of a Dask array as blocks.

    Parameters
    ----------
    client : distributed.Client
    owner : str
        Named in errors.
    X : dask.array.Array of shape (n, p)
        Chunks of arrays or sparse matrices, of known sizes; features are brought together.
    weight : array of shape (n,), optional
    mask : array or sparse matrix of bool, or a Dask array, shape (n, p), optional
    """
    X = whole_rows(X)
    _check(owner, X, weight, mask)
    sizes = np.array(X.chunks[0])
    there, edges = sizes > 0, np.append(0, np.cumsum(sizes[sizes > 0]))
    chunks = client.compute(list(X.to_delayed().ravel()[there]))
    masks = _cut(mask, edges)
    if is_dask(mask):
        masks = client.compute(list(mask.rechunk(X.chunks).to_delayed().ravel()[there]))
    columns = chunks, edges[:-1].tolist(), _cut(weight, edges), masks
    with large_graphs():
        blocks = client.map(tasks.of_chunk, *columns, owner=owner, pure=False)
    return Spread(blocks, edges, X.shape[1], working_type(X.dtype))


def sized(client: Any, X: Any) -> Any:
    """Return a Dask array whose chunks have known sizes; they are computed, and kept, where they have not."""
    if not np.isnan(X.shape[0]):
        return X
    X = whole_rows(X)
    chunks: list[Any] = client.compute(list(X.to_delayed().ravel()))
    sizes = client.gather(client.map(tasks.n_rows, chunks, pure=False))
    return of_parts(chunks, sizes, X.shape[1], X.dtype, X._meta)


def of_parts(parts: list[Any], sizes: Any, width: int, dtype: Any, meta: Any = None) -> Any:
    """Return a Dask array of the values of futures, or of arrays, that lie below each other."""
    name = f"laconic-{uuid4().hex}"
    graph = {(name, i, 0): part for i, part in enumerate(parts)}
    return dask_array.Array(graph, name, (tuple(sizes), (width,)), dtype=dtype, meta=meta)


def coded(owner: str, X: Any, mask: Any, encode: Callable[[Any], Any], width: int) -> Any:
    """Return the codes (n, k) of a Dask array as one that is still to be computed; `encode` takes a block."""
    X, dtype = whole_rows(X), working_type(X.dtype)
    if mask is not None and not is_dask(mask):
        _check(owner, X, None, mask)
        mask = dask_array.from_array(mask.toarray() if scipy.sparse.issparse(mask) else np.asarray(mask), X.chunks)
    if mask is not None:
        mask = whole_rows(mask) if np.isnan(X.shape[0]) else mask.rechunk(X.chunks)
    more = [] if mask is None else [mask]
    options = {"dtype": dtype, "chunks": (X.chunks[0], (width,)), "meta": np.empty((0, width), dtype)}
    return dask_array.map_blocks(_encoded, X, *more, owner=owner, encode=encode, width=width, **options)


def _encoded(values: Any, mask: Any = None, *, owner: str, encode: Callable[[Any], Any], width: int) -> Any:
    if values.shape[0] == 0:
        return np.empty((0, width), working_type(values.dtype))
    return encode(tasks.of_chunk(values, 0, None, mask, owner))


def is_dask(value: Any) -> bool:
    """Whether a value is a Dask array."""
    return isinstance(value, dask_array.Array)


def whole_rows(X: Any) -> Any:
    """Return a Dask array of two axes with each sample in one chunk."""
    return X if X.numblocks[1] == 1 else X.rechunk({1: -1})


def some(client: Any, function: Callable[..., Any], *values: Any) -> Any:
    """Return a future of function(*values); values are part of its history."""
    with large_graphs():
        return client.submit(function, *values, pure=False)


@contextmanager
def large_graphs() -> Iterator[None]:
    """Let values be part of the history of futures: Dask advises against large ones, for want of anything better."""
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1PB"}):
        yield


def alone(source: Source, i: int, *, by_path: bool) -> Source:
    """Return block i as a source of its own, without what belongs to others; of a file perhaps just the place."""
    first, last = int(source.edges[i]), int(source.edges[i + 1])
    weight, mask = (None if one is None else one[first:last] for one in (source.weight, source.mask))
    edges = np.array([0, last - first])
    if not (by_path and isinstance(source, FileSource)):
        make = SparseSource if isinstance(source, SparseSource) else ArraySource
        return make(source.read(first, last), edges, weight, mask)
    one = copy(source)
    one.start += first * one.n_features * one.held.itemsize
    one.edges, one.weight, one.mask, one._complete = edges, weight, mask, set()
    one._map = None  # type: ignore[assignment]  # sent, it would be all of the data
    return one


def _seen(client: Any, path: str) -> bool:
    """Whether all workers see a file; of workers that are yet to come it is assumed."""
    return all(client.run(tasks.sees, path, on_error="ignore").values())


def _fits(client: Any, source: Source) -> bool:
    size = source.n_samples * source.n_features * source.dtype.itemsize
    return bool(size <= KEPT * sum(client.run(_memory, on_error="ignore").values()))


def _memory(dask_worker: Any) -> float:
    """Return the bytes that a worker may take; Dask fills in which one."""
    return float(dask_worker.memory_manager.memory_limit or np.inf)


def _check(owner: str, X: Any, weight: Any, mask: Any) -> None:
    if X.shape[0] == 0:
        raise DataError(f"{owner}: X must have at least one sample, got none")
    for what, given, shape in (("weight", weight, X.shape[:1]), ("mask", mask, X.shape)):
        if given is not None and tuple(given.shape) != shape:
            raise DataError(f"{owner}: {what} must be of shape {shape}, as X says, got {tuple(given.shape)}")


def _cut(values: Any, edges: Any) -> list[Any]:
    """Return the rows of each block, or None for each."""
    values = scipy.sparse.csr_array(values) if scipy.sparse.issparse(values) else values
    pairs = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return [None if values is None else values[first:last] for first, last in pairs]
