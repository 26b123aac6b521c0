"""Labels that take part in learning: further rows of every modality, explained by the same codes (task-driven).

With h = W_j' x_j + e, e ~ N(0, b² I), a modality with its labels is the plain model on [y_j; (s_j / b) h] with the
dictionary [D_j; (s_j / b) W_j]: one kernel serves both.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from laconic.core.blocks import Pool
from laconic.core.threads import threads_of_our_own
from laconic.factorize.multimodal.layout import Layout, Part
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.schedule import annealed, begun, course, heated, spared
from laconic.factorize.multimodal.settings import Settings
from laconic.factorize.multimodal.steps import FAST

STEPS, HOLD = 20, 10
"""Steps over which noises fall, and steps at their end."""


def labelled(model: Model, columns: Any, label_noise: float) -> Model:
    """Return the model with columns of labels in every modality, of which it knows nothing yet."""
    pairs = zip(model.layout.parts, model.noises, strict=True)
    parts = tuple(_with_labels(part, columns, np.sqrt(noise / label_noise)) for part, noise in pairs)
    atoms = [np.hstack([a, np.zeros((len(a), len(columns)), a.dtype)]) for a in model.atoms]
    return replace(model, layout=Layout(parts), atoms=tuple(atoms))


def _with_labels(part: Part, columns: Any, factor: float) -> Part:
    n, none = part.n_signal, np.zeros(len(columns))
    offset = np.zeros(n) if part.offset is None else part.offset
    spread = np.ones(n) if part.spread is None else part.spread
    labels = np.full(len(columns), 1 / (factor * part.unit))
    return replace(
        part,
        columns=np.concatenate([part.columns, columns]),
        offset=np.concatenate([offset, none]),
        spread=np.concatenate([spread, labels]),
    )


def without_labels(model: Model) -> Model:
    """Return the model of the features alone."""
    parts = tuple(_features(part) for part in model.layout.parts)
    atoms = tuple(a[:, : part.n_signal] for a, part in zip(model.atoms, parts, strict=True))
    return replace(model, layout=Layout(parts), atoms=atoms)


def _features(part: Part) -> Part:
    n = part.n_signal
    offset = None if part.offset is None else part.offset[:n]
    spread = None if part.spread is None else part.spread[:n]
    return replace(part, columns=part.columns[:n], offset=offset, spread=spread)


@threads_of_our_own()
def supervised(pool: Pool, model: Model, settings: Settings, watch: Callable[[int, Any], None] | None = None) -> Any:
    """Return the run that goes on from a labelled model, its noises heated up once more.

    Parameters
    ----------
    pool : Pool
        Samples with their labels.
    model : Model
    settings : Settings
    watch : callable, optional
        Called with the number of each step of the end, and its record.
    """
    model = annealed(pool, model, heated(model, STEPS, HOLD), FAST)
    noises = spared(model)[None]
    return course(pool, begun(model), FAST, noises=noises, limit=settings.max_iter, tol=settings.tol, watch=watch)
