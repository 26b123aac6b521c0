"""What a fitted classifier's file keeps beside the weights, as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from laconic.core.checks import DataError
from laconic.rnn.account import Account, KeptLayer, LayerAccount


def read_about(path: str | Path) -> dict[str, Any]:
    """Read what was given to `laconic.rnn.save_weights` as metadata, with no need of the model.

    Parameters
    ----------
    path : path
        With or without the ending .safetensors.

    Raises
    ------
    DataError
        If the file is missing, damaged, or not one of a classifier.
    """
    path = Path(path)
    file = path if path.suffix == ".safetensors" else path.with_name(path.name + ".safetensors")
    try:
        with safe_open(file, "pt") as opened:
            about: dict[str, Any] = json.loads(opened.metadata()["laconic"])["metadata"]["classifier"]
            return about
    except (OSError, SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise DataError(f"RNNClassifier.load: {file} does not hold a classifier of laconic ({error!r})") from error


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
