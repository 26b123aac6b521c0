"""The noise of each modality, by how well hidden features are predicted.

The likelihood cannot tell: with scales of their own, samples are explained ever better as the noise is made smaller. So
some features of every modality are hidden, scales are found from the others, and the hidden entries are compared with
what is predicted: at the true noise, squared errors over predicted variances are those of a standard normal variable.
Their median is compared, since some samples are explained by wrong atoms and are far off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.samples import Samples
from laconic.factorize.multimodal.steps import FAST
from laconic.sbl.modal import Posterior, Readings, Sensor, View, infer, predict

Floats = np.ndarray[Any, Any]
Whole = np.ndarray[Any, Any]

MEDIAN = 0.45493642311957283
"""Of a chi-squared variable with one degree of freedom."""

HIDDEN = 0.1
"""Share of the features that are hidden at once."""

ROUNDS = 25
"""Steps over the scales."""

POWER = 0.55
"""Of the ratio that the noise is multiplied by: scales follow the noise, so the ratio falls with about its square."""

SURE = 16.0
"""Squared means over variances, added over the atoms of a scale, above which it is in use beyond doubt. With 6
noises came out 5 to 25 % too low on planted samples, with 16 within 10 % for five of six modalities."""

FEW = 4
"""Features that a modality needs for one of them to be hidden. Of 16 and 1, and 16 and 2, at 20 and 10 dB, both noises
came out at a sixteenth of the truth or less; of 16 and 4 within 7 % of it."""

FLOOR = 1e-10
"""What the noise of a sample of a modality is at least, in its unit, in which its energy is 1."""

LEAST, MOST = 1e-8, 1.0
"""Limits of the noise, as shares of the mean square of an entry."""


@dataclass(frozen=True)
class Hidden:
    """Predictions of hidden entries of one modality.

    Attributes
    ----------
    errors, variances : arrays of one length
        Squared errors, and variances without noise.
    """

    errors: Floats
    variances: Floats

    def noise(self) -> float:
        """Return the noise at which errors are as large as they should be."""
        low, high = 1e-14 * float(np.mean(self.errors)) + 1e-300, float(np.max(self.errors)) + 1e-300
        for _ in range(60):
            middle = np.sqrt(low * high)
            if np.median(self.errors / (self.variances + middle)) > MEDIAN:
                low = middle
            else:
                high = middle
        return float(np.sqrt(low * high))


def refined(model: Model, samples: Samples, generator: np.random.Generator, rounds: int, folds: int) -> Model:
    """Return the model with noises that hidden entries are predicted rightly with, or closer to them.

    A modality with fewer features that say something than `FEW` keeps its own: too little is left when one is hidden.
    """
    views = samples.views(model)
    power = np.array([_mean_square(view) for view in views])
    least = np.maximum(LEAST * power, FLOOR / np.array([view.readings.y.shape[1] for view in views]))
    usable = [_telling(view, part.n_signal) for view, part in zip(views, model.layout.parts, strict=True)]
    for _ in range(rounds):
        hidden = _predicted(model, views, usable, generator, folds)
        ratio = np.array([h.noise() / s if len(h.errors) else 1.0 for h, s in zip(hidden, model.noises, strict=True)])
        new = np.array(model.noises) * np.clip(ratio, 0.02, 50.0) ** POWER
        model = model.with_noises(np.clip(new, least, np.maximum(MOST * power, least)))
    return model


def _mean_square(view: View) -> float:
    """Return the mean square of an entry that is there."""
    n = view.readings.y.size if view.readings.seen is None else int(view.readings.seen.sum())
    return float(np.sum(view.energy)) / max(n, 1)


def _telling(view: View, n_signal: int) -> Whole:
    """Return the features that may be hidden: those that are not zero throughout, unless they are too few."""
    found = np.flatnonzero(np.any(view.readings.y[:, :n_signal] != 0, axis=0))
    return found if len(found) >= FEW else found[:0]


def _predicted(
    model: Model, views: list[View], usable: list[Whole], generator: np.random.Generator, folds: int
) -> list[Hidden]:
    parts = [_fold(model, views, usable, generator) for _ in range(folds)]
    return [
        Hidden(*(np.concatenate([getattr(part[j], name) for part in parts]) for name in ("errors", "variances")))
        for j in range(len(views))
    ]


def _fold(model: Model, views: list[View], usable: list[Whole], generator: np.random.Generator) -> list[Hidden]:
    hidden = [_hide(view, features, generator) for view, features in zip(views, usable, strict=True)]
    known = [_without(view, away, noise) for view, away, noise in zip(views, hidden, model.noises, strict=True)]
    gamma = infer(model.links, known, FAST, max_iter=ROUNDS, tol=1e-2)
    found = []
    for j, (view, away, seen) in enumerate(zip(views, hidden, known, strict=True)):
        mean, variance = predict(seen, model.links.variances(j, gamma), view.sensor.atoms[:, away])
        there = slice(None) if view.readings.seen is None else view.readings.seen[:, away]
        found.append(Hidden(((view.readings.y[:, away] - mean) ** 2)[there].ravel(), variance[there].ravel()))
    return found


def _hide(view: View, features: Whole, generator: np.random.Generator) -> Floats:
    """Draw features to hide; none of a modality that has too few."""
    away = np.zeros(view.readings.y.shape[1], bool)
    if len(features):
        away[generator.permutation(features)[: max(1, round(HIDDEN * len(features)))]] = True
    return away


def _without(view: View, away: Floats, noise: float) -> View:
    """Return a view of the other features, under this noise."""
    seen = None if view.readings.seen is None else view.readings.seen[:, ~away]
    readings = Readings(np.ascontiguousarray(view.readings.y[:, ~away]), seen)
    sensor = Sensor(np.ascontiguousarray(view.sensor.atoms[:, ~away]), noise)
    return View.of(sensor, readings)


def simulated(model: Model, samples: Samples, generator: np.random.Generator) -> Samples:
    """Return samples that the model would make, with the codes it is sure to find in these."""
    views = samples.views(model)
    gamma = infer(model.links, views, FAST, max_iter=4 * ROUNDS, tol=1e-3)
    found = [view.posterior(model.links.variances(j, gamma))[0] for j, view in enumerate(views)]
    sure = _sure(model, found, gamma)
    values = []
    for j, (view, posterior) in enumerate(zip(views, found, strict=True)):
        clean = np.where(sure[j], posterior.mean, 0) @ view.sensor.atoms
        values.append(clean + np.sqrt(view.sensor.noise) * generator.standard_normal(clean.shape))
    return samples.with_values(values)


def _sure(model: Model, found: Sequence[Posterior], gamma: Floats) -> list[Any]:
    """Return for each modality which codes belong to a scale that is above zero beyond doubt."""
    links, total = model.links, np.zeros_like(gamma)
    for j, posterior in enumerate(found):
        known = posterior.variance > 0
        square = np.where(known, posterior.mean**2 / np.where(known, posterior.variance, 1), 0)
        total += links.pooled(j, square)
    return [links.variances(j, (total > SURE).astype(np.float64)) > 0 for j in range(len(found))]


def calibrated(
    model: Model, samples: Samples, generator: np.random.Generator, *, n_fitted: int, rounds: int = 3, folds: int = 4
) -> Model:
    """Return the model with its noises freed from the biases of the method.

    Where atoms are confused with each other the median, too, is of errors that are too large. How much so is found from
    samples that the model makes itself, whose noise is known. And dictionaries have adapted to the noise of the
    `n_fitted` samples they were fitted to: so many atoms take so many degrees of freedom of each feature.
    """
    found = refined(model, samples, generator, rounds, folds)
    again = refined(found, simulated(found, samples, generator), generator, rounds, folds)
    bias = np.clip(np.array(again.noises) / np.array(found.noises), 0.5, 2.0)
    adapted = np.array([max(0.5, 1 - n / n_fitted) for n in model.links.n_atoms])
    return model.with_noises(np.array(found.noises) / (bias * adapted))
