"""Several fits from different starts: the best of them, and how far they agree."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from laconic.core.arrays import Array, to_numpy
from laconic.core.blocks import Pool, Survey
from laconic.factorize.dictionaries import normalised
from laconic.factorize.nmf import Fit, Watcher, factorize
from laconic.factorize.result import NMFResult
from laconic.factorize.settings import Settings


@dataclass(frozen=True)
class Best:
    """The best of several fits.

    Attributes
    ----------
    result : NMFResult
    stability : array of shape (k,) or None
        For each of its components the cosine to the one it is matched with in another fit, averaged over these.
    consensus : float or None
        Their mean.
    objectives : tuple of float
        Of all fits.
    """

    result: NMFResult
    stability: NDArray[Any] | None = None
    consensus: float | None = None
    objectives: tuple[float, ...] = ()


def best_of(
    pool: Pool,
    survey: Survey,
    settings: Settings,
    generator: np.random.Generator,
    n_init: int = 1,
    watch: Watcher | None = None,
    fit: Fit | None = None,
) -> Best:
    """Return the fit with the lowest objective, the first from the start asked for, the others from random ones.

    All fits but the first take noise and units from it, so that they minimise the same. The pool ends with the codes of
    the best. With `fit` the first goes on from there, with the codes put back already.
    """
    results, codes = [factorize(pool, survey, settings, generator, watch=watch, fit=fit)], None
    best = 0
    for place in range(1, n_init):
        codes = list(pool.states()) if codes is None else codes
        calibration = results[0].calibration
        again = replace(settings, init="random")
        results.append(factorize(pool, survey, again, generator, calibration=calibration, watch=watch))
        if results[place].objective < results[best].objective:
            best, codes = place, None
    if codes is not None:
        pool.restore(iter(codes))
    if n_init == 1:
        return Best(results[0], objectives=(results[0].objective,))
    others = [matched_cosines(results[best].x, one.x) for place, one in enumerate(results) if place != best]
    stability = np.mean(others, axis=0)
    return Best(results[best], stability, float(stability.mean()), tuple(one.objective for one in results))


def matched_cosines(ours: Array, theirs: Array) -> NDArray[Any]:
    """Return the cosine of each row to the one of the other dictionary that it is matched with, one to one.

    The matching is that of the largest sum.
    """
    a, b = (to_numpy(normalised(rows)[0]) for rows in (ours, theirs))
    cosines = a @ b.T
    rows, columns = linear_sum_assignment(-cosines)
    found = np.zeros(len(a))
    found[rows] = cosines[rows, columns]
    return found
