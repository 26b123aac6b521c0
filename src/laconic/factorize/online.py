"""A dictionary that follows a stream: statistics of all batches so far, the older ones fading."""

from dataclasses import dataclass, replace

import numpy as np

from laconic.core.arrays import Array
from laconic.core.blocks import Pool, Survey
from laconic.core.threads import threads_of_our_own
from laconic.factorize.calibration import Calibration, calibrated
from laconic.factorize.dictionaries import Atoms, improved
from laconic.factorize.encoding import EncodeAnew, Encoder, path_to
from laconic.factorize.nmf import factorize
from laconic.factorize.penalty import NONE
from laconic.factorize.result import NMFResult
from laconic.factorize.settings import Settings
from laconic.factorize.statistics import Statistics
from laconic.factorize.steps import Encode
from laconic.priors import Flat

WARM = 10
"""Batches over which a prior with several minima sharpens."""

PASSES = 10
"""Turns of codes and dictionary on a batch, so that its codes are those of the dictionary it leads to."""

FADING = 10.0
"""The sums of t - 1 batches count (1 - 1/t)^10 when batch t comes (Mairal et al., JMLR 11, 2010): the last sixteenth
has half the say. On planted factors (30 atoms, 50 batches of 200) with a power of 2 instead nine in ten atoms were
found and a quarter of the codes were not zero; with 10 all atoms and an eighth, the truth being a tenth: codes of the
first batches were those of a poor dictionary."""

FIRST = 100
"""Iterations of the plain factorisation of the first batch."""


@dataclass(frozen=True)
class Stream:
    """What is known after some batches.

    Attributes
    ----------
    dictionary : array of shape (k, p)
        Rows of length one, unless they have a prior.
    unit : float
        Codes are those of the data over this.
    calibration : Calibration or None
        Of the last batches; None without a penalty.
    statistics : Statistics or None
        Sums over the samples so far.
    n_batches : int
    """

    dictionary: Array
    unit: float
    calibration: Calibration | None = None
    statistics: Statistics | None = None
    n_batches: int = 0


def continued(result: NMFResult) -> Stream:
    """Return the stream that begins where a fit ended."""
    return Stream(result.x, result.unit, result.calibration, result.statistics, WARM)


@threads_of_our_own()
def follow(
    pool: Pool, survey: Survey, settings: Settings, generator: np.random.Generator, stream: Stream | None
) -> Stream:
    """Return the stream one batch on.

    The batch is coded under the prior as far as it has sharpened, its statistics join the others, and the dictionary is
    improved by all of them; a few turns of this are taken.

    Parameters
    ----------
    pool : Pool
        The samples of the batch.
    survey : Survey
        Of them.
    settings : Settings
    generator : numpy.random.Generator
        For the first batch.
    stream : Stream, optional
        None begins one, with a plain factorisation of the batch.
    """
    if stream is None:
        plain = replace(settings, prior=Flat(), dictionary_prior=Flat(), max_iter=FIRST)
        stream = Stream(factorize(pool, survey, plain, generator).x, survey.unit)
    survey = replace(survey, fixed_unit=stream.unit)
    calibration = None if settings.is_plain else _calibrated(pool, survey, settings, stream)
    progress = min(1.0, (stream.n_batches + 1) / WARM) if settings.anneal else 1.0
    return _joined(pool, settings, replace(stream, calibration=calibration), progress)


def _calibrated(pool: Pool, survey: Survey, settings: Settings, stream: Stream) -> Calibration:
    """Return noise and units as the batch says, coded plainly, averaged with what was known."""
    encoder = Encoder(stream.dictionary, stream.unit, settings.solver, (NONE,))
    total = pool.run(EncodeAnew(encoder))
    found = calibrated(settings, survey, total, stream.dictionary, learned=stream.n_batches == 0)
    return found if stream.calibration is None else stream.calibration.mixed(found, 1 / min(WARM, stream.n_batches + 1))


def _joined(pool: Pool, settings: Settings, stream: Stream, progress: float) -> Stream:
    own, rows = Atoms(unit_length=isinstance(settings.dictionary_prior, Flat)), stream.dictionary
    path = path_to(settings.prior, stream.calibration, settings.anneal, progress)
    if not own.unit_length and stream.calibration is not None:
        own = replace(own, penalty=stream.calibration.penalty(settings.dictionary_prior, progress, atoms=True))
    part = pool.run(EncodeAnew(Encoder(rows, stream.unit, settings.solver, path)))
    count = stream.n_batches + 1
    for turn in range(PASSES):
        if turn:
            part = pool.run(Encode(rows, stream.unit, settings.solver, path[-1]))
        faded = None if stream.statistics is None else stream.statistics.times((1 - 1 / count) ** FADING)
        total = part if faded is None else faded + part
        rows = improved(settings.solver, total, rows, own).dictionary
    return replace(stream, dictionary=rows, statistics=total, n_batches=count)
