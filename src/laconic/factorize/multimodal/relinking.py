"""Atoms that have come to stand in the wrong place: a child under another's parent, a partner of another atom.

EM does not move an atom from one scale to another. So each modality is coded alone, its atoms' amplitudes are compared
with those that the other modalities expect in each place, and atoms are put where they agree best.
"""

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.samples import Samples
from laconic.factorize.multimodal.steps import FAST
from laconic.sbl.coupling import Links
from laconic.sbl.modal import View, infer

Floats = np.ndarray[Any, Any]

STEPS = 25
"""Steps over the scales."""

STAY = 0.05
"""Correlation that an atom has to gain, on average, for it to be moved."""


def relinked(model: Model, samples: Samples) -> Model:
    """Return the model with the atoms of each modality but the cleanest in the places where they fit best."""
    views = samples.views(model)
    for group in model.links.components():
        if len(group) > 1:
            order = sorted(group, key=lambda j: model.noises[j])
            for j in order[1:]:
                others = [i for i in group if i != j]
                model = _with_order(model, j, _order(model.links, views, j, others))
    return model


def _with_order(model: Model, j: int, order: Floats) -> Model:
    atoms = list(model.atoms)
    atoms[j] = atoms[j][order]
    return model.with_atoms(atoms)


def _order(links: Links, views: list[View], j: int, others: list[int]) -> Floats:
    """Return which atom of modality j belongs in each of its places."""
    alone = Links((None,), links.n_atoms[j])
    own = infer(alone, [views[j]], FAST, max_iter=STEPS, tol=1e-2)
    expected = infer(links.only(others), [views[i] for i in others], FAST, max_iter=STEPS, tol=1e-2)
    together = _both(views, [j, *others])
    fit = _correlations(np.sqrt(links.variances(j, expected))[together], np.sqrt(own)[together])
    fit += STAY * np.eye(len(fit))
    return np.asarray(linear_sum_assignment(fit, maximize=True)[1])


def _both(views: list[View], modalities: list[int]) -> Any:
    """Return which samples have all of these modalities."""
    there = np.ones(len(views[0].energy), bool)
    for i in modalities:
        present = views[i].readings.present()
        if present is not None:
            there &= np.asarray(present)
    return there


def _correlations(a: Floats, b: Floats) -> Floats:
    """Return the correlations of the columns of two arrays; 0 with a constant one."""
    left, right = (one - one.mean(axis=0, keepdims=True) if len(one) else one for one in (a, b))
    lengths = np.linalg.norm(left, axis=0)[:, None] * np.linalg.norm(right, axis=0)[None, :]
    return np.asarray(np.where(lengths > 0, left.T @ right / np.where(lengths > 0, lengths, 1), 0.0))
