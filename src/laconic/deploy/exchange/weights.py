"""The whole matrices of a recurrence: in the file, or made of the structure's factors when the file is loaded."""

from dataclasses import replace
from math import prod

import numpy as np

from laconic.deploy.exchange.draft import Array, Draft, Rows
from laconic.deploy.exchange.products import product
from laconic.deploy.exchange.standard import Directions
from laconic.deploy.recurrence import Recurrence
from laconic.structured import DenseMatrix, StructuredMatrix


def dense_halves(recurrence: Recurrence) -> tuple[Array, Array]:
    """Return W (rows, inputs) and U (rows, H)."""
    whole = np.concatenate([matrix.dense() for matrix in recurrence.matrices], axis=1)
    return whole[:, : recurrence.n_inputs], whole[:, recurrence.n_inputs :]


def materialised(directions: Directions, gates: tuple[int, ...], draft: Draft) -> tuple[str, str]:
    """Return the names of W and U of some directions, numbers in the file, their gates in this order."""
    by_input, by_state = zip(*(dense_halves(direction) for direction in directions), strict=True)
    first, second = (np.stack([_ordered(half, gates) for half in halves]) for halves in (by_input, by_state))
    return draft.constant(first), draft.constant(second)


def _ordered(rows: Array, gates: tuple[int, ...]) -> Array:
    return np.concatenate([np.split(rows, len(gates))[gate] for gate in gates])


def expanded(directions: Directions, gates: tuple[int, ...], draft: Draft) -> tuple[str, str]:
    """Return the names of W and U as `materialised` does, made of factors; what has no fewer numbers is in the file."""
    if not any(_is_smaller(matrix) for direction in directions for matrix in direction.matrices):
        return materialised(directions, gates, draft)
    by_input, by_state = zip(*(_made(direction, gates, draft) for direction in directions), strict=True)
    return draft.joined(list(by_input), axis=0), draft.joined(list(by_state), axis=0)


def _is_smaller(matrix: StructuredMatrix) -> bool:
    return matrix.n_parameters < prod(matrix.shape)


def _made(direction: Recurrence, gates: tuple[int, ...], draft: Draft) -> tuple[str, str]:
    """Multiply unit vectors, put the gates in order, cut W from U."""
    columns = draft.joined([_transposed(matrix, draft) for matrix in direction.matrices], axis=0)
    apart = draft.reshaped(Rows(columns, 1), len(gates), direction.n_units)
    ordered = draft.reshaped(Rows(draft.op("Gather", apart, draft.whole(*gates), axis=1), 1), -1)
    whole = draft.op("Unsqueeze", draft.op("Transpose", ordered), draft.whole(0))
    first, second = draft.split(whole, direction.n_inputs, direction.n_units)
    return first, second


def _transposed(matrix: StructuredMatrix, draft: Draft) -> str:
    n = matrix.shape[1]
    unit = draft.op("EyeLike", draft.op("ConstantOfShape", draft.whole(n, n)))
    return product(matrix, draft, Rows(unit, 1))


def as_dense(recurrence: Recurrence) -> Recurrence:
    """Return the same recurrence with W and U as whole matrices."""
    by_input, by_state = (DenseMatrix(half) for half in dense_halves(recurrence))
    return replace(recurrence, matrices=(by_input, by_state))
