"""Curves of the experiment: a factorisation, and the strengths of its penalty."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.decomposition import NMF

import laconic

Solve = Callable[[Any, int, float, int], tuple[Any, Any]]
"""From samples (n, p), a number of components k, a strength and a seed to codes (n, k) and components (k, p)."""


@dataclass(frozen=True)
class Curve:
    """A line of the figure."""

    name: str
    solve: Solve
    strengths: tuple[float, ...]
    ours: bool = False
    available: bool = True


def by_laconic(X: Any, k: int, strength: float, seed: int, **options: Any) -> tuple[Any, Any]:
    """Take `strength` times the mean square of the data for the variance of the noise."""
    model = laconic.SparseNMF(k, noise=strength * float(np.mean(X**2)), random_state=seed, max_iter=300, **options)
    codes = model.fit_transform(X)
    return codes, model.components_


def by_sklearn(X: Any, k: int, strength: float, seed: int, *, alpha_h: str | float) -> tuple[Any, Any]:
    options = {"alpha_W": strength, "alpha_H": alpha_h, "l1_ratio": 1.0, "max_iter": 1000, "tol": 1e-5}
    model = NMF(k, solver="cd", init="nndsvda", random_state=seed, **options)
    codes = model.fit_transform(X)
    return codes, model.components_


def by_spams(X: Any, k: int, strength: float, seed: int) -> tuple[Any, Any]:
    """Take `strength` times the length of a typical signal for the penalty; begin with signals drawn at random."""
    import spams

    drawn = X[np.random.default_rng(seed).choice(len(X), k, replace=False)]
    signals, start = np.asfortranarray(X.T), np.asfortranarray((drawn / np.linalg.norm(drawn, axis=1)[:, None]).T)
    common = {"lambda1": strength * float(np.linalg.norm(X) / np.sqrt(len(X))), "mode": 2, "numThreads": 1}
    D = spams.trainDL(signals, D=start, posD=True, posAlpha=True, iter=300, verbose=False, **common)
    return spams.lasso(signals, D=D, pos=True, **common).toarray().T, D.T


def _grid(low: float, high: float, count: int) -> tuple[float, ...]:
    return tuple(float(f"{value:.3g}") for value in np.geomspace(low, high, count))


NOISES = _grid(1e-4, 10, 16)
RGDP, BOTH = "laconic, rgdp", "laconic, rgdp on codes and components"
L1 = "laconic, laplacian on codes and components"
CURVES = (
    Curve(RGDP, partial(by_laconic, prior="rgdp"), NOISES, ours=True),
    Curve(BOTH, partial(by_laconic, prior="rgdp", dictionary_prior="rgdp"), NOISES, ours=True),
    Curve(L1, partial(by_laconic, prior="laplacian", dictionary_prior="laplacian"), _grid(1e-4, 1.5, 16), ours=True),
    Curve("scikit-learn cd, l1 on both", partial(by_sklearn, alpha_h="same"), (0.0, *_grid(1e-5, 3e-3, 8))),
    Curve("scikit-learn cd, l1 on codes", partial(by_sklearn, alpha_h=0.0), _grid(1e-4, 0.1, 7)),
    Curve("SPAMS trainDL, l1", by_spams, _grid(1e-3, 0.3, 6), available=find_spec("spams") is not None),
    Curve("laconic, laplacian", partial(by_laconic, prior="laplacian"), NOISES, ours=True),
    Curve("laconic, power_exponential", partial(by_laconic, prior="power_exponential"), NOISES, ours=True),
    Curve("laconic, student_t", partial(by_laconic, prior="student_t"), NOISES, ours=True),
)
