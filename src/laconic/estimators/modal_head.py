"""A linear head for each modality, over its codes of two kinds; those that are there add up to the logits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold

Floats = np.ndarray[Any, Any]

STRENGTHS = np.logspace(-3, 2, 6)
"""Inverse strengths of the penalty that are tried."""


@dataclass(frozen=True)
class Codes:
    """Codes of n samples.

    Attributes
    ----------
    mean, variance : list of arrays of shape (n, M_j)
        Under the scales of each sample.
    steady : list of arrays of shape (n, M_j)
        Means under the same scales for all samples: linear in what a modality has read, whatever the others say.
    present : array of bool, shape (n, J)
    """

    mean: list[Floats]
    variance: list[Floats]
    steady: list[Floats]
    present: Floats


@dataclass(frozen=True)
class Head:
    """Weights of the codes of each modality, and an intercept of each.

    An atom may mean one thing where its code is above zero and another where it is below: both parts have weights. What
    sparse codes leave out, as too close to the noise, may tell classes apart all the same: steady ones have it.

    Attributes
    ----------
    above, below : list of arrays of shape (M_j, K)
        Weights of max(x, 0) and of max(-x, 0).
    steady : list of arrays of shape (M_j, K)
        Weights of steady codes.
    intercepts : array of shape (J, K)
    base : array of shape (K,)
        Intercept of all.
    """

    above: list[Floats]
    below: list[Floats]
    steady: list[Floats]
    intercepts: Floats
    base: Floats

    def probabilities(self, codes: Codes) -> Floats:
        """Return class probabilities, shape (n, K); the less sure codes are, the closer to each other.

        The expectation of a softmax over Gaussian logits is that of logits divided by (1 + pi v / 8)^(1/2) for their
        variances v (MacKay 1992), closely.
        """
        logits = codes.present @ self.intercepts + self.base
        spread = np.zeros_like(logits)
        for j, (mean, variance) in enumerate(zip(codes.mean, codes.variance, strict=True)):
            here, up, steady = codes.present[:, [j]], mean > 0, self.steady[j]
            own = np.maximum(mean, 0) @ self.above[j] + np.maximum(-mean, 0) @ self.below[j]
            logits = logits + here * (own + codes.steady[j] @ steady)
            above, below = (self.above[j] + steady) ** 2, (self.below[j] - steady) ** 2
            spread += here * ((variance * up) @ above + (variance * ~up) @ below)
        return np.asarray(softmax(logits / np.sqrt(1 + np.pi / 8 * spread), axis=1))


def fitted(parts: Sequence[Codes], labels: Floats, n_classes: int, C: float | None, seed: int) -> Head:
    """Fit a head to codes found from several sets of modalities, all of the same samples.

    Parameters
    ----------
    parts : sequence of Codes
    labels : array of int, shape (n,)
    n_classes : int
    C : float or None
        Inverse strength of the penalty; None finds it by cross-validation over samples.
    seed : int
        Of its folds.
    """
    scales = [(_size(mean), _size(steady)) for mean, steady in zip(parts[0].mean, parts[0].steady, strict=True)]
    rows = np.vstack([_inputs(part, scales) for part in parts])
    repeated = np.tile(labels, len(parts))
    model = LogisticRegression(C=C or 1.0, max_iter=2000)
    if C is None:
        model = _chosen(model, rows, repeated, labels, seed)
    model.fit(rows, repeated)
    return _taken_apart(model, parts[0], scales, n_classes)


def _size(codes: Floats) -> float:
    return max(float(np.sqrt(np.mean(codes**2))), 1e-300)


def _inputs(codes: Codes, scales: list[tuple[float, float]]) -> Floats:
    """Return codes in units of their typical size, zero where a modality is missing, and which are there."""
    pairs = zip(codes.mean, codes.steady, scales, strict=True)
    blocks = [np.hstack([_halves(mean / size), steady / usual]) for mean, steady, (size, usual) in pairs]
    there = [block * codes.present[:, [j]] for j, block in enumerate(blocks)]
    return np.hstack([*there, codes.present.astype(np.float64)])


def _halves(values: Floats) -> Floats:
    return np.hstack([np.maximum(values, 0), np.maximum(-values, 0)])


def _chosen(model: Any, rows: Floats, repeated: Floats, labels: Floats, seed: int) -> Any:
    """Return the model with the strength that does best on samples held out, with all their copies."""
    fewest = int(np.bincount(labels)[np.unique(labels)].min())
    if fewest < 2:
        return model
    copies, n = len(rows) // len(labels), len(labels)
    folds = StratifiedKFold(min(5, fewest), shuffle=True, random_state=seed).split(labels[:, None], labels)
    splits = [tuple(np.concatenate([part + i * n for i in range(copies)]) for part in fold) for fold in folds]
    search = GridSearchCV(model, {"C": STRENGTHS}, scoring="neg_log_loss", cv=splits, refit=False)
    search.fit(rows, repeated)
    return model.set_params(C=search.best_params_["C"])


def _taken_apart(model: Any, codes: Codes, scales: list[tuple[float, float]], n_classes: int) -> Head:
    coef, base = model.coef_, model.intercept_
    if n_classes == 2:  # scikit-learn keeps one row of two
        coef, base = np.vstack([-coef, coef]) / 2, np.array([-base[0], base[0]]) / 2
    ends = np.cumsum([n for mean in codes.mean for n in (mean.shape[1],) * 3])
    parts, sizes = np.split(coef, ends, axis=1), [one for size, usual in scales for one in (size, size, usual)]
    weights = [part.T / size for part, size in zip(parts[:-1], sizes, strict=True)]
    return Head(weights[::3], weights[1::3], weights[2::3], parts[-1].T, base)
