"""A warm start: simultaneous matching pursuit and approximate K-SVD, with a sparsity below the truth.

Each round codes the samples, updates the atoms of each modality one after the other from the sums of products of codes
(the rank-one step of approximate K-SVD, with codes held), and weighs the modalities anew by what they left over. Every
few rounds atoms that say little, or the same as others, are replaced by what is left of the samples explained worst.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from laconic.factorize.multimodal.dictionary import coordinate_round, unit_rows
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.pursuit import pursue
from laconic.factorize.multimodal.replacing import renewed
from laconic.factorize.multimodal.samples import Samples
from laconic.sbl.coupling import Links
from laconic.sbl.modal import Readings

Floats = np.ndarray[Any, Any]

EVERY, QUIET = 5, 3
"""Rounds from one replacement to the next, and rounds without any at the end."""

JITTER = 1e-3
"""Of what atoms are drawn with, in standard deviations: two of the same sample part in time."""

LEAST = 1e-6
"""Share of the energy of a modality below which what it leaves over does not raise its weight any more."""


@dataclass(frozen=True)
class Coded:
    """Codes of a round.

    Attributes
    ----------
    codes, left : tuple of arrays, one a modality, of shapes (n, M_j) and (n, N_j)
        What the codes do not explain; 0 where an entry is missing.
    weights : array of shape (J,)
        Of the modalities, for the next round.
    """

    codes: tuple[Floats, ...]
    left: tuple[Floats, ...]
    weights: Floats


def random_atoms(model: Model, samples: Samples, generator: np.random.Generator) -> Model:
    """Return the model with samples drawn at random as atoms: atoms that share a scale are of the same sample.

    Where a sample lacks a modality, and where there are fewer samples than scales, directions are drawn instead.
    """
    readings, atoms = samples.readings(), []
    order = _complete_first(readings, generator)
    picked = np.resize(order, model.links.n_scales)
    for j, (part, reading) in enumerate(zip(model.layout.parts, readings, strict=True)):
        table = model.links.tables[j]
        sample = picked[table.indices[table.indptr[:-1]]]
        noise = generator.standard_normal((len(sample), len(part.columns)))
        direction = unit_rows(noise, part.n_signal, noise)
        jitter = JITTER * float(np.std(reading.y)) * noise
        rows = reading.y[sample] + jitter
        atoms.append(unit_rows(rows, part.n_signal, direction))
    return model.with_atoms(atoms)


def _complete_first(readings: Sequence[Readings], generator: np.random.Generator) -> "np.ndarray[Any, Any]":
    """Return samples in a random order, those that lack modalities last."""
    n = len(readings[0].y)
    lacking = np.zeros(n)
    for one in readings:
        present = one.present()
        lacking += 0 if present is None else ~present
    order = generator.permutation(n)
    return order[np.argsort(lacking[order], kind="stable")]


def warmed(model: Model, samples: Samples, sparsity: int, rounds: int, *, by_noise: bool) -> Model:
    """Return the model after so many rounds from its dictionaries.

    Modalities are weighed by one over the deviation of their noise, or, where this is not known, by one over the
    variance of what the codes leave.
    """
    for group in model.links.components():
        model = _warmed_together(model, samples, group, sparsity, rounds, by_noise)
    return model


def _warmed_together(
    model: Model, samples: Samples, group: list[int], sparsity: int, rounds: int, by_noise: bool
) -> Model:
    """Improve the dictionaries of modalities that share scales."""
    links = model.links.only(group)
    parts = [model.layout.parts[j] for j in group]
    everything = samples.readings()
    y, seen = [everything[j].y for j in group], [everything[j].seen for j in group]
    atoms = [np.asarray(model.atoms[j], np.float64) for j in group]
    weights = np.array(
        [model.noises[j] ** -0.5 if by_noise else 1 / _power(y_) for j, y_ in zip(group, y, strict=True)]
    )
    filled = list(y)
    for round_ in range(rounds):
        coded = _coded(filled, seen, atoms, links, weights, sparsity)
        weights = weights if by_noise else coded.weights
        pairs = zip(coded.codes, filled, atoms, parts, strict=True)
        atoms = [coordinate_round(a, c.T @ c, c.T @ f, part.n_signal) for c, f, a, part in pairs]
        if round_ % EVERY == 0 and round_ < rounds - QUIET:
            atoms = renewed(atoms, links, coded.codes, coded.left, weights, [part.n_signal for part in parts])
        filled = _filled(y, seen, coded.codes, atoms)
    new = list(model.atoms)
    for j, one in zip(group, atoms, strict=True):
        new[j] = one
    return model.with_atoms(new)


def _coded(
    y: list[Floats], seen: list[Any], atoms: list[Floats], links: Links, weights: Floats, sparsity: int
) -> Coded:
    roots = np.sqrt(weights)
    pull = np.hstack([root * (one @ a.T) for root, one, a in zip(roots, y, atoms, strict=True)])
    found = pursue(pull, _block_diagonal(atoms), links, sparsity)
    ends = np.cumsum(links.n_atoms)[:-1]
    codes = tuple(part / root for part, root in zip(np.split(found, ends, axis=1), roots, strict=True))
    left = tuple(one - c @ a for one, c, a in zip(y, codes, atoms, strict=True))
    left = tuple(one if s is None else one * s for one, s in zip(left, seen, strict=True))
    powers = [max(_power(r), LEAST * _power(one)) for r, one in zip(left, y, strict=True)]
    return Coded(codes, left, 1 / np.array(powers))


def _block_diagonal(atoms: list[Floats]) -> Floats:
    ends = np.cumsum([0, *(len(a) for a in atoms)])
    gram = np.zeros((ends[-1], ends[-1]))
    for a, first, last in zip(atoms, ends[:-1], ends[1:], strict=True):
        gram[first:last, first:last] = a @ a.T
    return gram


def _power(values: Floats) -> float:
    return max(float(np.mean(values**2)), 1e-300)


def _filled(y: list[Floats], seen: list[Any], codes: tuple[Floats, ...], atoms: list[Floats]) -> list[Floats]:
    """Put what the codes say where entries are missing, unless the whole modality is."""
    filled = []
    for one, s, c, a in zip(y, seen, codes, atoms, strict=True):
        partly = None if s is None else s.any(axis=1, keepdims=True) & ~s
        filled.append(one if partly is None else np.where(partly, c @ a, one))
    return filled
