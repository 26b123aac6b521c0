"""Handwritten digits as they are published, turned into the arrays of an .npz file."""

import bz2
import gzip
import io
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_svmlight_file

from laconic.core.checks import DataError

Arrays = dict[str, NDArray[Any]]
NAMES = ("x_train", "y_train", "x_test", "y_test")


def mnist_arrays(paths: list[Path]) -> Arrays:
    """Return images and labels of MNIST's four files, in the order of `NAMES`."""
    return {name: _idx(path) for name, path in zip(NAMES, paths, strict=True)}


def _idx(path: Path) -> NDArray[np.uint8]:
    """Return the array of a gzipped IDX file of bytes: two zeros, the type, the number of axes, sizes, values."""
    with gzip.open(path) as file:
        content = file.read()
    n_axes = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    first = 4 + 4 * n_axes
    sizes = content[4:first]
    shape = tuple(int(size) for size in np.frombuffer(sizes, ">u4")) if n_axes and len(sizes) == 4 * n_axes else ()
    if not shape or len(content) != first + prod(shape):
        raise DataError(f"{path.name}: must be an IDX file of bytes")
    return np.frombuffer(content, np.uint8, offset=first).reshape(shape)


def usps_arrays(paths: list[Path]) -> Arrays:
    """Return images and labels of USPS's two files, in LIBSVM's format: pixels in [-1, 1], classes 1 to 10."""
    pairs = [_libsvm(path) for path in paths]
    return dict(zip(NAMES, [one for pair in pairs for one in pair], strict=True))


def _libsvm(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    with bz2.open(path) as file:
        X, y = load_svmlight_file(io.BytesIO(file.read()), n_features=256)
    pixels = np.rint((X.toarray() + 1) * 127.5).clip(0, 255).astype(np.uint8)
    return pixels.reshape(-1, 16, 16), (y - 1).astype(np.uint8)
