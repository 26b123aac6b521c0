"""From nothing to dictionaries: warm starts of several sparsities, the best of them reheated a few times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.noise import calibrated, refined
from laconic.factorize.multimodal.relinking import relinked
from laconic.factorize.multimodal.samples import Samples
from laconic.factorize.multimodal.schedule import annealed, heated, spared
from laconic.factorize.multimodal.settings import Settings
from laconic.factorize.multimodal.statistics import evidence
from laconic.factorize.multimodal.steps import FAST
from laconic.factorize.multimodal.warm import random_atoms, warmed
from laconic.sbl.modal import infer

SPARSITIES = (1, 2, 3, 5, 8, 13, 21)
"""Atoms of a sample that warm starts are tried with, as far as there are features for them."""

FEATURES = 2.5
"""Features for each atom of a sample, at least, over all modalities together."""

FIRST, AGAIN = 200, 30
"""Rounds of a warm start, and of one that goes on from dictionaries."""

STEPS, HOLD = 20, 10
"""Steps over which noises fall, and steps at their end."""

FOR_NOISE = 500
"""Samples that noises are found from on the way."""

JUDGED = 1000
"""Samples that models are compared on."""

Teller = Callable[[str, int, int, Model], None]


@dataclass(frozen=True)
class Found:
    """A model, and the sparsity of its warm start."""

    model: Model
    sparsity: int


@dataclass(frozen=True)
class Search:
    """What a search has at hand.

    Attributes
    ----------
    settings : Settings
    samples : Samples
    generator : numpy.random.Generator
    tell : callable
        Told of stages, their steps, how many there are and the model.
    """

    settings: Settings
    samples: Samples
    generator: np.random.Generator
    tell: Teller

    def run(self, blank: Model) -> Found:
        """Return the best model found, with its noises.

        `blank` says which modalities there are, and their noises where these are known.
        """
        best = self.best([self._cycled(self._begun(blank)) for _ in range(self.settings.n_init)])
        if self.settings.noises is not None:
            return best
        some = self.samples.some(JUDGED, self.generator)
        model = calibrated(best.model, some, self.generator, n_fitted=self.samples.n)
        return Found(self._settled(model), best.sparsity)

    def best(self, found: Sequence[Found]) -> Found:
        """Return the one under which the samples are likeliest at the same noises, those of the one with the least."""
        if len(found) == 1:
            return found[0]
        noises = min((one.model.noises for one in found), key=lambda s: float(np.sum(np.log(s))))
        some = self.samples.some(JUDGED, np.random.default_rng(0))
        return max(found, key=lambda one: likelihood(one.model.with_noises(noises), some))

    def _begun(self, blank: Model) -> Found:
        """Return the best of warm starts with several sparsities, which rise until one is worse than that before."""
        tried = (self.settings.sparsity,) if self.settings.sparsity else sparsities(blank)
        best: Found | None = None
        for i, k in enumerate(tried):
            self.tell("warm start", i + 1, len(tried), blank)
            new = self._warm(blank, k)
            if best is not None and self.best([best, new]) is best:
                break
            best = new
        assert best is not None  # there is one sparsity at least
        return best

    def _warm(self, blank: Model, sparsity: int) -> Found:
        given = self.settings.init
        start = random_atoms(blank, self.samples, self.generator) if given is None else blank.with_atoms(given)
        rounds, known = FIRST if given is None else AGAIN, self.settings.noises is not None
        model = warmed(start, self.samples, sparsity, rounds, by_noise=known)
        return Found(self._annealed(self._with_noises(model)), sparsity)

    def _cycled(self, found: Found) -> Found:
        for cycle in range(self.settings.cycles):
            self.tell("cycle", cycle + 1, self.settings.cycles, found.model)
            model = relinked(found.model, self.samples.some(JUDGED, self.generator))
            again = warmed(model, self.samples, found.sparsity, AGAIN, by_noise=True)
            new = Found(self._with_noises(self._annealed(again)), found.sparsity)
            found = self.best([new, found])
        return found

    def _annealed(self, model: Model) -> Model:
        return annealed(self.samples.pool(), model, heated(model, STEPS, HOLD), FAST)

    def _settled(self, model: Model) -> Model:
        return annealed(self.samples.pool(), model, np.tile(spared(model), (STEPS, 1)), FAST)

    def _with_noises(self, model: Model) -> Model:
        """Return the model with noises that suit its dictionaries, unless they are given."""
        if self.settings.noises is not None:
            return model
        return refined(model, self.samples.some(FOR_NOISE, self.generator), self.generator, rounds=3, folds=1)


def sparsities(model: Model) -> tuple[int, ...]:
    """Return the sparsities to try."""
    widest = max(part.n_signal for part in model.layout.parts)
    most = min(widest / FEATURES, *(n for n in model.links.n_atoms))
    return tuple(k for k in SPARSITIES if k <= most and (k > 1 or most < 4)) or (1,)


def likelihood(model: Model, samples: Samples) -> float:
    """Return the log-likelihood of samples with scales that are found for them."""
    views = samples.views(model)
    gamma = infer(model.links, views, FAST, max_iter=25, tol=1e-2)
    return evidence([view.posterior(model.links.variances(j, gamma))[0] for j, view in enumerate(views)])
