"""Checkpoints: everything a later process needs to end like an uninterrupted one, in one file.

A checkpoint is one safetensors file, replaced in one step after each epoch: the tensors are the module's, the
optimiser's, the averaged weights and the best weights so far; its metadata holds, as JSON, the history and the
identity of the run (settings, seed and digests of the data). Random choices, learning rate and masks are functions
of these. No pickle is read or written.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.optim import Optimizer

from laconic.core.checks import DataError
from laconic.core.files import atomic_write_bytes
from laconic.rnn.training.averaging import WeightAverage
from laconic.rnn.training.border import Callback, History, NeuralNetClassifier
from laconic.rnn.training.early_stopping import KeepBest
from laconic.rnn.training.settings import as_json

_NOT_OF_THE_RUN = {"checkpoint_dir", "resume", "on_epoch", "device", "random_state", "start", "teacher"}

_LATER = {"quantization": repr(0.0)}
"""Settings that earlier versions did not have, and what they did."""

_KEY = "laconic_checkpoint"


@dataclass(frozen=True)
class Checkpoint:
    """State of a run after some epoch.

    Attributes
    ----------
    identity : dict of str to str
        What makes this run this run: each setting as JSON, each data array as a digest.
    rows : list of dict
        The history, one row an epoch.
    groups : dict of str to dict of str to Tensor
        Tensors by name, in the groups "module", "optimizer", "average" and "best"; the last two may be empty.
    """

    identity: dict[str, str]
    rows: list[dict[str, Any]]
    groups: dict[str, dict[str, Tensor]] = field(repr=False)

    def write(self, path: Path) -> None:
        """Write the file in one step: a crash leaves the one before."""
        tensors = {
            f"{group}.{name}": value.detach().cpu().clone().contiguous()
            for group, values in self.groups.items()
            for name, value in values.items()
        }
        text = json.dumps({"format": 1, "identity": self.identity, "rows": self.rows})
        atomic_write_bytes(path, save(tensors, {_KEY: text}))

    @classmethod
    def read(cls, path: Path) -> "Checkpoint":
        """Read a file that `write` wrote.

        Raises
        ------
        DataError
            If the file is damaged or something else.
        """
        try:
            with safe_open(path, "pt") as file:
                about = json.loads((file.metadata() or {})[_KEY])
                tensors = {
                    name: file.get_tensor(name).clone()  # into memory of torch's: BLAS rounds by how it is aligned
                    for name in file.keys()  # noqa: SIM118  # no mapping
                }
        except (SafetensorError, KeyError, json.JSONDecodeError) as error:
            raise DataError(f"{path} is not a checkpoint of laconic, or it is damaged: {error}") from error
        groups: dict[str, dict[str, Tensor]] = {"module": {}, "optimizer": {}, "average": {}, "best": {}}
        for long_name, value in tensors.items():
            group, name = long_name.split(".", 1)
            groups[group][name] = value
        return cls(about["identity"], about["rows"], groups)

    def refuse_another_run(self, path: Path, identity: Mapping[str, str]) -> None:
        """Raise `DataError`, naming what differs, unless this checkpoint is one of the run `identity`."""
        before = {name: value for name, value in _LATER.items() if name in identity} | self.identity
        names = sorted(before.keys() | identity.keys())
        changes = [_change(name, before.get(name), identity.get(name)) for name in names]
        differences = [change for change in changes if change]
        if differences:
            raise DataError(
                f"{path} is a checkpoint of another run ({'; '.join(differences)}); "
                "fit with the same settings and data, or with resume=False to start anew"
            )


class SaveCheckpoint(Callback):
    """Write a checkpoint after each epoch.

    Parameters
    ----------
    path : Path
    identity : dict of str to str
    average : WeightAverage or None
    best : KeepBest or None
    """

    def __init__(
        self, path: Path, identity: dict[str, str], average: WeightAverage | None, best: KeepBest | None
    ) -> None:
        self.path = path
        self.identity = identity
        self.average = average
        self.best = best

    def on_epoch_end(self, net: NeuralNetClassifier, **kwargs: Any) -> None:
        """Collect the state and write it."""
        groups = {
            "module": net.module_.state_dict(),
            "optimizer": optimizer_tensors(net.optimizer_),
            "average": self.average.average_ if self.average else {},
            "best": self.best.weights_ if self.best else {},
        }
        Checkpoint(self.identity, net.history.to_list(), groups).write(self.path)


def restore(net: NeuralNetClassifier, saved: Checkpoint, average: WeightAverage | None, best: KeepBest | None) -> None:
    """Bring an initialised net, its average and its best weights to the state of a checkpoint."""
    net.module_.load_state_dict(saved.groups["module"])
    load_optimizer_tensors(net.optimizer_, saved.groups["optimizer"])
    net.history = History(saved.rows)
    if average:
        for name, value in average.average_.items():
            value.copy_(saved.groups["average"][name])
    if best:
        best.weights_ = saved.groups["best"]


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """Return an optimiser's state as flat names, ``<index of the weight>.<name>``."""
    state: dict[int, dict[str, Tensor]] = optimizer.state_dict()["state"]
    return {f"{index}.{name}": value for index, values in state.items() for name, value in values.items()}


def load_optimizer_tensors(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Undo `optimizer_tensors`."""
    state: dict[int, dict[str, Tensor]] = {}
    for long_name, value in tensors.items():
        index, name = long_name.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def digest(array: NDArray[Any]) -> str:
    """Return a short digest of an array's type, shape and values."""
    summary = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    values = array.astype(str) if array.dtype == object else array
    summary.update(np.ascontiguousarray(values).view(np.uint8).data)
    return summary.hexdigest()[:16]


def run_identity(settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], seed: int) -> dict[str, str]:
    """Return what must not change between the parts of a resumed run, as text: settings, seed and digests of data."""
    kept = {name: repr(as_json(value)) for name, value in settings.items() if name not in _NOT_OF_THE_RUN}
    return {**kept, **{f"data {name}": digest(array) for name, array in arrays.items()}, "seed": str(seed)}


def _change(name: str, before: str | None, now: str | None) -> str:
    """Say in a few words how a setting changed; nothing if it did not."""
    if before == now:
        return ""
    if name.startswith("data "):
        return f"{name.removeprefix('data ')} differs"
    return f"{name} was {before}, now {now}"
