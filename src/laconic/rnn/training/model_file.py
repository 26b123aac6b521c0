"""What a fitted classifier's file keeps beside the weights, as JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError
from laconic.rnn.account import Account, KeptLayer, LayerAccount
from laconic.rnn.serialize import read_metadata, weights_file


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
    try:
        about: dict[str, Any] = read_metadata(path)["classifier"]
        return about
    except (DataError, KeyError) as error:
        file = weights_file(path)
        raise DataError(f"RNNClassifier.load: {file} does not hold a classifier of laconic ({error})") from error


def array_as_json(array: NDArray[Any]) -> dict[str, Any]:
    """Return an array with its type, each value exactly."""
    return {"dtype": "object" if array.dtype == object else array.dtype.str, "values": array.tolist()}


def array_from_json(about: Mapping[str, Any]) -> NDArray[Any]:
    """Undo `array_as_json`."""
    return np.array(about["values"], dtype=np.dtype(about["dtype"]))


def account_as_json(account: Account | None) -> dict[str, Any] | None:
    """Return an account's fields."""
    return asdict(account) if account else None


def account_from_json(about: Mapping[str, Any] | None) -> Account | None:
    """Undo `account_as_json`."""
    if about is None:
        return None
    layers = tuple(LayerAccount(**layer) for layer in about["layers"])
    return Account(about["method"], layers, tuple(KeptLayer(**layer) for layer in about["kept"]))
