"""A linear head for each modality, over its codes and its features; those that a sample has vote."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import log_softmax, logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Floats = np.ndarray[Any, Any]

STRENGTHS = np.logspace(-3, 2, 6)
"""Inverse strengths of the penalty that are tried."""


@dataclass(frozen=True)
class Inputs:
    """What the head of one modality sees of n samples.

    Attributes
    ----------
    mean, variance : arrays of shape (n, M)
        Of the codes.
    features : array of shape (n, N)
        As they were read; entries that are missing, as codes say.
    present : array of bool, shape (n,)
        Which samples have the modality.
    """

    mean: Floats
    variance: Floats
    features: Floats
    present: Floats

    def take(self, rows: Floats) -> "Inputs":
        """Return some of the samples."""
        return Inputs(self.mean[rows], self.variance[rows], self.features[rows], self.present[rows])


@dataclass(frozen=True)
class Head:
    """Weights of one modality.

    An atom may mean one thing where its code is above zero and another where it is below: both parts have weights. What
    sparse codes leave out, as too close to the noise, may tell classes apart all the same: features have it.

    Attributes
    ----------
    above, below : arrays of shape (M, K)
        Weights of max(x, 0) and of max(-x, 0).
    features : array of shape (N, K)
    intercept : array of shape (K,)
    usual : array of shape (K, K)
        Mean variance of the difference of two logits over the samples that the weights were fitted to.
    """

    above: Floats
    below: Floats
    features: Floats
    intercept: Floats
    usual: Floats

    def log_probabilities(self, inputs: Inputs) -> Floats:
        """Return logarithms of class probabilities, shape (n, K); the less sure codes are, the closer to each other.

        The expectation of a softmax over Gaussian logits is close to one over sum_i exp((l_i - l_k) / s_ik), where
        s_ik = (1 + pi v_ik / 8)^(1/2) for the variance v_ik of l_i - l_k (arXiv:2006.07584; MacKay 1992 for two).
        The weights were fitted to means of codes and are right where codes are as sure as they usually were: s_ik is
        taken over what it is for the usual variance.
        """
        logits = self.logits(inputs)
        found = np.empty_like(logits)
        for k in range(logits.shape[1]):
            spread = (1 + np.pi / 8 * self.variances(inputs, k)) / (1 + np.pi / 8 * self.usual[k])
            found[:, k] = -logsumexp((logits - logits[:, [k]]) / np.sqrt(spread), axis=1)
        return np.asarray(log_softmax(found, axis=1))

    def variances(self, inputs: Inputs, k: int) -> Floats:
        """Return the variances of the logits less that of class k, shape (n, K), as if codes were independent."""
        up = inputs.mean > 0
        parts = (inputs.variance * up, self.above), (inputs.variance * ~up, self.below)
        return np.asarray(sum(variance @ (weights - weights[:, [k]]) ** 2 for variance, weights in parts))

    def logits(self, inputs: Inputs) -> Floats:
        """Return the logits of the classes by the mean of the codes, shape (n, K)."""
        codes = np.maximum(inputs.mean, 0) @ self.above + np.maximum(-inputs.mean, 0) @ self.below
        return np.asarray(codes + inputs.features @ self.features + self.intercept)


@dataclass(frozen=True)
class Panel:
    """The heads of all modalities.

    Attributes
    ----------
    heads : list of Head
    shares : array of shape (K,)
        Of the classes: all that is known of a sample without any modality.
    """

    heads: list[Head]
    shares: Floats

    def probabilities(self, several: list[Inputs]) -> Floats:
        """Return class probabilities, shape (n, K): the geometric mean over the modalities that a sample has."""
        votes = [
            np.where(one.present[:, None], head.log_probabilities(one), 0.0)
            for head, one in zip(self.heads, several, strict=True)
        ]
        n = np.sum([one.present for one in several], axis=0)[:, None]
        mean = np.where(n > 0, np.sum(votes, axis=0) / np.maximum(n, 1), np.log(self.shares))
        return np.asarray(softmax(mean, axis=1))


def panel(several: list[Inputs], labels: Floats, n_classes: int, C: float | None, seed: int) -> Panel:
    """Fit a head to the samples that have a modality, for each modality alone.

    Parameters
    ----------
    several : list of Inputs
        Of the same samples.
    labels : array of int, shape (n,)
    n_classes : int
    C : float or None
        Inverse strength of the penalty; None finds it by cross-validation, for each head.
    seed : int
        Of its folds.
    """
    shares = np.bincount(labels, minlength=n_classes) / len(labels)
    return Panel([_head(one, labels, n_classes, C, seed) for one in several], shares)


def _head(inputs: Inputs, labels: Floats, n_classes: int, C: float | None, seed: int) -> Head:
    own, labels = inputs.take(inputs.present), labels[inputs.present]
    size, usual = _size(own.mean), _size(own.features)
    x, n_atoms = own.mean / size, own.mean.shape[1]
    rows = np.hstack([np.maximum(x, 0), np.maximum(-x, 0), own.features / usual])
    weights, intercept = _regressed(rows, labels, n_classes, C, seed)
    above, below, features = np.split(weights, [n_atoms, 2 * n_atoms])
    head = Head(above / size, below / size, features / usual, intercept, np.zeros((n_classes, n_classes)))
    if not len(labels):
        return head
    return replace(head, usual=np.array([head.variances(own, k).mean(axis=0) for k in range(n_classes)]))


def _size(values: Floats) -> float:
    return max(float(np.sqrt(np.mean(values**2))), 1e-300) if values.size else 1.0


def _regressed(rows: Floats, labels: Floats, n_classes: int, C: float | None, seed: int) -> tuple[Floats, Floats]:
    """Return weights and intercepts; a class that no sample here has is as likely as one sample among them."""
    known, own = np.unique(labels, return_inverse=True)
    weights, intercept = np.zeros((rows.shape[1], n_classes)), np.full(n_classes, -np.log(len(rows) + 1.0))
    intercept[known] = 0.0
    if len(known) > 1:
        weights[:, known], intercept[known] = _weights(_chosen(rows, own, C, seed).fit(rows, own))
    return weights, intercept


def _weights(model: Any) -> tuple[Floats, Floats]:
    """Return weights and intercepts of what is not centred, (P, K) and (K,)."""
    centre, regression = model[0].mean_, model[-1]
    coef, base = regression.coef_, regression.intercept_
    if len(coef) == 1:  # of two classes scikit-learn keeps one row
        coef, base = np.vstack([-coef, coef]) / 2, np.array([-base[0], base[0]]) / 2
    return coef.T, base - base.mean() - coef @ centre


def _chosen(rows: Floats, labels: Floats, C: float | None, seed: int) -> Any:
    """Return the regression, yet to be fitted, with the strength that does best on samples held out.

    Inputs are centred by each fold: otherwise those that hardly vary in it pass for intercepts, which are free.
    """
    model = make_pipeline(StandardScaler(with_std=False), LogisticRegression(C=C or 1.0, max_iter=500))
    fewest = int(np.bincount(labels).min())
    if C is not None or fewest < 2:
        return model
    folds = StratifiedKFold(min(5, fewest), shuffle=True, random_state=seed)
    grid = {"logisticregression__C": STRENGTHS}
    search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=folds, refit=False).fit(rows, labels)
    return model.set_params(**search.best_params_)
