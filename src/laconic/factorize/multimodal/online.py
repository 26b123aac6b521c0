"""Dictionaries that follow a stream: statistics of all batches so far, the older ones fading (incremental EM)."""

from dataclasses import dataclass, replace

from laconic.core.blocks import Pool
from laconic.core.threads import threads_of_our_own
from laconic.factorize.multimodal.dictionary import improved
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.result import MultimodalResult
from laconic.factorize.multimodal.schedule import spared
from laconic.factorize.multimodal.statistics import Sums
from laconic.factorize.multimodal.steps import FAST, Learn

STEPS = 25
"""Steps over the scales of a batch."""

FADING = 3.0
"""The sums of t - 1 batches count (1 - 1/t)^3 when batch t comes."""


@dataclass(frozen=True)
class Stream:
    """What is known after some batches.

    Attributes
    ----------
    model : Model
    sums : Sums
        Over the samples so far.
    n_batches : int
    """

    model: Model
    sums: Sums
    n_batches: int = 1


def continued(result: MultimodalResult) -> Stream:
    """Return the stream that begins where a fit ended."""
    return Stream(result.model, result.sums)


@threads_of_our_own()
def follow(pool: Pool, stream: Stream) -> Stream:
    """Return the stream one batch on: scales are found for its samples, and their statistics join the others."""
    count = stream.n_batches + 1
    pool.restore(None)
    model = stream.model.with_noises(spared(stream.model).tolist())
    part = pool.run(Learn(model, FAST, first=STEPS, room=0.0))
    total = stream.sums.times((1 - 1 / count) ** FADING) + part
    return replace(stream, model=improved(stream.model, total), sums=total, n_batches=count)
