"""The plain algorithm, for comparison: a random start, noises annealed from the power of the data, EM of step one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from laconic.core.blocks import Pool
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.result import Tick
from laconic.factorize.multimodal.samples import Samples
from laconic.factorize.multimodal.schedule import Course, begun, course
from laconic.factorize.multimodal.settings import Settings
from laconic.factorize.multimodal.warm import random_atoms
from laconic.sbl.modal import Update

FACTOR = 0.995
"""What the noise variance is multiplied by in each step."""


def referred(
    pool: Pool,
    blank: Model,
    samples: Samples,
    settings: Settings,
    generator: np.random.Generator,
    tell: Callable[[Tick], None],
) -> Any:
    """Return the run and its trace: noises fall to those of `blank`, then stay until no atom moves by `tol`."""
    model = random_atoms(blank, samples, generator)
    power = np.array([1 / part.n_signal for part in blank.layout.parts])
    steps = int(np.ceil(np.log(np.max(power / np.array(blank.noises))) / -np.log(FACTOR)))
    falling = np.maximum(power * FACTOR ** np.arange(max(steps, 0) + 1)[:, None], np.array(blank.noises))
    trace: list[float] = []

    def seen(count: int, at: Course) -> None:
        trace.append(float(at.objective[0]))
        tell(Tick("reference", count, len(falling) + settings.max_iter, trace[-1], float(at.change[0]), ()))

    pool.restore(None)
    how = Update(relaxation=1.0, prune=1e-3)
    begin = course(pool, begun(model), how, limit=len(falling), noises=falling, watch=seen).state
    return course(pool, begin, how, limit=settings.max_iter, tol=settings.tol, watch=seen), trace
