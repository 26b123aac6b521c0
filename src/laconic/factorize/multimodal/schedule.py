"""Annealing: noises that fall to their targets while scales and dictionaries are learned."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from laconic.core.blocks import Pool
from laconic.core.loop import BatchRecord, Run, iterate
from laconic.factorize.multimodal.dictionary import improved
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.statistics import Sums
from laconic.factorize.multimodal.steps import Learn
from laconic.sbl.modal import Update

Floats = np.ndarray[Any, Any]

CLEAN, NOISY = 10.0, 3.0
"""What the noise of a clean modality, and of one with more than `NOISY` times the noise, is multiplied by at first."""

SPARE = 2.0
"""Times the noise that dictionaries are learned under at last."""

HOTTEST = 0.5
"""Share of the power of an entry that noises are raised to at most: nothing is learned under one as large as it."""


@dataclass(frozen=True)
class Course(BatchRecord):
    """Where learning is; scales are with their blocks.

    Attributes
    ----------
    change : array of shape (1,)
        Largest distance that an atom, of length one, has moved.
    objective : array of shape (1,)
        Log-likelihood of a sample before the step.
    model : Model
    sums : Sums or None
        Of the last step.
    count : int
        Steps taken.
    """

    change: Any
    objective: Any
    model: Model
    sums: Sums | None = None
    count: int = 0


def begun(model: Model) -> Course:
    """Return the record before the first step."""
    return Course(np.full(1, np.inf), np.full(1, -np.inf), model)


def heated(model: Model, steps: int, hold: int) -> Floats:
    """Return noises that fall to `spared` ones in so many steps and then stay for a few, shape (rows, J)."""
    own, least = np.array(model.noises), spared(model)
    factors = np.where(own <= NOISY * own.min(), CLEAN, NOISY)
    most = np.maximum(np.minimum(factors * own, HOTTEST * _power(model)), least)
    falls = falling(least, most / least, steps)
    return np.concatenate([falls, np.repeat(falls[-1:], hold, axis=0)])


def spared(model: Model) -> Floats:
    """Return the noises that dictionaries are learned under, shape (J,).

    Scales of its own let every sample explain some of its noise, and dictionaries take that in: with the noise doubled,
    atoms of planted trees came out an eighth closer to the truth, others as close as with the noise itself.
    """
    own = np.array(model.noises)
    return np.clip(HOTTEST * _power(model), own, SPARE * own)


def _power(model: Model) -> Floats:
    """Return the mean square of an entry of each modality, which its unit makes it."""
    return np.array([1 / part.n_signal for part in model.layout.parts])


def falling(noises: Any, factors: Any, steps: int) -> Floats:
    """Return noises that fall evenly in the logarithm from so many times the targets to them, shape (steps + 1, J)."""
    share = 1 - np.arange(steps + 1)[:, None] / max(steps, 1)
    return np.asarray(noises) * np.asarray(factors) ** share


def annealed(pool: Pool, model: Model, noises: Any, how: Update) -> Model:
    """Return the model after a step under each of these noises, scales being begun anew; it keeps its own noises."""
    pool.restore(None)
    return course(pool, begun(model), how, noises=noises, limit=len(noises)).state.model


def course(
    pool: Pool,
    begin: Course,
    how: Update,
    *,
    limit: int,
    noises: Any = None,
    tol: float = 0.0,
    first: int = 1,
    inner: int = 1,
    room: float = np.inf,
    watch: Callable[[int, Course], None] | None = None,
) -> Run[Course]:
    """Take steps of EM over scales and dictionaries until no atom moves by more than `tol`, or `limit` times.

    `noises`, one row a step, are those of each step; None is those of the model, which keeps its own. `first`, `inner`
    and `room` are as in `laconic.factorize.multimodal.steps.Learn`.
    """

    def step(at: Course) -> Course:
        model = at.model if noises is None else at.model.with_noises(noises[min(at.count, len(noises) - 1)])
        sums = pool.run(Learn(model, how, inner, first, room))
        new = improved(at.model, sums)
        value = np.full(1, sums.evidence / sums.n_samples)
        return replace(at, change=_moved(at.model, new), objective=value, model=new, sums=sums, count=at.count + 1)

    return iterate(step, begin, change=lambda _, at: at.change, tol=tol, max_iter=limit, on_iteration=watch)


def _moved(old: Model, new: Model) -> Any:
    distances = [
        float(np.max(np.sqrt(np.sum((b - a) ** 2, axis=1)))) for a, b in zip(old.atoms, new.atoms, strict=True)
    ]
    return np.full(1, max(distances))
