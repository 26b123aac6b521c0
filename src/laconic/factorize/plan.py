"""The stages of a fit: gently, fast, then under priors that sharpen, then to the end."""

from dataclasses import dataclass

from laconic.factorize.calibration import LEAST_NOISE, Calibration
from laconic.factorize.dictionaries import Atoms
from laconic.factorize.iteration import Stage
from laconic.factorize.penalty import NONE, Penalty
from laconic.factorize.settings import Settings
from laconic.priors import Flat

PLAIN, PLAIN_TOL = 100, 3e-4
"""Iterations of the plain factorisation that a penalised one begins with, at most, and the relative fall of its
objective at which it ends. With 50 iterations instead of 100 or 300 the noise of planted factors (50 x 1500, 30 atoms,
30 dB) came out at 1.03 to 1.15 of the truth instead of .95, and as many atoms were found."""

GENTLE = 20
"""Iterations of one sweep each, and without momentum, that a fit begins with: from crude starts bolder ones ran into
worse minima. On sparse topic problems (4000 x 5000, 40 parts) the objective ended above that of plain coordinate
descent, by up to .05 %, in four of eight with 1 of them, in four of twelve with 8, in two of six with 12, in none of
twelve with 20. On images of faces 8 to 24 of them reached its objective in 33 iterations, 1 of them in 27."""

STEPS, EACH = 30, 2
"""Steps of the annealing, and iterations of each. Momentum is not for them: under an objective that moves it let atoms
die, in one of six planted problems."""


@dataclass(frozen=True)
class Plan:
    """Which stages there are, within so many iterations.

    Attributes
    ----------
    settings : Settings
    gentle, plain, steps, each : int
        Iterations of the gentle stage and, at most, of the plain one; steps of the annealing, and iterations of each.
    """

    settings: Settings
    gentle: int
    plain: int
    steps: int
    each: int

    @property
    def n_stages(self) -> int:
        """Number of stages: the gentle and the plain one; with a prior each step of the annealing, and the last."""
        return 2 if self.settings.is_plain else 3 + self.steps

    def calibrates(self, number: int) -> bool:
        """Whether a stage is the first one under a prior, which has to know noise and units."""
        return number == 2

    def stage(self, number: int, calibration: Calibration | None, done: int) -> Stage:
        """Return a stage.

        Parameters
        ----------
        number : int
        calibration : Calibration or None
            Known from stage 2 on.
        done : int
            Iterations so far.
        """
        settings, free = self.settings, Atoms(unit_length=False)
        extrapolates, left = settings.solver.extrapolates, max(1, settings.max_iter - done)
        if number == 0:
            return Stage(settings.solver.gentle(), NONE, free, self.gentle, momentum=False)
        if number == 1 and settings.is_plain:
            return Stage(settings.solver, NONE, free, left, extrapolates, settings.tol)
        if number == 1:
            tol = PLAIN_TOL / settings.solver.pace
            return Stage(settings.solver, NONE, free, self.plain, extrapolates, tol, enough=LEAST_NOISE)
        annealing = number <= 1 + self.steps
        progress = (number - 2) / self.steps if annealing else 1.0
        codes, atoms = self._penalties(calibration, progress)
        if annealing:
            return Stage(settings.solver, codes, atoms, self.each, momentum=False)
        return Stage(settings.solver, codes, atoms, left, extrapolates, settings.tol)

    def _penalties(self, calibration: Calibration | None, progress: float) -> tuple[Penalty, Atoms]:
        assert calibration is not None
        own = calibration.penalty(self.settings.dictionary_prior, progress, atoms=True)
        unit_length = isinstance(self.settings.dictionary_prior, Flat)
        return calibration.penalty(self.settings.prior, progress), Atoms(unit_length, own)


def planned(settings: Settings) -> Plan:
    """Return the plan: with a prior two thirds of the iterations at most go into getting ready."""
    anneals = settings.anneal and (settings.prior.concave or settings.dictionary_prior.concave)
    third, pace = settings.max_iter // 3, settings.solver.pace
    steps = min(STEPS, third) if anneals else 0
    each = min(EACH * pace, third // steps) if steps else 0
    gentle = max(1, min(GENTLE, settings.max_iter // 4))
    return Plan(settings, gentle, max(1, min(PLAIN * pace, third) - gentle), steps, each)
