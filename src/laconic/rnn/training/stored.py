"""A fitted classifier in a file, and in pickles."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import nn

from laconic.core.checks import DataError, check_finite
from laconic.rnn.account import Account
from laconic.rnn.serialize import load_weights, save_weights
from laconic.rnn.training import model_file
from laconic.rnn.training.architecture import Architecture
from laconic.rnn.training.net import SequenceNet, predicting_net
from laconic.rnn.training.records import EpochRecord
from laconic.rnn.training.settings import from_json, parameters_as_json

_INPUTS = ("_flat", "n_features_in_", "n_steps_in_")
_ARRAYS = ("classes_", "mean_", "scale_", "feature_names_in_")


class StoredClassifier(BaseEstimator):
    """What a classifier needs to be written and read again; its parameters are all in its constructor."""

    account_: Account | None
    architecture_: Architecture
    device: str
    history_: list[EpochRecord]
    net_: SequenceNet

    @property
    def module_(self) -> nn.Module:
        """The trained network."""
        check_is_fitted(self)
        module: nn.Module = self.net_.module_
        return module

    def save(self, path: str | Path) -> None:
        """Write the fitted classifier to PATH.safetensors, and what is not numbers to PATH.json too.

        Parameters
        ----------
        path : path
            With or without the ending .safetensors; its folder must be there. `on_epoch`, and a `random_state` that
            is not a number, are left out.
        """
        check_is_fitted(self)
        about = {
            "parameters": parameters_as_json(self.get_params(deep=False)),
            "architecture": asdict(self.architecture_),
            "account": model_file.account_as_json(self.account_),
            "arrays": {name: model_file.array_as_json(getattr(self, name)) for name in _ARRAYS if hasattr(self, name)},
            "inputs": {name: getattr(self, name) for name in _INPUTS},
            "history": [vars(record) for record in self.history_],
        }
        save_weights(self.module_, path, {"classifier": about})

    @classmethod
    def load(cls, path: str | Path, device: str = "cpu") -> Self:
        """Read a fitted classifier that `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : path
            With or without the ending .safetensors.
        device : str, default="cpu"
            Where to predict from now on, whatever the classifier was trained on.

        Raises
        ------
        DataError
            If the file is missing, damaged or something else.
        """
        about = model_file.read_about(path)
        with model_file.reading(path):
            classifier = cls(**{name: from_json(value) for name, value in about["parameters"].items()})
            classifier.device = device
            classifier._take(about)
            module = classifier.architecture_.build()
            load_weights(module, path)
        classifier.net_ = predicting_net(module.eval(), classifier.device)
        return classifier

    def _take(self, about: Mapping[str, Any]) -> None:
        """Take the fitted attributes out of a file, known ones alone, or raise."""
        self.architecture_ = Architecture(**about["architecture"])
        self.architecture_.check()
        self.account_ = model_file.account_from_json(about["account"])
        self.history_ = [EpochRecord(**record) for record in about["history"]]
        arrays = {name: model_file.array_from_json(value) for name, value in about["arrays"].items()}
        for name, value in {**about["inputs"], **arrays}.items():
            if name not in _INPUTS + _ARRAYS:
                raise DataError(f"an attribute {name[:80]!r}")
            setattr(self, name, value)
        _check_arrays(self.architecture_, arrays)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the skorch net out, which is made again around the module."""
        state: dict[str, Any] = super().__getstate__()
        return {**state, "net_": self.module_} if "net_" in state else state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "net_" in state:
            self.net_ = predicting_net(state["net_"], self.device)


def _check_arrays(architecture: Architecture, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise unless classes and scales are as many as the network's sizes say, and scales can be divided by."""
    if len(arrays["classes_"]) != architecture.n_classes:
        raise DataError(f"{len(arrays['classes_'])} classes for {architecture.n_classes} outputs")
    for name in ("mean_", "scale_"):
        if arrays[name].shape != (architecture.n_features,) or arrays[name].dtype.kind != "f":
            raise DataError(f"{name} of shape {arrays[name].shape} for {architecture.n_features} features")
        check_finite("RNNClassifier", name, arrays[name])
    if not (arrays["scale_"] > 0).all():
        raise DataError("scale_ must be above zero")
