"""The samples of `laconic fuse`: in memory where they fit there, else columns of a file that is read block by block."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.cli.samples import PART, check_no_infinity
from laconic.core.checks import DataError, ParameterError
from laconic.datasets import LoadedModalities
from laconic.report.codes import Image

Array = NDArray[Any]

OWNER = "laconic fuse"


@dataclass(frozen=True, eq=False)
class SensorSamples:
    """Samples of several modalities.

    Attributes
    ----------
    values : dict of arrays of shape (n, p_j)
    source : str
        The file, for messages.
    images : dict of Image
        Of the modalities whose features are one.
    names : dict of tuple of str
        Of the features of each modality, or empty.
    labels : array of shape (n,), or None
    memory : int
        Bytes to work in.
    matrix : array of shape (n, p), or None
        A memory map, where the samples are larger than memory.
    columns : dict of slice, or None
        Where modalities are in it.
    """

    values: dict[str, Array]
    source: str
    images: dict[str, Image]
    names: dict[str, tuple[str, ...]]
    labels: Array | None
    memory: int
    matrix: Array | None = None
    columns: dict[str, slice] | None = None

    @property
    def learned_from(self) -> Any:
        """What a model is fitted to."""
        return self.values if self.matrix is None else self.matrix

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(next(iter(self.values.values())))

    @property
    def widths(self) -> dict[str, int]:
        """Number of features of each modality."""
        return {name: int(one.shape[1]) for name, one in self.values.items()}

    def rows(self, which: Any) -> dict[str, Array]:
        """Return some samples, in memory."""
        return {name: np.array(one[which]) for name, one in self.values.items()}

    def blocks(self) -> Iterator[tuple[int, dict[str, Array]]]:
        """Yield samples block by block, each with the number of its first one."""
        size = max(1, min(self.n, self.memory // (8 * PART) // (8 * sum(self.widths.values()))))
        for first in range(0, self.n, size):
            yield first, self.rows(slice(first, first + size))


def prepared(data: LoadedModalities, images: Mapping[str, Image], memory: int) -> SensorSamples:
    """Return samples that can be fitted to, with the images that their features are.

    Raises
    ------
    DataError
        If an image has not as many pixels as there are features, or samples that are larger than memory have columns
        that no modality has.
    ParameterError
        If an image is of no modality.
    """
    unknown = [name for name in images if name not in data.values]
    if unknown:
        raise ParameterError(OWNER, "image", f"NAME=HxW of one of {', '.join(data.values)}", unknown[0])
    known = {name: Image(*shape) for name, shape in data.images.items() if shape and len(shape) == 2} | dict(images)
    for name, image in known.items():
        _check_image(data, name, image)
    large = isinstance(data.matrix, np.memmap) and data.matrix.size * 8 > memory // PART
    values = data.values if large else {name: np.array(one) for name, one in data.values.items()}
    for name, one in values.items():
        check_no_infinity(data.source, one, f" of {name}")
    if large:
        _check_all_columns(data)
    matrix, columns = (data.matrix, data.columns) if large else (None, None)
    return SensorSamples(values, data.source, known, data.names, data.labels, memory, matrix, columns)


def _check_image(data: LoadedModalities, name: str, image: Image) -> None:
    width = data.values[name].shape[1]
    if image.lines * image.cols != width:
        size = f"{image.lines}x{image.cols}"
        raise DataError(f"{data.source}: an image of {size} needs as many features of {name}, got {width}")


def _check_all_columns(data: LoadedModalities) -> None:
    """Raise `DataError` unless every column belongs to a modality, which those of a file on disk have to."""
    assert data.matrix is not None
    assert data.columns is not None
    taken = sum(place.stop - place.start for place in data.columns.values())
    if taken < data.matrix.shape[1]:
        raise DataError(
            f"{data.source}: every column must be of a modality where samples are larger than memory, got {taken} of "
            f"{data.matrix.shape[1]} (a larger --memory reads them all at once)"
        )
