"""Every method of the experiment: from training samples to class probabilities of samples with views missing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from impute import ByGaussian, ByMean, ByNeighbours, beside
from sets import Task, Views
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import laconic

Predict = Callable[[Views], Any]
"""Probabilities (n, n_classes)."""

IMPUTERS = {"mean": ByMean, "5 neighbours": ByNeighbours, "Gaussian": ByGaussian}
CLASSIFIER, CODES = "laconic classifier", "laconic codes + logistic regression"
LOGISTIC, FUSED, DROPPED = "logistic regression", "logistic regression a view, averaged", "trained with views dropped"


@dataclass(frozen=True)
class Line:
    """A fitted way to predict, from all views or from one alone."""

    name: str
    predict: Predict
    view: str | None = None


def logistic(X: Any, y: Any, seed: int) -> Any:
    """Return logistic regression on standardised features, its strength chosen by cross-validation in three parts."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    strengths = {"logisticregression__C": [1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0]}
    parts = StratifiedKFold(3, shuffle=True, random_state=seed)
    return GridSearchCV(model, strengths, cv=parts, scoring="neg_log_loss").fit(X, y)  # steadier than accuracy


def classifier(task: Task, seed: int) -> list[Line]:
    return [Line(CLASSIFIER, _classifier(task, task.train, seed))]


def classifier_alone(task: Task, seed: int) -> list[Line]:
    return [_one(CLASSIFIER, name, _classifier(task, {name: X}, seed)) for name, X in task.train.items()]


def _classifier(task: Task, views: Views, seed: int) -> Predict:
    model = laconic.MultimodalDictionaryClassifier(task.atoms, random_state=seed)
    return model.fit(views, task.y_train).predict_proba


def codes(task: Task, seed: int) -> list[Line]:
    """Learn dictionaries without labels, then a logistic regression on the codes."""
    model = laconic.MultimodalDictionary(task.atoms, random_state=seed).fit(task.train)
    head = logistic(model.transform(task.train), task.y_train, seed)
    return [Line(CODES, lambda views: head.predict_proba(model.transform(views)))]


def concatenated(task: Task, seed: int) -> list[Line]:
    """One logistic regression on all views side by side; what is missing is filled in first."""
    head = logistic(beside(task.train), task.y_train, seed)
    return [Line(f"{LOGISTIC}, {name}", _filled(head, kind(task.train))) for name, kind in IMPUTERS.items()]


def _filled(head: Any, fill: Callable[[Views], Any]) -> Predict:
    return lambda views: head.predict_proba(fill(views))


def dropped(task: Task, seed: int) -> list[Line]:
    """The same, trained on each sample three times more, with some views at random set to the mean."""
    rng = np.random.default_rng(seed)
    names = list(task.train)
    copies = [task.train, *(without(task.train, rng.integers(1, len(names)), rng) for _ in range(3))]
    X = np.vstack([np.nan_to_num(beside(views)) for views in copies])
    head = logistic(X, np.tile(task.y_train, len(copies)), seed)
    return [Line(f"{LOGISTIC}, {DROPPED}", _filled(head, ByMean(task.train)))]


def one_a_view(task: Task, seed: int) -> list[Line]:
    """A logistic regression for each view, alone and averaged over those that are there."""
    heads = {name: logistic(X, task.y_train, seed) for name, X in task.train.items()}
    alone = [_one(LOGISTIC, name, _of_view(head, name)) for name, head in heads.items()]
    return [Line(FUSED, lambda views: averaged(heads, views)), *alone]


def _of_view(head: Any, view: str) -> Predict:
    return lambda views: head.predict_proba(views[view])


def averaged(heads: dict[str, Any], views: Views) -> Any:
    """Return probabilities whose logarithms are the mean of those of the views that are there."""
    total, count = 0.0, np.zeros((len(next(iter(views.values()))), 1))
    for name, head in heads.items():
        there = ~np.isnan(views[name]).any(axis=1, keepdims=True)
        total = total + there * np.log(np.maximum(head.predict_proba(np.nan_to_num(views[name])), 1e-12))
        count += there
    found = np.exp(total / np.maximum(count, 1))
    return found / found.sum(axis=1, keepdims=True)


def _one(name: str, view: str, predict: Predict) -> Line:
    return Line(f"{name}, {view}", lambda views: predict({view: views[view]}), view)


def without(views: Views, count: int, rng: np.random.Generator) -> Views:
    """Return the samples, each without `count` views drawn at random."""
    n, names = len(next(iter(views.values()))), list(views)
    gone = rng.random((n, len(names))).argsort(axis=1)[:, :count]
    left = {name: X.copy() for name, X in views.items()}
    for place, name in enumerate(names):
        left[name][(gone == place).any(axis=1)] = np.nan
    return left


METHODS: dict[str, Callable[[Task, int], list[Line]]] = {
    "laconic classifier": classifier,
    "laconic codes": codes,
    "laconic classifier alone": classifier_alone,
    "logistic regression": concatenated,
    "logistic regression, views dropped": dropped,
    "logistic regression a view": one_a_view,
}
