"""Checkpoints of learning: the search is done once, and steps over all data go on where they were."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from laconic.core.arrays import to_numpy
from laconic.core.blocks import Pool
from laconic.factorize.keeping import Keeper, in_words, of_pool
from laconic.factorize.multimodal.layout import Layout
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.schedule import Course, begun
from laconic.factorize.multimodal.settings import Settings
from laconic.sbl.coupling import Links


@dataclass(frozen=True)
class Resumed:
    """Where a fit was.

    Attributes
    ----------
    course : Course
    trace : list of float
    sparsity : int or None
        Of the warm start that was taken.
    """

    course: Course
    trace: list[float]
    sparsity: int | None


@dataclass(frozen=True)
class Checkpoint:
    """Where the state of a fit is kept.

    Attributes
    ----------
    folder : Path
    every : int
    random_state : object
        That of the fit, as it tells one from another.
    """

    folder: Path
    every: int
    random_state: Any

    def save(self, pool: Pool, settings: Settings, at: Resumed) -> None:
        """Write a checkpoint if it is time for one; to be called after each step."""
        self._keeper(pool, at.course.model.layout, settings).save(pool, len(at.trace), lambda: _arrays(at))

    def load(self, pool: Pool, settings: Settings, blank: Model) -> Resumed | None:
        """Return where the fit was and put its scales back; None where there is no checkpoint.

        Raises
        ------
        DataError
            If it is one of other data or settings, or damaged.
        """
        return self._keeper(pool, blank.layout, settings).load(pool, lambda arrays: _resumed(arrays, blank))

    def _keeper(self, pool: Pool, layout: Layout, settings: Settings) -> Keeper:
        own = {field.name: _words(getattr(settings, field.name)) for field in fields(settings)}
        parts = {f"modality {part.name}": in_words((part.columns, part.unit)) for part in layout.parts}
        scalings = {f"offset of {part.name}": in_words((part.offset, part.spread)) for part in layout.parts}
        more = {"random_state": in_words(self.random_state)}
        return Keeper(self.folder, self.every, {**of_pool(pool), **parts, **scalings, **own, **more}, "sensors")


def _words(value: Any) -> str:
    if isinstance(value, Links):
        return in_words(tuple(value.map(j).toarray() for j in range(len(value.maps))))
    return in_words(value)


def _arrays(at: Resumed) -> dict[str, Any]:
    model, course = at.course.model, at.course
    return {
        **{f"atoms-{j}": to_numpy(one) for j, one in enumerate(model.atoms)},
        "noises": np.array(model.noises),
        "course": np.array([float(course.change[0]), float(course.objective[0]), course.count, at.sparsity or 0]),
        "trace": np.array(at.trace),
    }


def _resumed(arrays: dict[str, Any], blank: Model) -> Resumed:
    atoms = [arrays[f"atoms-{j}"] for j in range(len(blank.atoms))]
    change, objective, count, sparsity = arrays["course"].tolist()
    model = blank.with_atoms(atoms).with_noises(arrays["noises"].tolist())
    at = replace(begun(model), change=np.array([change]), objective=np.array([objective]), count=int(count))
    return Resumed(at, arrays["trace"].tolist(), int(sparsity) or None)
