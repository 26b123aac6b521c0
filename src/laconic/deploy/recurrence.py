"""One direction of a recurrent layer, and what it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import DataError, ParameterError, check_choice
from laconic.deploy.cells import CELLS, Cell
from laconic.structured import StructuredMatrix

Array = NDArray[Any]


@dataclass(frozen=True)
class Recurrence:
    """One direction of a recurrent layer.

    Attributes
    ----------
    cell : str
        Name among `laconic.deploy.cells.CELLS`.
    matrices : tuple of StructuredMatrix
        One of shape (n_gates H, inputs + H) that stands for [W U], or two: W (n_gates H, inputs), U (n_gates H, H).
    bias : ndarray (n_biases, H)
        As the cell orders them.
    scalars : mapping of str to float
        What else the cell has learned.
    reverse : bool
        Whether it reads the sequence from its end.

    Raises
    ------
    ParameterError
        If there is no such cell, or it has other scalars.
    DataError
        If matrices and biases do not fit the cell and each other.
    """

    cell: str
    matrices: tuple[StructuredMatrix, ...]
    bias: Array
    scalars: Mapping[str, float] = field(default_factory=dict)
    reverse: bool = False

    def __post_init__(self) -> None:
        check_choice("Recurrence", "cell", self.cell, CELLS)
        if set(self.scalars) != set(self.rule.scalars):
            raise ParameterError("Recurrence", "scalars", f"those of {self.cell}: {self.rule.scalars}", self.scalars)
        shapes = [matrix.shape for matrix in self.matrices]
        if not _fit(shapes, self.rule.n_gates):
            words = f"[W U], or W and U, of {self.rule.n_gates} gates"
            raise DataError(f"Recurrence: matrices of {self.cell} must be {words}, got shapes {shapes}")
        if np.shape(self.bias) != (wanted := (self.rule.n_biases, self.n_units)):
            raise DataError(f"Recurrence: bias must have shape {wanted}, got {np.shape(self.bias)}")

    @property
    def rule(self) -> Cell:
        """The cell."""
        return CELLS[self.cell]

    @property
    def n_units(self) -> int:
        """Width H of the state."""
        return self.matrices[0].shape[0] // self.rule.n_gates

    @property
    def n_inputs(self) -> int:
        """Features of one step."""
        return sum(matrix.shape[1] for matrix in self.matrices) - self.n_units

    def run(self, x: Array) -> Array:
        """Return the outputs (n, steps, H) on sequences (n, steps, inputs), each at its own step, from a state of zero.

        Written for clarity: the reference that what is deployed is compared with.
        """
        states: tuple[Array, ...] = (np.zeros((len(x), self.n_units), x.dtype),) * self.rule.n_states
        outputs = np.empty((*x.shape[:2], self.n_units), x.dtype)
        steps = range(x.shape[1])
        for t in reversed(steps) if self.reverse else steps:
            driven, apart = self._driven(x[:, t], states[0])
            states = self.rule.step(driven, apart, self.bias, self.scalars, states)
            outputs[:, t] = states[0]
        return outputs

    def _driven(self, x: Array, h: Array) -> tuple[Array, Array]:
        """Return W x + U h, but W x alone for the gates apart, and U h of those."""
        by_input, by_state = self._products(x, h)
        together = by_input.shape[1] - self.rule.n_apart * self.n_units
        by_input[:, :together] += by_state[:, :together]
        return by_input, by_state[:, together:]

    def _products(self, x: Array, h: Array) -> tuple[Array, Array]:
        if len(self.matrices) == 2:
            return _times(self.matrices[0], x), _times(self.matrices[1], h)
        nothing = np.zeros_like
        by_input = _times(self.matrices[0], np.concatenate([x, nothing(h)], axis=1))
        return by_input, _times(self.matrices[0], np.concatenate([nothing(x), h], axis=1))


def _fit(shapes: Sequence[tuple[int, int]], n_gates: int) -> bool:
    """Tell whether matrices are [W U] with one input or more, or W and U, with so many gates of rows."""
    if len(shapes) not in (1, 2) or any(rows != shapes[0][0] for rows, _ in shapes):
        return False
    units, rest = divmod(shapes[0][0], n_gates)
    return not rest and (shapes[1][1] == units if len(shapes) == 2 else shapes[0][1] > units)


def _times(matrix: StructuredMatrix, x: Array) -> Array:
    """Return the matrix times each row of x (n, columns), as rows."""
    product: Array = matrix.matmul(x.T).T
    return product
