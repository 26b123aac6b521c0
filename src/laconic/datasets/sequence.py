"""The record in which every data set of labelled sequences is handed over."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class SequenceData:
    """Labelled sequences of one length, in a training and a test part.

    Parameters
    ----------
    name : str
        What to call the data in a report, such as a file's name.
    x_train : ndarray of float32, shape (n_train, n_steps, n_features)
        Training sequences, all values finite.
    y_train : ndarray of int64, shape (n_train,)
        Training labels as indices into `classes`; every class occurs.
    x_test : ndarray of float32, shape (n_test, n_steps, n_features)
        Test sequences.
    y_test : ndarray of int64, shape (n_test,)
        Test labels as indices into `classes`.
    classes : tuple of str, length n_classes
        Names of the classes, in ascending order of the labels they came from.
    split : str
        Where the test part comes from, in words.
    """

    name: str
    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    classes: tuple[str, ...]
    split: str

    @property
    def n_steps(self) -> int:
        """Number of steps of each sequence."""
        return int(self.x_train.shape[1])

    @property
    def n_features(self) -> int:
        """Number of features at each step."""
        return int(self.x_train.shape[2])

    def describe(self) -> dict[str, Any]:
        """Return name, sizes, classes and split as plain values that JSON can hold."""
        return {
            "name": self.name,
            "n_train": len(self.y_train),
            "n_test": len(self.y_test),
            "n_steps": self.n_steps,
            "n_features": self.n_features,
            "classes": list(self.classes),
            "split": self.split,
        }
