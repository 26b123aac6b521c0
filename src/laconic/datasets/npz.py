"""A user's own labelled sequences, from one .npz file; nothing in the file is ever unpickled."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from laconic.core.checks import DataError, check_finite
from laconic.datasets.archive import BROKEN, member, why
from laconic.datasets.labels import Labels, check_labels, class_names, encode
from laconic.datasets.sequence import SequenceData
from laconic.datasets.split import stratified_split

_WANTED = ("x_train", "y_train", "x_test", "y_test", "classes")


def load_npz(path: str | Path, *, test_fraction: float = 0.2, seed: int = 0) -> SequenceData:
    """Return the labelled sequences of an .npz file.

    Parameters
    ----------
    path : str or Path
        File with the arrays

        - `x_train`, shape (n, n_steps, n_features), or (n, n_steps) for one feature a step. uint8 is taken
          as pixels and scaled by 1/255; other real numbers are cast to float32 as they are;
        - `y_train`, shape (n,): integers or strings;
        - optionally both `x_test` and `y_test`, alike; without them a stratified part of the training data is
          set aside;
        - optionally `classes`: names of the labels, in ascending order of the numbers in `y_train`.

        Other arrays are ignored.
    test_fraction : float, default 0.2
        Share of the samples to test on, where the file has no test part.
    seed : int, default 0
        Seed of that split.

    Returns
    -------
    SequenceData
        Its `split` says where the test part comes from.

    Raises
    ------
    DataError
        If the file or an array in it cannot be used; one sentence names the file, the array, what is allowed
        and what was found.
    ParameterError
        If `test_fraction` or `seed` is out of range and a split is needed.
    """
    path = Path(path)
    arrays = _read(path)
    source = path.name
    y_train, y_test, names = _labels(source, arrays)
    x_train, x_test = arrays["x_train"], arrays.get("x_test")
    split = "x_test, y_test as given"
    if x_test is None or y_test is None:
        if x_train.dtype.kind == "f":
            check_finite(source, "x_train", x_train)  # here, where an index is still one of the file
        train, test = stratified_split(y_train, test_fraction, seed, owner="load_npz", source=source)
        split = f"stratified {100 * test_fraction:.4g} % of x_train, seed {seed}"
        x_train, x_test, y_train, y_test = x_train[train], x_train[test], y_train[train], y_train[test]
    _check_alike(source, x_train, x_test)
    x_train, x_test = _as_sequences(source, "x_train", x_train), _as_sequences(source, "x_test", x_test)
    return SequenceData(source, x_train, y_train, x_test, y_test, names, split)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays that matter, or raise a `DataError` that says what is wrong with the file."""
    try:
        with path.open("rb") as handle:
            return _members(path, np.load(handle, allow_pickle=False))
    except DataError:
        raise
    except BROKEN as error:
        raise DataError(f"{path}: must be an .npz file, but it cannot be read ({why(error)})") from error


def _members(path: Path, file: object) -> dict[str, NDArray[Any]]:
    if not isinstance(file, NpzFile):
        raise DataError(f"{path}: must be an .npz file with x_train and y_train, got a single array (.npy)")
    _check_names(path.name, file.files)
    return {name: member(path.name, file, name) for name in _WANTED if name in file.files}


def _check_names(source: str, names: list[str]) -> None:
    found = ", ".join(names[:10]) or "no arrays"
    for name in ("x_train", "y_train"):
        if name not in names:
            raise DataError(f"{source}: the array {name} is missing, the file holds {found}")
    if ("x_test" in names) != ("y_test" in names):
        raise DataError(f"{source}: x_test and y_test must both be there or neither, the file holds {found}")


def _labels(source: str, arrays: dict[str, NDArray[Any]]) -> tuple[Labels, Labels | None, tuple[str, ...]]:
    """Check samples and labels of both parts; return the labels as indices, and the names of the classes."""
    parts = [part for part in ("train", "test") if f"x_{part}" in arrays]
    labels = {part: check_labels(source, f"y_{part}", arrays[f"y_{part}"]) for part in parts}
    for part in parts:
        _check_sequences(source, part, arrays)
    y_train, y_test, values = encode(source, labels["train"], labels.get("test"))
    return y_train, y_test, class_names(source, values, arrays.get("classes"))


def _check_sequences(source: str, part: str, arrays: dict[str, NDArray[Any]]) -> None:
    """Raise unless x is real, has two or three axes, none of them empty, and as many samples as y."""
    x, y, name = arrays[f"x_{part}"], arrays[f"y_{part}"], f"x_{part}"
    if x.dtype.kind not in "biuf":
        raise DataError(f"{source}: {name} must hold real numbers, got {x.dtype}")
    if x.ndim not in (2, 3):
        raise DataError(f"{source}: {name} must have shape (n, steps, features) or (n, steps), got shape {x.shape}")
    if x.size == 0:
        raise DataError(f"{source}: {name} must not be empty, got shape {x.shape}")
    if len(x) != len(y):
        raise DataError(
            f"{source}: {name} and y_{part} must have the same number of samples, got {len(x)} and {len(y)}"
        )


def _check_alike(source: str, x_train: NDArray[Any], x_test: NDArray[Any]) -> None:
    if x_train.shape[1:] != x_test.shape[1:]:
        raise DataError(
            f"{source}: x_test must have the steps and features of x_train, {x_train.shape[1:]}, got {x_test.shape[1:]}"
        )
    if (x_train.dtype == np.uint8) != (x_test.dtype == np.uint8):
        raise DataError(
            f"{source}: x_train and x_test must both be uint8 (then scaled by 1/255) or neither, "
            f"got {x_train.dtype} and {x_test.dtype}"
        )


def _as_sequences(source: str, name: str, x: NDArray[Any]) -> NDArray[np.float32]:
    """Return shape (n, steps, features) in float32, with one new array at most."""
    if x.dtype == np.uint8:
        values: NDArray[np.float32] = np.divide(x, np.float32(255), dtype=np.float32)
    else:
        with np.errstate(over="ignore"):
            values = x.astype(np.float32, copy=False)
        check_finite(source, f"{name} as float32", values)
    return values[..., np.newaxis] if values.ndim == 2 else values
