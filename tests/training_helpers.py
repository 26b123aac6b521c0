"""Small data and a small classifier that the tests of training share."""

from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from laconic.rnn import RNNClassifier


def two_classes(n: int = 60, n_steps: int = 6, n_features: int = 2, seed: int = 0) -> tuple[Any, NDArray[np.int64]]:
    """Sequences whose class is the sign of the first feature's mean."""
    x = np.random.default_rng(seed).normal(size=(n, n_steps, n_features)).astype(np.float32)
    return x, (x[:, :, 0].mean(axis=1) > 0).astype(np.int64)


def small(**settings: Any) -> RNNClassifier:
    """A classifier that trains in a moment."""
    return RNNClassifier(**{"hidden_size": 4, "max_epochs": 3, "batch_size": 16, "random_state": 0, **settings})


def fit_and_tell(settings: dict[str, Any], connection: Connection) -> None:
    """Fit in a process of its own, and send the number of each epoch that is done."""
    torch.set_num_threads(1)
    small(**settings, on_epoch=lambda record: connection.send(record.epoch)).fit(
        *two_classes(400, 8), *two_classes(40, 8, seed=1)
    )
