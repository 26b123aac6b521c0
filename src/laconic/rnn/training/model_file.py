"""What a fitted classifier's file keeps beside the weights, as JSON."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError
from laconic.rnn.account import Account, KeptLayer, LayerAccount
from laconic.rnn.serialize import read_metadata, weights_file

_MOST_BYTES = 2**26
_TYPES = re.compile(r"object|[<>|][biuf]\d{1,2}|[<>|]U\d{1,6}|[<>][mM]8\[[a-zA-Z]{1,2}\]")


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turn whatever comes of a file that is damaged, or was tampered with, into a `DataError` that names it."""
    try:
        yield
    except Exception as error:
        file, why = weights_file(path), str(error) or type(error).__name__
        raise DataError(f"RNNClassifier.load: {file} does not hold a classifier of laconic ({why})") from error


def read_about(path: str | Path) -> dict[str, Any]:
    """Read what a classifier's `save` kept beside the weights.

    Parameters
    ----------
    path : path
        With or without the ending .safetensors.

    Raises
    ------
    DataError
        If the file is missing, damaged, or not one of a classifier.
    """
    with reading(path):
        return dict(read_metadata(path)["classifier"])


def array_as_json(array: NDArray[Any]) -> dict[str, Any]:
    """Return an array with its type, each value exactly."""
    return {"dtype": "object" if array.dtype == object else array.dtype.str, "values": array.tolist()}


def array_from_json(about: Mapping[str, Any]) -> NDArray[Any]:
    """Undo `array_as_json`; no more than a vector of plain values is made.

    Raises
    ------
    DataError
        If it is something else, or larger than any that is needed.
    """
    name, values = about["dtype"], about["values"]
    if not _TYPES.fullmatch(name) or not all(isinstance(value, (str, int, float)) for value in values):
        raise DataError(f"an array of type {name[:80]!r}, or not of plain values")
    if (size := np.dtype(name).itemsize * len(values)) > _MOST_BYTES:
        raise DataError(f"an array of {size} bytes")
    with np.errstate(over="ignore"):  # what is infinite then is refused where it matters
        return np.array(values, dtype=np.dtype(name))


def account_as_json(account: Account | None) -> dict[str, Any] | None:
    """Return an account's fields."""
    return asdict(account) if account else None


def account_from_json(about: Mapping[str, Any] | None) -> Account | None:
    """Undo `account_as_json`."""
    if about is None:
        return None
    layers = tuple(LayerAccount(**layer) for layer in about["layers"])
    return Account(about["method"], layers, tuple(KeptLayer(**layer) for layer in about["kept"]))
