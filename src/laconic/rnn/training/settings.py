"""Settings of `RNNClassifier`: what each may be, as data, and how they are written as JSON."""

import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from laconic.core.checks import ParameterError, check_choice, check_interval, check_positive_int
from laconic.rnn.network import CELLS
from laconic.rnn.training.augmentation import AUGMENTATIONS
from laconic.rnn.training.optimizers import OPTIMIZERS
from laconic.rnn.training.schedule import SCHEDULES

_OWNER = "RNNClassifier"
_WHOLE = ("hidden_size", "n_layers", "max_epochs", "batch_size", "patience")
_FLAGS = ("bidirectional", "early_stopping", "resume")
_CHOICES: dict[str, Collection[object]] = {
    "cell": CELLS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "standardize": (True, False, "auto"),
    "augment": (None, *AUGMENTATIONS),
}
_INTERVALS = {
    "warmup": (0.0, 1.0, "left"),
    "weight_decay": (0.0, math.inf, "left"),
    "label_smoothing": (0.0, 1.0, "left"),
    "validation_fraction": (0.0, 1.0, "neither"),
    "distillation": (0.0, 1.0, "right"),
    "quantization": (0.0, 1.0, "both"),
    "temperature": (0.0, math.inf, "neither"),
}
_INTERVALS_OR_NONE = {
    "learning_rate": (0.0, math.inf, "neither"),
    "forget_bias": (-math.inf, math.inf, "neither"),
    "gradient_clip": (0.0, math.inf, "neither"),
    "averaging": (0.0, 1.0, "neither"),
}


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise `ParameterError` unless each setting is allowed; `compress` checks those it takes itself."""
    for name in _WHOLE:
        check_positive_int(_OWNER, name, settings[name])
    for name in _FLAGS:
        _check(name, settings[name], "True or False", lambda value: isinstance(value, (bool, np.bool_)))
    for name, allowed in _CHOICES.items():
        check_choice(_OWNER, name, settings[name], allowed)
    for name, (low, high, closed) in _INTERVALS.items():
        check_interval(_OWNER, name, settings[name], low, high, closed=closed)
    for name, (low, high, closed) in _INTERVALS_OR_NONE.items():
        if settings[name] is not None and (name, settings[name]) != ("forget_bias", "auto"):
            check_interval(_OWNER, name, settings[name], low, high, closed=closed)
    _check("device", settings["device"], "a device that torch finds here, such as 'cpu'", _is_device)
    _check("on_epoch", settings["on_epoch"], "a callable or None", lambda value: value is None or callable(value))
    _check("class_weight", settings["class_weight"], "None, 'balanced' or a dict", _is_class_weight)
    for name in ("start", "teacher"):
        _check(name, settings[name], "the path of a saved classifier, or None", _is_path_or_none)
    _check("checkpoint_dir", settings["checkpoint_dir"], "a path or None", _is_path_or_none)
    if settings["budget"] is not None and settings["method"] is None:
        raise ParameterError(_OWNER, "budget", "None where method=None", settings["budget"])
    if settings["resume"] and settings["checkpoint_dir"] is None:
        raise ParameterError(_OWNER, "checkpoint_dir", "a folder where resume=True", None)


def parameters_as_json(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a classifier's parameters as JSON can hold them.

    Left out are what belongs to one run (where its checkpoint is, whether to resume, a callback) and a generator.
    """
    kept = {name: value for name, value in parameters.items() if name not in ("on_epoch", "checkpoint_dir", "resume")}
    return {name: as_json(value) for name, value in kept.items() if not isinstance(value, np.random.RandomState)}


def as_json(value: Any) -> Any:
    """Return a setting as JSON can hold it, keeping tuples apart from lists and the types of a dict's keys."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {"dict": [[as_json(key), as_json(item)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [as_json(item) for item in value]}
    if isinstance(value, (list, np.ndarray)):
        return [as_json(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def from_json(value: Any) -> Any:
    """Undo `as_json`."""
    if isinstance(value, dict):
        items = value.get("tuple")
        if items is not None:
            return tuple(from_json(item) for item in items)
        return {from_json(key): from_json(item) for key, item in value["dict"]}
    return [from_json(item) for item in value] if isinstance(value, list) else value


def _check(name: str, value: object, allowed: str, is_allowed: Callable[[Any], bool]) -> None:
    if not is_allowed(value):
        raise ParameterError(_OWNER, name, allowed, value)


def _is_device(value: object) -> bool:
    """Tell whether torch knows the device and this machine has it."""
    try:
        return isinstance(value, str) and torch.empty(0, device=value).numel() == 0
    except (RuntimeError, AssertionError):
        return False


def _is_class_weight(value: object) -> bool:
    return value is None or isinstance(value, Mapping) or (isinstance(value, str) and value == "balanced")


def _is_path_or_none(value: object) -> bool:
    return value is None or isinstance(value, (str, Path))
