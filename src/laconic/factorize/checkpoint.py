"""Checkpoints of a factorisation: what `laconic.factorize.keeping` is to keep of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laconic.core.arrays import to_numpy
from laconic.core.blocks import Pool, Survey
from laconic.factorize.calibration import Calibration
from laconic.factorize.iteration import Factor, Progress
from laconic.factorize.keeping import Keeper, in_words, like, of_pool
from laconic.factorize.nmf import Fit, plan_of
from laconic.factorize.settings import Settings


@dataclass(frozen=True)
class Checkpoint:
    """Where the state of a fit is kept.

    Attributes
    ----------
    folder : Path
        It may hold other files, which are left alone.
    every : int
        Iterations from one checkpoint to the next.
    identity : dict of str to str
        What makes this fit this fit.
    """

    folder: Path
    every: int
    identity: Mapping[str, str]

    def save(self, pool: Pool, fit: Fit) -> None:
        """Write a checkpoint if it is time for one; to be called after each iteration."""
        self._keeper.save(pool, len(fit.trace), lambda: _arrays(fit))

    def load(self, pool: Pool, settings: Settings) -> Fit | None:
        """Return the fit of the last checkpoint and put its codes back; None where there is no checkpoint.

        Raises
        ------
        DataError
            If it is one of other data or settings, or damaged.
        """
        fit = self._keeper.load(pool, lambda arrays: _fit_of(arrays, pool))
        return None if fit is None else _moved_on(fit, settings)

    @property
    def _keeper(self) -> Keeper:
        return Keeper(self.folder, self.every, self.identity, "nmf")


def identity_of(pool: Pool, survey: Survey, settings: Settings, **others: Any) -> dict[str, str]:
    """Return in words what must not change between the parts of a fit: settings, size and sums of the data, blocks."""
    data = {f"data {field.name}": repr(getattr(survey, field.name)) for field in fields(survey)}
    own = {field.name: in_words(getattr(settings, field.name)) for field in fields(settings)}
    named = {name: in_words(value) for name, value in others.items()}
    return {**data, **of_pool(pool), **own, **named}


def _arrays(fit: Fit) -> dict[str, NDArray[Any]]:
    """Return the record as arrays; the statistics, which nothing reads again, are left out."""
    progress, known = fit.progress, fit.calibration
    units = [] if known is None else [getattr(known, field.name) for field in fields(known)]
    return {
        "best": to_numpy(progress.best.rows),
        "ahead": to_numpy(progress.ahead.rows),
        "change": progress.change,
        "objective": progress.objective,
        "momentum": np.array([progress.momentum, progress.ceiling, progress.limit]),
        "calibration": np.array(units, np.float64),
        "trace": np.array(fit.trace, np.float64),
        "stages": np.array([fit.stage, fit.in_stage, int(fit.settled), *fit.stages], np.int64),
    }


def _fit_of(arrays: dict[str, NDArray[Any]], pool: Pool) -> Fit:
    """Return the fit that `_arrays` took apart."""
    best, ahead = (Factor(like(pool, arrays[name])) for name in ("best", "ahead"))
    progress = Progress(arrays["change"], arrays["objective"], best, ahead, *arrays["momentum"].tolist())
    units, (stage, in_stage, settled, *stages) = arrays["calibration"].tolist(), arrays["stages"].tolist()
    calibration = Calibration(*units) if units else None
    return Fit(progress, stage, in_stage, calibration, arrays["trace"].tolist(), stages, bool(settled))


def _moved_on(fit: Fit, settings: Settings) -> Fit:
    """Return the fit in its next stage if the iteration before the checkpoint was the last one of a stage."""
    stage = plan_of(settings, fit).stage(fit.stage, fit.calibration, sum(fit.stages))
    settled = float(fit.progress.change[0]) <= stage.tol
    if fit.in_stage < stage.limit and not settled:
        return fit
    stages = [*fit.stages, fit.in_stage]
    return replace(fit, stage=fit.stage + 1, in_stage=0, settled=settled, stages=stages)
