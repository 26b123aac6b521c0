"""How large noise and codes are, found from a plain factorisation where they are not given."""

from dataclasses import dataclass, fields

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.blocks import Survey
from laconic.factorize.penalty import NONE, Penalty
from laconic.factorize.settings import Settings
from laconic.factorize.statistics import Statistics, fit
from laconic.nnls.units import LEAST_FREE, PART
from laconic.priors import Flat, Prior

LEAST_NOISE = 1e-6
"""Variance that noise found from a residual has at least, as a share of the mean square of the data."""

QUIETEST = {"float64": 1e-10, "float32": 1e-6}
"""The same for noise that is given: without any there would be no prior."""


@dataclass(frozen=True)
class Calibration:
    """What the prior has to know of the data.

    Attributes
    ----------
    noise : float
        Variance of an entry, in the squared units of the fit.
    codes, atoms : float
        A tenth of the size of typical codes, and of typical entries of the dictionary: the units that their priors
        measure them in.
    """

    noise: float
    codes: float
    atoms: float

    def penalty(self, prior: Prior, progress: float, *, atoms: bool = False) -> Penalty:
        """Return the penalty at this progress in [0, 1] of the annealing, from flat to the prior itself.

        It starts in units of typical codes and ends in tenths of them.
        """
        if isinstance(prior, Flat):
            return NONE
        unit = (self.atoms if atoms else self.codes) * PART ** (progress - 1)
        return Penalty(prior.annealed(progress).rescaled(unit), 2 * self.noise)

    def mixed(self, other: "Calibration", share: float) -> "Calibration":
        """Return the geometric mean of two, the other with this share."""
        return Calibration(
            *(getattr(self, f.name) ** (1 - share) * getattr(other, f.name) ** share for f in fields(self))
        )


def calibrated(
    settings: Settings, survey: Survey, total: Statistics, dictionary: Array, *, learned: bool = True
) -> Calibration:
    """Return noise and units, from statistics of a plain factorisation where they are not given.

    The noise is |X - C D|^2 / (entries - coefficients above zero); those of the dictionary count only if it was
    `learned` from these data.
    """
    xp, dtype = array_namespace(dictionary), str(dictionary.dtype).rsplit(".", 1)[-1]
    power = survey.energy_in_units / survey.entries
    own = float(xp.sum(xp.astype(dictionary > 0, xp.float64))) - dictionary.shape[0] if learned else 0.0
    free = max(survey.entries - total.used - own, LEAST_FREE * survey.entries)
    if settings.noise is not None:
        noise = max(settings.noise / survey.unit**2, QUIETEST[dtype] * power)
    elif settings.snr is not None:
        noise = max(power / (1 + 10 ** (settings.snr / 10)), QUIETEST[dtype] * power)
    else:
        noise = max(fit(total, survey.energy_in_units, dictionary) / free, LEAST_NOISE * power)
    codes = _unit(total.squares, total.quartics) if settings.scale is None else settings.scale / survey.unit
    squared = xp.astype(dictionary, xp.float64) ** 2
    return Calibration(noise, codes, _unit(float(xp.sum(squared)), float(xp.sum(squared**2))))


def _unit(squares: float, quartics: float) -> float:
    """Return a part of the standard deviation that such sums would come from under half a normal density; 1 if 0."""
    return PART * float(np.sqrt(quartics / (3 * squares))) if squares > 0 and quartics > 0 else 1.0
