"""Views that are missing, filled in from those that are there."""

from typing import Any

import numpy as np
from sets import Views
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.impute import KNNImputer


def beside(views: Views) -> Any:
    return np.hstack(list(views.values()))


class ByMean:
    """Fill in the mean of training samples, which is 0."""

    def __init__(self, train: Views) -> None:
        pass

    def __call__(self, views: Views) -> Any:
        return np.nan_to_num(beside(views))


class ByNeighbours:
    """Fill in the mean of the five nearest training samples."""

    def __init__(self, train: Views) -> None:
        self._imputer = KNNImputer(n_neighbors=5).fit(beside(train))

    def __call__(self, views: Views) -> Any:
        return self._imputer.transform(beside(views))


class ByGaussian:
    """Fill in the conditional expectation, with the covariance of the training samples shrunk as Ledoit and Wolf do.

    That is ridge regression of the missing features on the others, worked out between samples.
    """

    def __init__(self, train: Views) -> None:
        self._train = beside(train)
        shrinkage = ledoit_wolf_shrinkage(self._train, assume_centered=True)
        level = float(np.mean(self._train**2))
        self._ridge = len(self._train) * level * shrinkage / max(1 - shrinkage, 1e-6)

    def __call__(self, views: Views) -> Any:
        X = beside(views)
        patterns, which = np.unique(np.isnan(X), axis=0, return_inverse=True)
        for place, missing in enumerate(patterns):
            if missing.any():
                rows = np.flatnonzero(which.ravel() == place)
                X[np.ix_(rows, missing)] = self._expected(X[np.ix_(rows, ~missing)], missing)
        return X

    def _expected(self, seen: Any, missing: Any) -> Any:
        known, wanted = self._train[:, ~missing], self._train[:, missing]
        inner = known @ known.T + self._ridge * np.eye(len(known))
        return (seen @ known.T) @ np.linalg.solve(inner, wanted)
