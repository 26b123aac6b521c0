"""The samples of `laconic nmf`: the right way round, with names that fit, and in memory where they fit there."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from laconic.core.blocks import as_source
from laconic.core.checks import DataError
from laconic.datasets import LoadedSamples
from laconic.report.codes import Image

Array = NDArray[Any]

PART = 4
"""Samples that would take more than this part of the memory are read block by block."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples to factorise.

    Attributes
    ----------
    X : array or scipy.sparse.csr_array, shape (n, p)
        Memory-mapped where `is_large`.
    source : str
        File and array, for messages.
    names : tuple of str
        Of the features, or empty.
    image : Image or None
        How features lie in an image.
    memory : int
        Bytes to work in.
    """

    X: Any
    source: str
    names: tuple[str, ...]
    image: Image | None
    memory: int

    @property
    def is_large(self) -> bool:
        """Whether they are read from the file block by block."""
        return isinstance(self.X, np.memmap)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of samples and of features."""
        return int(self.X.shape[0]), int(self.X.shape[1])

    @property
    def missing(self) -> int | None:
        """Number of NaN, or None for samples that are not in memory."""
        if self.is_large:
            return None
        return int(np.isnan(self.X.data if issparse(self.X) else self.X).sum())

    def some(self) -> Any:
        """Return all samples or, of large ones, as many evenly spaced ones as fit into memory."""
        if not self.is_large:
            return self.X
        return np.concatenate([block[-first % self.stride :: self.stride] for first, block in self.blocks()])

    def blocks(self) -> Iterator[tuple[int, Array]]:
        """Yield samples block by block, each with the number of its first one."""
        source = as_source("laconic nmf", self.X, block_size=self._fitting(8 * PART))
        for first, last in pairwise(source.edges.tolist()):
            yield first, np.array(source.read(first, last))

    @property
    def stride(self) -> int:
        """How many samples it takes for each of these."""
        return -(-self.shape[0] // self._fitting(8)) if self.is_large else 1

    def _fitting(self, part: int) -> int:
        return int(max(1, min(self.shape[0], self.memory // part // (8 * self.shape[1]))))


def prepared(
    loaded: LoadedSamples, names: tuple[str, ...] | None, image: Image | None, transpose: bool, memory: int
) -> Samples:
    """Return samples as rows, with their names and their image.

    Parameters
    ----------
    loaded : LoadedSamples
    names : tuple of str or None
        None takes those in the file.
    image : Image or None
        None takes the shape of the samples in the file, if it is an image's.
    transpose : bool
        Whether samples are columns.
    memory : int
        Bytes.

    Raises
    ------
    DataError
        If there are more or fewer names, or pixels, than features, or samples in memory have an infinite entry.
    """
    X = _held(loaded.values.T if transpose else loaded.values, memory)
    check_no_infinity(loaded.source, X)
    p = int(X.shape[1])
    known = () if transpose else loaded.names
    found = known if names is None else names
    if len(found) not in (0, p) or (names is not None and not found):
        raise DataError(f"there must be a name for each of the {p} features, got {len(found)}")
    if image is None and loaded.image is not None and len(loaded.image) == 2 and not transpose:
        image = Image(*loaded.image)
    if image is not None and image.lines * image.cols != p:
        size = f"{image.lines}x{image.cols}"
        raise DataError(f"{loaded.source}: an image of {size} needs as many features, got {p}{_hint(image, X)}")
    return Samples(X, loaded.source, found, image, memory)


def _held(values: Any, memory: int) -> Any:
    """Return samples in memory, or memory-mapped as they are where they would take much of it."""
    if issparse(values):
        return csr_array(values)
    if isinstance(values, np.memmap) and values.size * 8 > memory // PART:
        return values
    kind = values.dtype.newbyteorder("=")
    return np.array(values, dtype=kind, order="C") if isinstance(values, np.memmap) else values


def check_no_infinity(source: str, X: Any, where: str = "") -> None:
    """Raise `DataError` if samples in memory have an infinite entry; others are looked at when they are read."""
    values = X.data if issparse(X) else X
    if not isinstance(X, np.memmap) and np.isinf(values).any():
        raise DataError(f"{source}: must be finite (NaN marks a missing entry), got an infinite entry{where}")


def _hint(image: Image, X: Any) -> str:
    there = image.lines * image.cols == X.shape[0]
    return " (--transpose takes columns as samples)" if there else ""
