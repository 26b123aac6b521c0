"""The M-step of a dictionary: least squares with the statistics of its modality, then rows of length one."""

from typing import Any

import numpy as np

from laconic.core.arrays import to_numpy
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.statistics import ModalitySums, Sums

Floats = np.ndarray[Any, Any]

RIDGE = 1e-10
"""Share of the mean second moment that keeps the system solvable."""


def improved(model: Model, sums: Sums) -> Model:
    """Return the model with dictionaries that explain the samples better, given the codes' moments."""
    parts = zip(model.layout.parts, model.atoms, sums.each, strict=True)
    return model.with_atoms([_like(better(to_numpy(a), s, part.n_signal), a) for part, a, s in parts])


def _like(atoms: Floats, like: Any) -> Any:
    return atoms.astype(to_numpy(like).dtype)


def better(atoms: Floats, sums: ModalitySums, n_signal: int) -> Floats:
    """Return atoms with a higher expected log-likelihood under these statistics, or as high a one.

    Least squares with rows brought to length one afterwards go further than steps that keep the length, but may fall
    behind where the lengths matter; then one round of such steps is taken.
    """
    atoms = atoms.astype(np.float64)
    found = unit_rows(_least_squares(atoms, sums), n_signal, atoms)
    if gain(found, sums) >= gain(atoms, sums):
        return found
    return coordinate_round(atoms, sums.second, sums.cross, n_signal)


def gain(atoms: Floats, sums: ModalitySums) -> float:
    """Return the expected log-likelihood as far as it depends on the atoms, times the noise."""
    return float(np.sum(sums.cross * atoms) - np.sum(sums.second * (atoms @ atoms.T)) / 2)


def _least_squares(atoms: Floats, sums: ModalitySums) -> Floats:
    diagonal = np.diagonal(sums.second)
    used = diagonal > 1e-12 * max(float(diagonal.max(initial=0.0)), 1e-300)
    found = atoms.copy()
    if used.any():
        second = sums.second[np.ix_(used, used)]
        ridge = RIDGE * float(np.trace(second)) / len(second)
        found[used] = np.linalg.solve(second + ridge * np.eye(len(second)), sums.cross[used])
    return found


def unit_rows(rows: Floats, n_signal: int, otherwise: Floats) -> Floats:
    """Return rows whose first entries have length one; one that has none there is replaced."""
    lengths = np.linalg.norm(rows[:, :n_signal], axis=1)
    fine = np.isfinite(lengths) & (lengths > 1e-150)
    return np.where(fine[:, None], rows / np.where(fine, lengths, 1.0)[:, None], otherwise)


def coordinate_round(atoms: Floats, second: Floats, cross: Floats, n_signal: int) -> Floats:
    """Return atoms after each has been set to the best one of its length, the others as they are."""
    atoms = atoms.copy()
    for m in np.flatnonzero(np.diagonal(second) > 0):
        pull = cross[m] - second[m] @ atoms + second[m, m] * atoms[m]
        length = float(np.linalg.norm(pull[:n_signal]))
        if length > 1e-150:
            atoms[m, :n_signal] = pull[:n_signal] / length
        atoms[m, n_signal:] = pull[n_signal:] / second[m, m]
    return atoms
