"""A linear head for each modality, over the two halves of its codes; those that are there add up to the logits."""

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
    present : array of bool, shape (n, J)
    """

    mean: list[Floats]
    variance: list[Floats]
    present: Floats


@dataclass(frozen=True)
class Head:
    """Weights of the codes of each modality, and an intercept of each.

    An atom may mean one thing where its code is above zero and another where it is below: both parts have weights.

    Attributes
    ----------
    above, below : list of arrays of shape (M_j, K)
        Weights of max(x, 0) and of max(-x, 0).
    intercepts : array of shape (J, K)
    base : array of shape (K,)
        Intercept of all.
    """

    above: list[Floats]
    below: list[Floats]
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
            here, up = codes.present[:, [j]], mean > 0
            logits = logits + here * (np.maximum(mean, 0) @ self.above[j] + np.maximum(-mean, 0) @ self.below[j])
            spread += here * ((variance * up) @ self.above[j] ** 2 + (variance * ~up) @ self.below[j] ** 2)
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
    scales = [max(float(np.sqrt(np.mean(m**2))), 1e-300) for m in parts[0].mean]
    rows = np.vstack([_inputs(part, scales) for part in parts])
    repeated = np.tile(labels, len(parts))
    model = LogisticRegression(C=C or 1.0, max_iter=2000)
    if C is None:
        model = _chosen(model, rows, repeated, labels, seed)
    model.fit(rows, repeated)
    return _taken_apart(model, parts[0], scales, n_classes)


def _inputs(codes: Codes, scales: list[float]) -> Floats:
    """Return codes in units of their typical size, zero where a modality is missing, and which are there."""
    pairs = zip(codes.mean, scales, strict=True)
    blocks = [_halves(mean / scale) * codes.present[:, [j]] for j, (mean, scale) in enumerate(pairs)]
    return np.hstack([*blocks, codes.present.astype(np.float64)])


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


def _taken_apart(model: Any, codes: Codes, scales: list[float], n_classes: int) -> Head:
    coef, base = model.coef_, model.intercept_
    if n_classes == 2:  # scikit-learn keeps one row of two
        coef, base = np.vstack([-coef, coef]) / 2, np.array([-base[0], base[0]]) / 2
    ends = np.cumsum([n for mean in codes.mean for n in (mean.shape[1],) * 2])
    parts = np.split(coef, ends, axis=1)
    weights = [part.T / scale for part, scale in zip(parts[:-1], np.repeat(scales, 2), strict=True)]
    return Head(weights[::2], weights[1::2], parts[-1].T, base)
