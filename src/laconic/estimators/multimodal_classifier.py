"""Dictionaries of several modalities and classes, learned together, as a scikit-learn classifier."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from laconic.core.arrays import Array
from laconic.core.blocks import ArraySource, Block, LocalPool, Pool
from laconic.core.blocks.source import dense_block
from laconic.core.checks import DataError, ParameterError, check_interval
from laconic.core.seeds import RandomState, as_generator
from laconic.estimators.modal_head import Inputs, panel
from laconic.estimators.multimodal import MultimodalDictionary
from laconic.estimators.multimodal_settings import settings_of
from laconic.estimators.pools import is_dask_array
from laconic.factorize.multimodal import Layout, Tick
from laconic.factorize.multimodal.schedule import Course
from laconic.factorize.multimodal.steps import Gather
from laconic.factorize.multimodal.supervised import labelled, supervised, without_labels

Floats = np.ndarray[Any, Any]


class MultimodalDictionaryClassifier(ClassifierMixin, MultimodalDictionary):
    """Classes from any of several sensors, by sparse codes over dictionaries learned for the task (arXiv:1804.03740).

    Dictionaries are learned as by `MultimodalDictionary`, then on with labels as further rows of every modality: atoms
    come to be used by some classes and not by others. A linear head for each modality is then fitted to codes found
    without labels, beside the features themselves. The class probabilities of a sample are the geometric mean of what
    the heads of its modalities say.

    Parameters
    ----------
    n_atoms, modalities, coupling, noise, method, sparsity, scaling, cycles, n_init, max_iter, tol, init, warm_start, \
random_state, memory, block_size, on_iteration, client
        As for `MultimodalDictionary`; `scaling` is "standardize" by default.
    label_noise : float or None, default=0.1
        Variance of a label, 0 or 1, around what codes say of it: the smaller, the more labels shape the dictionaries.
        None leaves them out.
    C : float or None, default=None
        Inverse strength of the penalty of the heads; None finds that of each head by cross-validation.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Labels of the classes.
    coef_, coef_below_ : dict of arrays of shape (n_atoms, n_classes)
        Weights of the codes of each modality where they are above zero, and of their sizes where they are below.
    coef_features_ : dict of arrays of shape (n_features, n_classes)
        Weights of the features of each modality, scaled as `scaling` says.
    intercept_ : dict of arrays of shape (n_classes,)
        Intercepts of each modality.
    components_, noise_, ... : as of `MultimodalDictionary`

    See Also
    --------
    MultimodalDictionary : Without labels.

    Notes
    -----
    Samples are held in memory while a classifier is fitted.

    Examples
    --------
    >>> import laconic
    >>> from laconic.datasets import load_digit_halves
    >>> digits = load_digit_halves(missing=0.3, random_state=0)
    >>> model = laconic.MultimodalDictionaryClassifier(30, sparsity=4, cycles=1, tol=0.1, random_state=0)
    >>> train = {name: half[:500] for name, half in digits.X.items()}
    >>> test = {name: half[500:700] for name, half in digits.X.items()}
    >>> model.fit(train, digits.y[:500]).score(test, digits.y[500:700]) > 0.7
    True
    """

    def __init__(
        self,
        n_atoms: Any = None,
        *,
        modalities: Any = None,
        coupling: Any = "one-to-one",
        noise: Any = "auto",
        method: str = "full",
        sparsity: int | None = None,
        scaling: str | None = "standardize",
        cycles: int = 3,
        n_init: int = 1,
        max_iter: int = 100,
        tol: float = 1e-3,
        init: Any = None,
        warm_start: bool = False,
        random_state: RandomState = None,
        memory: str | int = "1GB",
        block_size: int | None = None,
        on_iteration: Callable[[Tick], None] | None = None,
        client: Any = None,
        label_noise: float | None = 0.1,
        C: float | None = None,
    ) -> None:
        super().__init__(
            n_atoms,
            modalities=modalities,
            coupling=coupling,
            noise=noise,
            method=method,
            sparsity=sparsity,
            scaling=scaling,
            cycles=cycles,
            n_init=n_init,
            max_iter=max_iter,
            tol=tol,
            init=init,
            warm_start=warm_start,
            random_state=random_state,
            memory=memory,
            block_size=block_size,
            on_iteration=on_iteration,
            client=client,
        )
        self.label_noise = label_noise
        self.C = C

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn dictionaries and heads.

        Parameters
        ----------
        X : as for `MultimodalDictionary.fit`, in memory
        y : array of shape (n_samples,)
            Classes, of which there are two at least.
        """
        self._check()
        labels = self._labels(X, y)
        with self._pool(X) as (pool, layout):
            if pool.n_samples != len(labels):
                raise ValueError(f"X has {pool.n_samples} samples, but y has {len(labels)}: inconsistent numbers")
            self._learn(pool, layout, above=1)
            rows = _rows(pool)
            if self.label_noise is not None:
                self._learn_labels(rows, labels, layout)
        self._fit_heads(rows, labels)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Raise: a classifier sees all samples at once."""
        raise AttributeError(f"{type(self).__name__} has no partial_fit: heads are fitted to all samples at once")

    def predict(self, X: Any) -> Floats:
        """Return the likeliest class of each sample, shape (n_samples,)."""
        probabilities = self.predict_proba(X)
        found: Floats = self.classes_[np.argmax(probabilities, axis=1)]
        return found

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, shape (n_samples, n_classes), whatever modalities samples have."""
        check_is_fitted(self)
        source = self._source(X, reset=False)
        parts = [self._panel.probabilities(self._inputs_of(source.block(i))) for i in range(source.n_blocks)]
        return np.concatenate(parts)

    def predict_log_proba(self, X: Any) -> Floats:
        """Return the logarithms of `predict_proba`."""
        return np.log(np.maximum(self.predict_proba(X), 1e-300))

    def score(self, X: Any, y: Any = None) -> float:
        """Return the share of samples whose class is predicted."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    def _check(self) -> None:
        owner = type(self).__name__
        for name in ("label_noise", "C"):
            if getattr(self, name) is not None:
                check_interval(owner, name, getattr(self, name), 0.0, float("inf"), closed="neither")

    def _labels(self, X: Any, y: Any) -> Floats:
        owner = type(self).__name__
        if y is None:
            raise ValueError(f"{owner} requires y to be passed, but the target y is None")
        if is_dask_array(X):
            raise ParameterError(owner, "X", "held in memory where classes are learned", type(X).__name__)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(f"{owner}: y must hold two classes at least, got {len(self.classes_)} class")
        return np.asarray(labels)

    def _learn_labels(self, rows: Floats, labels: Floats, layout: Layout) -> None:
        """Go on with labels as rows of every modality."""
        one_hot = np.eye(len(self.classes_))[labels]
        together = np.hstack([rows, one_hot - one_hot.mean(axis=0)])
        columns = np.arange(rows.shape[1], together.shape[1])
        pool = LocalPool(ArraySource(together, np.array([0, len(together)])))
        model = labelled(self.result_.model, columns, float(self.label_noise or 1.0))
        run = supervised(pool, model, settings_of(self, layout), self._seen)
        self._keep_model(without_labels(run.state.model), run.state.sums)

    def _seen(self, count: int, at: Course) -> None:
        """Tell whoever watches of a step with labels."""
        if self.on_iteration is not None:
            objective, change = float(at.objective[0]), float(at.change[0])
            self.on_iteration(Tick("labels", count, self.max_iter, objective, change, at.model.noises))

    def _fit_heads(self, rows: Floats, labels: Floats) -> None:
        seed = int(as_generator(type(self).__name__, self.random_state).integers(2**31))
        self._panel = panel(self._inputs_of(dense_block(rows, 0)), labels, len(self.classes_), self.C, seed)
        named = list(zip(self.n_atoms_, self._panel.heads, strict=True))
        self.coef_ = {name: head.above for name, head in named}
        self.coef_below_ = {name: head.below for name, head in named}
        self.coef_features_ = {name: head.features for name, head in named}
        self.intercept_ = {name: head.intercept for name, head in named}

    def _inputs_of(self, block: Block) -> list[Inputs]:
        encoder = self._encoder()
        coded = encoder.coded(block)
        parts = zip(encoder.moments(coded), encoder.filled(coded), coded.views, strict=True)
        return [_inputs(*pair, features, view.readings.present()) for pair, features, view in parts]


def _inputs(mean: Array, std: Array, features: Array, present: Array | None) -> Inputs:
    mean, std, features = (np.asarray(one, np.float64) for one in (mean, std, features))
    there = np.ones(len(mean), bool) if present is None else np.asarray(present)
    return Inputs(mean, std**2, features, there)


def _rows(pool: Pool) -> Floats:
    """Return the samples of a pool in memory, NaN where an entry is missing."""
    found: Floats = np.concatenate(pool.run(Gather(1)).parts)
    return found
