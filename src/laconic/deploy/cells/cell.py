"""The protocol of a recurrent cell."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Cell(ABC):
    """How one step of a recurrent layer makes its next state from what drives its gates."""

    name: ClassVar[str]
    """Name in graphs, files and C functions."""

    n_gates: ClassVar[int]
    """Blocks of H rows in the matrices [W U]."""

    n_states: ClassVar[int] = 1
    """Vectors of H numbers carried from step to step; the first one is the output."""

    n_apart: ClassVar[int] = 0
    """Gates, the last ones, that need W x and U h apart."""

    n_biases: ClassVar[int]
    """Vectors of H numbers in the bias; the first ones belong to the gates, in order."""

    bounded: ClassVar[bool] = False
    """Whether its output lies between -1 and 1 whatever its nonlinearity."""

    scalars: ClassVar[tuple[str, ...]] = ()
    """Names of learned scalars, in the order in which C takes them."""

    @abstractmethod
    def step(
        self, driven: Array, apart: Array, bias: Array, scalars: Mapping[str, float], states: tuple[Array, ...]
    ) -> tuple[Array, ...]:
        """Return the next states.

        Parameters
        ----------
        driven : ndarray (n, n_gates H)
            ``W x + U h`` of each gate; W x alone for gates apart.
        apart : ndarray (n, n_apart H)
            U h of the gates apart.
        bias : ndarray (n_biases, H)
        scalars : mapping of str to float
        states : tuple of ndarray (n, H)
        """


def gates(driven: Array, n: int) -> list[Array]:
    """Split (n_samples, n H) into its n gates."""
    return np.split(driven, n, axis=1)


def sigmoid(x: Array) -> Array:
    """Return the logistic function, without overflow."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


def squash(x: Array, scalars: Mapping[str, float]) -> Array:
    """Return the layer's nonlinearity: tanh, or relu."""
    return np.maximum(x, 0) if scalars["relu"] else np.tanh(x)
