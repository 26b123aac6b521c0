"""The stages of a fit: plain, then under priors that sharpen, then to the end."""

from dataclasses import dataclass

from laconic.factorize.calibration import LEAST_NOISE, Calibration
from laconic.factorize.dictionaries import Atoms
from laconic.factorize.iteration import Stage
from laconic.factorize.penalty import NONE
from laconic.factorize.settings import Settings
from laconic.priors import Flat

PLAIN, PLAIN_TOL = 100, 3e-4
"""Iterations of the plain factorisation that a penalised one begins with, at most, and the relative fall of its
objective at which it ends. With 50 iterations instead of 100 or 300 the noise of planted factors (50 x 1500, 30 atoms,
30 dB) came out at 1.03 to 1.15 of the truth instead of .95, and as many atoms were found."""

STEPS, EACH = 30, 2
"""Steps of the annealing, and iterations of each. Momentum is not for them: under an objective that moves it let atoms
die, in one of six planted problems."""


@dataclass(frozen=True)
class Plan:
    """Which stages there are, within so many iterations.

    Attributes
    ----------
    settings : Settings
    plain, steps, each : int
        Iterations of the plain stage at most, steps of the annealing and iterations of each.
    """

    settings: Settings
    plain: int
    steps: int
    each: int

    @property
    def n_stages(self) -> int:
        """Number of stages."""
        return 1 if self.settings.is_plain else 2 + self.steps

    def stage(self, number: int, calibration: Calibration | None, done: int) -> Stage:
        """Return a stage; all but the first are in units that the first one has found.

        Parameters
        ----------
        number : int
        calibration : Calibration or None
        done : int
            Iterations so far, the plain ones among them.
        """
        settings, extrapolates = self.settings, self.settings.solver.extrapolates
        if settings.is_plain:
            return Stage(NONE, Atoms(unit_length=False), settings.max_iter, extrapolates, settings.tol)
        if calibration is None:
            tol = PLAIN_TOL / settings.solver.pace
            return Stage(NONE, Atoms(unit_length=False), self.plain, extrapolates, tol, enough=LEAST_NOISE)
        annealing = number <= self.steps
        progress = (number - 1) / self.steps if annealing else 1.0
        codes = calibration.penalty(settings.prior, progress)
        own = calibration.penalty(settings.dictionary_prior, progress, atoms=True)
        atoms = Atoms(unit_length=isinstance(settings.dictionary_prior, Flat), penalty=own)
        if annealing:
            return Stage(codes, atoms, self.each, momentum=False)
        return Stage(codes, atoms, max(1, settings.max_iter - done), extrapolates, settings.tol)


def planned(settings: Settings) -> Plan:
    """Return the plan: two thirds of the iterations at most go into getting ready."""
    anneals = settings.anneal and (settings.prior.concave or settings.dictionary_prior.concave)
    third, pace = settings.max_iter // 3, settings.solver.pace
    steps = min(STEPS, third) if anneals else 0
    each = min(EACH * pace, third // steps) if steps else 0
    return Plan(settings, max(1, min(PLAIN * pace, third)), steps, each)
