"""Small data and a small classifier that the tests of training share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.rnn import RNNClassifier


def two_classes(n: int = 60, n_steps: int = 6, n_features: int = 2, seed: int = 0) -> tuple[Any, NDArray[np.int64]]:
    """Sequences whose class is the sign of the first feature's mean."""
    x = np.random.default_rng(seed).normal(size=(n, n_steps, n_features)).astype(np.float32)
    return x, (x[:, :, 0].mean(axis=1) > 0).astype(np.int64)


def small(**settings: Any) -> RNNClassifier:
    """A classifier that trains in a moment."""
    return RNNClassifier(**{"hidden_size": 4, "max_epochs": 3, "batch_size": 16, "random_state": 0, **settings})
