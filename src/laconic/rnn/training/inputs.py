"""What comes in: sequences and their classes, checked and scaled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d, validate_data
from torch import nn

from laconic.core.checks import DataError, ParameterError
from laconic.rnn.training.batches import Sequences
from laconic.rnn.training.distillation import Rescaled
from laconic.rnn.training.seeds import derive_seed

_BLOCK = 4096  # sequences scaled at a time, so that no second copy of the data is made in float64

_FORM: dict[str, Any] = {"dtype": np.float32, "order": "C"}


def _quiet() -> np.errstate:
    """Silence NumPy: what float32 cannot hold is refused with words, not warned of."""
    return np.errstate(over="ignore", invalid="ignore")


def n_dimensions(X: Any) -> int:
    """Return how many dimensions an array-like has."""
    n: int = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
    return n


def check_sequences(X: Any, n_features: int | None = None) -> NDArray[np.float32]:
    """Check sequences of shape (n_samples, n_steps, n_features) and return them as float32.

    Parameters
    ----------
    X : array-like
    n_features : int or None
        Features that a model expects.

    Raises
    ------
    ValueError
        scikit-learn's for what is not numeric, not finite or empty; `DataError` for another shape.
    """
    with _quiet():
        checked: NDArray[np.float32] = check_array(X, allow_nd=True, input_name="X", estimator="RNNClassifier", **_FORM)
    if checked.ndim != 3 or 0 in checked.shape:
        raise DataError(
            f"RNNClassifier: X must have shape (n_samples, n_steps, {n_features or 'n_features'}), none of them zero"
            f"{'' if n_features else ', or (n_samples, n_steps)'}; got shape {checked.shape}"
        )
    if n_features is not None and checked.shape[2] != n_features:
        raise DataError(
            f"X has {checked.shape[2]} features, but RNNClassifier is expecting {n_features} features as input"
        )
    return checked


def check_classes(y: Any) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the classes in y, sorted, and each sample's index among them.

    Raises
    ------
    ValueError
        If y is not one column of classes, or (`DataError`) holds one class only.
    """
    y = column_or_1d(y, warn=True)
    assert_all_finite(y, input_name="y")
    check_classification_targets(y)
    encoder = LabelEncoder().fit(y)
    if len(encoder.classes_) < 2:
        raise DataError(f"RNNClassifier: y must hold at least two classes, got one class, {encoder.classes_[0]!r}")
    return encoder.classes_, encoder.transform(y).astype(np.int64)


def encode(y: Any, classes: NDArray[Any], parameter: str = "y_valid") -> NDArray[np.int64]:
    """Return each sample's index among known classes; an unknown class is a `DataError`."""
    y = column_or_1d(y)
    unknown = sorted(set(np.unique(y).tolist()) - set(classes.tolist()), key=repr)
    if unknown:
        raise DataError(f"RNNClassifier: {parameter} holds classes that y has not: {unknown}")
    codes: NDArray[np.int64] = np.searchsorted(classes, y).astype(np.int64)
    return codes


Labelled = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Sequences (n, n_steps, n_features) and the index of each one's class (n,)."""


class SequenceEstimator(BaseEstimator):
    """An estimator that remembers the form of X: two dimensions are one feature a step, three are sequences.

    Attributes
    ----------
    n_features_in_, n_steps_in_ : int
    """

    _flat: bool

    def _check_training_data(
        self, X: ArrayLike, y: ArrayLike
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[Any]]:
        """Check X and y; return x (n, steps, features), indices of classes (n,) and the classes."""
        self._flat = n_dimensions(X) < 3
        if self._flat:
            with _quiet():
                x: NDArray[np.float32] = validate_data(self, X, **_FORM)[:, :, None]
        else:
            x = check_sequences(X)
            self.n_features_in_ = x.shape[2]
            if hasattr(self, "feature_names_in_"):
                del self.feature_names_in_
        self.n_steps_in_ = x.shape[1]
        classes, codes = check_classes(y)
        check_consistent_length(x, codes)
        return x, codes, classes

    def _check_validation_data(
        self, X: ArrayLike | None, y: ArrayLike | None, classes: NDArray[Any]
    ) -> Labelled | None:
        if X is None and y is None:
            return None
        if X is None or y is None:
            raise DataError("RNNClassifier: X_valid and y_valid must be given together")
        x, codes = self._check_x(X, 1 if self._flat else self.n_features_in_), encode(y, classes)
        check_consistent_length(x, codes)
        return x, codes

    def _check_x(self, X: ArrayLike, n_features: int) -> NDArray[np.float32]:
        """Check sequences of a network of so many features; return them as (n, steps, features)."""
        if self._flat and n_dimensions(X) < 3:
            with _quiet():
                x: NDArray[np.float32] = validate_data(self, X, reset=False, **_FORM)[:, :, None]
            return x
        if n_features == 1 and n_dimensions(X) == 2:
            X = np.asarray(X)[:, :, None]
        return check_sequences(X, n_features)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def hold_out(x: NDArray[np.float32], codes: NDArray[np.int64], fraction: float, seed: int) -> tuple[Labelled, Labelled]:
    """Split off a stratified part for validation; return the rest and that part.

    Raises
    ------
    DataError
        If there are too few samples of some class to have it in both parts.
    """
    try:
        rest, part = train_test_split(
            np.arange(len(x)), test_size=fraction, stratify=codes, random_state=derive_seed(seed, "split") % 2**32
        )
    except ValueError as error:
        raise DataError(
            f"RNNClassifier: early_stopping cannot hold out validation_fraction={fraction} of {len(x)} samples "
            f"({error}); give X_valid and y_valid, or more samples"
        ) from error
    return (x[rest], codes[rest]), (x[part], codes[part])


@dataclass(frozen=True, eq=False)
class Standardizer:
    """Scales each feature to mean 0 and standard deviation 1, over samples and steps.

    Attributes
    ----------
    mean, scale : ndarray (n_features,), float32
        `scale` is the standard deviation, or 1 where a feature is constant.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    @classmethod
    def of(cls, x: NDArray[np.float32]) -> "Standardizer":
        """Measure sequences (n, n_steps, n_features); sums are taken in float64."""
        scaler = StandardScaler()
        for start in range(0, len(x), _BLOCK):
            scaler.partial_fit(x[start : start + _BLOCK].reshape(-1, x.shape[2]))
        return cls(scaler.mean_.astype(np.float32), scaler.scale_.astype(np.float32))

    @classmethod
    def chosen(cls, x: NDArray[np.float32], standardize: bool | str) -> "Standardizer":
        """Return the one that a classifier's `standardize` asks for; "auto" scales unless a common scale is there.

        A feature that is nearly always zero, such as a pixel at the rim, would be blown up by its own deviation.
        """
        peak = max(-float(x.min()), float(x.max()))
        common = 0.5 <= peak <= 1.0 if standardize == "auto" else not standardize
        return cls.neutral(x.shape[2]) if common else cls.of(x)

    @classmethod
    def neutral(cls, n_features: int) -> "Standardizer":
        """Return the one that changes nothing."""
        return cls(np.zeros(n_features, np.float32), np.ones(n_features, np.float32))

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scaled sequences, as float32."""
        scaled: NDArray[np.float32] = (x - self.mean) / self.scale
        return scaled

    def seen_by(self, module: nn.Module, other: "Standardizer") -> nn.Module:
        """Return a module that expects sequences as this one scales them, made to take those that `other` scaled."""
        scale, offset = other.scale / self.scale, (other.mean - self.mean) / self.scale
        if np.all(scale == 1) and not np.any(offset):
            return module
        return Rescaled(module, torch.from_numpy(scale), torch.from_numpy(offset))

    def sequences(self, x: NDArray[np.float32], codes: NDArray[np.int64]) -> Sequences:
        """Return scaled sequences with their classes, as tensors."""
        return Sequences(torch.from_numpy(self(x)), torch.from_numpy(codes))


def class_weights(
    rule: Mapping[Any, float] | str | None, classes: NDArray[Any], codes: NDArray[np.int64]
) -> torch.Tensor | None:
    """Return the weight of each class in the loss, (n_classes,) float32, or None where all weigh the same.

    Parameters
    ----------
    rule : dict, "balanced" or None
        "balanced" is n / (n_classes * n of the class); a class that a dict leaves out weighs 1.
    classes, codes : ndarray
        Classes, and the index of each sample's.
    """
    if rule is None:
        return None
    if isinstance(rule, str):
        return torch.from_numpy((len(codes) / (len(classes) * np.bincount(codes))).astype(np.float32))
    unknown = set(rule) - set(classes.tolist())
    if unknown or not all(np.isfinite(weight) and weight >= 0 for weight in rule.values()):
        allowed = f"a dict of weights, none negative, of classes among {classes.tolist()}"
        raise ParameterError("RNNClassifier", "class_weight", allowed, rule)
    return torch.tensor([float(rule.get(name, 1.0)) for name in classes.tolist()])
