"""The protocol of couplings between modalities."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from laconic.core.checks import DataError, ParameterError
from laconic.sbl.coupling.links import Links


class ModalCoupling(Protocol):
    """How the atoms of several modalities share scales: a value."""

    def links(self, n_atoms: tuple[int, ...]) -> Links:
        """Return the maps for so many atoms in each modality.

        Raises
        ------
        ParameterError, DataError
            If this coupling cannot be one of them.
        """
        ...


def shares(n_atoms: int, n_scales: int) -> "np.ndarray[Any, Any]":
    """Return a scale for each atom, as evenly as can be and in order."""
    return np.arange(n_atoms) * n_scales // n_atoms


def indicator(places: "np.ndarray[Any, Any]", n_columns: int) -> "np.ndarray[Any, Any]":
    """Return the matrix whose row i has a 1 at places[i]."""
    table: np.ndarray[Any, Any] = np.equal.outer(places, np.arange(n_columns)).astype(np.float64)
    return table


def check_length(owner: str, parameter: str, given: Any, n: int, what: str) -> None:
    """Raise `ParameterError` unless there are n sequences."""
    if not hasattr(given, "__len__") or len(given) != n:
        raise ParameterError(owner, parameter, f"{n} sequences, one for each {what}", given)


def whole_numbers(owner: str, parameter: str, given: Sequence[int], n: int) -> "np.ndarray[Any, Any]":
    """Return n whole numbers of at least 0 as an array."""
    values = np.asarray(given)
    if values.shape != (n,) or values.dtype.kind not in "iu":
        raise ParameterError(owner, parameter, f"{n} whole numbers, one for each atom", given)
    if values.min() < 0:
        raise DataError(f"{owner}: {parameter} must be at least 0, got {values.min()}")
    checked: np.ndarray[Any, Any] = values
    return checked
