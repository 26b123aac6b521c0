"""The parameters `checkpoint` and `checkpoint_every` of a factorisation."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from laconic.core.blocks import Pool, Survey
from laconic.core.checks import ParameterError, check_positive_int
from laconic.factorize import Fit, Settings, Tick
from laconic.factorize.checkpoint import Checkpoint, identity_of


def checkpoint_of(model: Any) -> Path | None:
    """Return the folder of a model's checkpoints.

    Raises
    ------
    ParameterError
        If it is none, or the model is to be fitted more than once.
    """
    owner, folder = type(model).__name__, model.checkpoint
    check_positive_int(owner, "checkpoint_every", model.checkpoint_every)
    if folder is None:
        return None
    if not isinstance(folder, (str, os.PathLike)) or Path(folder).is_file():
        raise ParameterError(owner, "checkpoint", "the path of a folder, or None", folder)
    if model.n_init > 1:
        raise ParameterError(owner, "checkpoint", "None where n_init is more than 1", folder)
    return Path(folder)


def watched(model: Any, pool: Pool, survey: Survey, settings: Settings) -> dict[str, Any]:
    """Return what `best_of` has to know: the fit to go on with, if there is one, and what to call on the way."""
    folder, call = checkpoint_of(model), model.on_iteration
    if folder is None:
        return {"watch": None if call is None else lambda _, tick: call(tick)}
    seed = model.random_state if isinstance(model.random_state, (int, np.integer)) else type(model.random_state)
    identity = identity_of(pool, survey, settings, random_state=seed)
    kept = Checkpoint(folder, model.checkpoint_every, identity)

    def watch(fit: Fit, tick: Tick) -> None:
        kept.save(pool, fit)
        if call is not None:
            call(tick)

    return {"fit": kept.load(pool, settings), "watch": watch}
