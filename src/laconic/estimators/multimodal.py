"""Dictionaries of several modalities, learned together, as a scikit-learn transformer."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from laconic.core.arrays import Array, array_namespace, as_array, device
from laconic.core.blocks import LocalPool, Pool, Source
from laconic.core.checks import ParameterError
from laconic.core.seeds import RandomState, as_generator
from laconic.estimators.checkpointing import checkpoint_of
from laconic.estimators.modal_values import ByName, by_name, in_columns, told_if_unused
from laconic.estimators.modalities import is_several, joined, layout_of
from laconic.estimators.multimodal_settings import check_parameters, settings_of
from laconic.estimators.pools import WithClient, chunks_encoded, is_dask_array, pooled
from laconic.estimators.sampled import sampled
from laconic.factorize.multimodal import (
    Checkpoint,
    Encoder,
    Layout,
    Model,
    MultimodalResult,
    Stream,
    Tick,
    continued,
    follow,
    learn,
    scaled,
    surveyed,
)
from laconic.factorize.multimodal.statistics import Sums


class MultimodalDictionary(TransformerMixin, WithClient):
    """Sparse codes of several modalities over dictionaries learned together (arXiv:1804.03740).

    Each sample is read by several sensors, y_j = D_j' x_j + v_j with v_j ~ N(0, s_j² I). Codes x_j ~ N(0, diag(T_j g))
    have scales g of the sample that the modalities share: they say together which atoms are used, while coefficients,
    numbers of features, of atoms and the noise are each modality's own. So a noisy sensor gets its
    dictionary with the help of a clean one. Dictionaries are learned by EM; codes are integrated out.

    Parameters
    ----------
    n_atoms : int, dict or sequence of int, or None, default=None
        Atoms of each modality. None is twice the features of the widest, but 64 at most.
    modalities : dict or None, default=None
        Names of modalities and their columns in X: numbers, a slice, a mask, or names of a DataFrame's columns. None
        is one modality, or those that X itself holds.
    coupling : {"one-to-one", "groups", "tree", "separate"} or ModalCoupling, default="one-to-one"
        Which atoms share scales; see `laconic.sbl.coupling`.
    noise : "auto", float, dict or sequence of float, default="auto"
        Variance of the noise of an entry, for all modalities or each. "auto" finds them by how well features that are
        hidden are predicted. Rounding is the least: 1e-10 of a sample's energy (1e-6 in float32) over its entries.
    method : {"full", "reference"}, default="full"
        "full" begins with matching pursuit and K-SVD and heats its noises up again a few times; "reference" is the
        plain algorithm, a random start under noises that fall slowly to those given.
    sparsity : int or None, default=None
        Atoms of a sample in the warm start; None tries several.
    scaling : {None, "center", "standardize"}, default=None
        Whether the mean of each feature is taken off first, and whether it is divided by its standard deviation. Noises
        are then those of scaled features.
    cycles : int, default=3
        How often noises are heated up again.
    n_init : int, default=1
        Searches from different starts; the one under which the samples are likeliest, at equal noise, is kept.
    max_iter : int, default=100
        Steps of EM over all data after the search, at most.
    tol : float, default=1e-3
        They end when no atom, of length one, moves by more than this.
    init : dict or sequence of arrays of shape (n_atoms, n_features), or None, default=None
        Dictionaries to begin with.
    warm_start : bool, default=False
        Whether a fit begins with the dictionaries of the last one.
    random_state : int, Generator, RandomState or None, default=None
        Of starts, and of the features that are hidden.
    memory : str or int, default="1GB"
        What may be taken for samples that are not in memory.
    block_size : int or None, default=None
        Samples in a block; None is what suits the memory.
    on_iteration : callable or None, default=None
        Called with a `laconic.factorize.multimodal.Tick` at each step.
    client : distributed.Client, str or None, default=None
        Where to fit, as for `SparseNMF`.
    checkpoint : path or None, default=None
        A folder to keep the state of the fit in, as for `SparseNMF`.
    checkpoint_every : int, default=10
        Steps from one checkpoint to the next.

    Attributes
    ----------
    components_ : dict of arrays of shape (n_atoms, n_features)
        The dictionary of each modality; rows of length one (of scaled features, if they are).
    noise_ : dict of float
        Variances of the noise, of scaled features if they are.
    n_atoms_ : dict of int
        Atoms of each modality.
    modalities_ : dict of arrays of int
        Columns of each modality.
    links_ : dict of arrays of shape (n_atoms, n_scales)
        T_j of each modality.
    usage_ : dict of arrays of shape (n_atoms,)
        Share of the samples that use each atom.
    energy_ : dict of arrays of shape (n_atoms,)
        Mean square of each atom's code over the samples that have the modality.
    unit_ : dict of float
        What each modality was divided by, so that a sample has energy one in each.
    log_likelihood_ : float
        Of a sample of the data, on average.
    trace_ : array of shape (`n_iter_`,)
        Log-likelihood of a sample, in units of the fit, before each step of EM over all data, under the noise that
        dictionaries are learned with: twice `noise_`.
    n_iter_ : int
        Steps of EM over all data.
    sparsity_ : int or None
        Of the warm start that was the best.
    result_ : MultimodalResult
        What the fit returned.
    n_batches_ : int
        Batches seen, after `partial_fit`.
    n_features_in_ : int
        Number of features of all modalities.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where X had names that are all strings.

    See Also
    --------
    MultimodalDictionaryClassifier : Dictionaries and classes learned together.
    SparseNMF : Non-negative parts of one kind of data.

    Notes
    -----
    NaN in all columns of a modality means that the sample lacks this sensor; NaN in some are missing entries. Neither
    is filled in: the likelihood is that of what is there. Scales are shared, signs are not: of a modality that a sample
    lacks, the model knows which atoms it would use, and how strongly, but its expected signal is zero.

    Examples
    --------
    >>> import laconic
    >>> from laconic.datasets import make_sensors
    >>> planted = make_sensors(600, n_atoms=25, n_nonzero=3, snr=(30, 10))
    >>> model = laconic.MultimodalDictionary(25, random_state=0).fit(planted.X)
    >>> cosines = abs(model.components_["b"] @ planted.components["b"].T)  # of the noisy sensor
    >>> bool((cosines.max(axis=0) > 0.97).mean() > 0.9)
    True
    """

    _stream: Stream | None

    def __init__(
        self,
        n_atoms: Any = None,
        *,
        modalities: Any = None,
        coupling: Any = "one-to-one",
        noise: Any = "auto",
        method: str = "full",
        sparsity: int | None = None,
        scaling: str | None = None,
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
        checkpoint: Any = None,
        checkpoint_every: int = 10,
    ) -> None:
        self.n_atoms = n_atoms
        self.modalities = modalities
        self.coupling = coupling
        self.noise = noise
        self.method = method
        self.sparsity = sparsity
        self.scaling = scaling
        self.cycles = cycles
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.init = init
        self.warm_start = warm_start
        self.random_state = random_state
        self.memory = memory
        self.block_size = block_size
        self.on_iteration = on_iteration
        self.client = client
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the dictionaries.

        Parameters
        ----------
        X : array, DataFrame, memory map, Dask array of shape (n_samples, n_features), or dict or list of arrays
            A dict or list holds one array for each modality, of shape (n_samples, n_features_j). NaN where a sensor or
            an entry is missing.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If a parameter is outside its limits.
        ValueError
            If the data cannot be used.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` steps were not enough.
        UserWarning
            If most atoms of a modality are in use in no sample.
        """
        with self._pool(X) as (pool, layout):
            self._learn(pool, layout, above=1)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """Learn the dictionaries and return the codes of the samples, as `transform` does."""
        with self._pool(X) as (pool, layout):
            self._learn(pool, layout, above=2)  # scikit-learn wraps this method
        return self.transform(X)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Learn on from a batch of samples, taking what `fit` takes; the first batch is fitted as `fit` does.

        Units and noises are those of the first batch. After `fit` it goes on from there.
        """
        if not hasattr(self, "result_"):
            return self.fit(X)
        source = self._source(X, reset=False)
        stream = getattr(self, "_stream", None) or continued(self.result_)
        self._stream = follow(LocalPool(source), stream)
        self.n_batches_ = self._stream.n_batches
        self._keep_model(self._stream.model, self._stream.sums)
        return self

    def transform(self, X: Any) -> Array:
        """Return the codes of all modalities side by side, shape (n_samples, sum of n_atoms).

        Parameters
        ----------
        X : as for `fit`
            A dict may lack modalities.

        Returns
        -------
        array of shape (n_samples, sum of n_atoms)
            Posterior means, in the order of `modalities_`; zero for a modality that a sample lacks. Of a Dask array
            they are another, yet to be computed.
        """
        check_is_fitted(self)
        if is_dask_array(X):
            return chunks_encoded(self, X, None, lambda like: self._encoder())
        source, encode = self._source(X, reset=False), self._encoder()
        parts = [encode(source.block(i)) for i in range(source.n_blocks)]
        return array_namespace(parts[0]).concat(parts, axis=0)

    def codes(self, X: Any, return_std: bool = False) -> Any:
        """Return the codes of each modality, a dict of arrays of shape (n_samples, n_atoms).

        With `return_std`, also a dict of the standard deviations of the posterior, given the scales.
        """
        check_is_fitted(self)
        source, encoder = self._source(X, reset=False), self._encoder()
        found = [encoder.moments(encoder.coded(source.block(i))) for i in range(source.n_blocks)]
        means, stds = by_name(found, self.n_atoms_)
        return (means, stds) if return_std else means

    def reconstruct(self, X: Any, return_std: bool = False) -> Any:
        """Return what the model makes of the samples, shape (n_samples, n_features); missing entries are filled.

        With `return_std`, also the standard deviation of each entry: that of the posterior and of the noise.
        """
        check_is_fitted(self)
        source, encoder = self._source(X, reset=False), self._encoder()
        found = [encoder.predicted(source.block(i)) for i in range(source.n_blocks)]
        means, stds = (in_columns(one, self.modalities_) for one in by_name(found, self.n_atoms_))
        return (means, stds) if return_std else means

    def inverse_transform(self, X: Any) -> Array:
        """Return the samples that codes stand for, shape (n_samples, n_features)."""
        check_is_fitted(self)
        X = as_array(X)
        if len(X.shape) != 2 or X.shape[1] != self._n_features_out:
            allowed = f"codes of shape (n_samples, {self._n_features_out})"
            raise ParameterError(type(self).__name__, "X", allowed, tuple(X.shape))
        model, ends = self.result_.model, np.cumsum([0, *self.n_atoms_.values()])
        found = {}
        for part, atoms, first, last in zip(model.layout.parts, model.atoms, ends[:-1], ends[1:], strict=True):
            codes = X[:, first:last] * (1 / part.unit)
            rows = array_namespace(codes).asarray(atoms[:, : part.n_signal], dtype=codes.dtype, device=device(codes))
            found[part.name] = part.restored(codes @ rows)
        return in_columns(found, self.modalities_)

    def score_samples(self, X: Any) -> Array:
        """Return the log-likelihood of each sample, over the entries that are there, with scales found for it."""
        check_is_fitted(self)
        source, encoder = self._source(X, reset=False), self._encoder()
        parts = [encoder.evidence(source.block(i)) for i in range(source.n_blocks)]
        return array_namespace(parts[0]).concat(parts)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the log-likelihood of a sample, on average."""
        values = self.score_samples(X)
        return float(array_namespace(values).mean(values))

    def get_feature_names_out(self, input_features: Any = None) -> "np.ndarray[Any, Any]":
        """Return names of the codes: that of the modality and the number of the atom."""
        check_is_fitted(self)
        return np.array([f"{name}{m}" for name, n in self.n_atoms_.items() for m in range(n)], dtype=object)

    @property
    def _n_features_out(self) -> int:
        return int(sum(self.n_atoms_.values()))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _encoder(self) -> Encoder:
        return Encoder(self.result_.model)

    def _source(self, X: Any, *, reset: bool) -> Source:
        if is_dask_array(X):
            X = X.compute()  # a batch, or what answers are wanted of here
        if is_several(X):
            X = joined(type(self).__name__, X, None if reset else self.result_.model.layout)
        return sampled(self, X, reset=reset, memory=self.memory, block_size=self.block_size)

    @contextmanager
    def _pool(self, X: Any) -> Iterator[tuple[Pool, Layout]]:
        owner = type(self).__name__
        check_parameters(self)
        with pooled(self, joined(owner, X) if is_several(X) else X, None, None) as pool:
            layout = layout_of(self, X, pool.n_features)
            settings_of(self, layout)
            layout = surveyed(owner, pool, layout)
            if self.scaling is not None:
                layout = surveyed(owner, pool, scaled(pool, layout, self.scaling))
            yield pool, layout

    def _learn(self, pool: Pool, layout: Layout, above: int) -> None:
        owner, settings = type(self).__name__, settings_of(self, layout)
        generator = as_generator(owner, self.random_state)
        self._stream, self.n_batches_ = None, 1
        kept = self._checkpoint()
        self._keep(learn(pool, layout, settings, generator, self.on_iteration, kept))
        told_if_unused(owner, self.usage_, level=2 + above)
        if self.result_.status == "max_iter":
            words = f"{owner}: {self.result_.message}; more iterations (max_iter) or a larger tol may help"
            warnings.warn(words, ConvergenceWarning, stacklevel=2 + above)

    def _checkpoint(self) -> Checkpoint | None:
        folder = checkpoint_of(self)
        if folder is None:
            return None
        seed = self.random_state if isinstance(self.random_state, (int, np.integer)) else type(self.random_state)
        return Checkpoint(folder, self.checkpoint_every, seed)

    def _keep(self, result: MultimodalResult) -> None:
        self.result_, self.n_iter_, self.trace_ = result, result.n_iter, result.trace
        self.sparsity_, self.log_likelihood_ = result.sparsity, result.log_likelihood
        self._show(result.model, result.measured)

    def _keep_model(self, model: Model, sums: Sums) -> None:
        self.result_ = self.result_.with_model(model, sums)
        self._show(model, sums)

    def _show(self, model: Model, sums: Sums) -> None:
        parts, links = model.layout.parts, model.links
        self.components_: ByName = {p.name: a[:, : p.n_signal] for p, a in zip(parts, model.atoms, strict=True)}
        self.noise_ = {p.name: s * p.unit**2 for p, s in zip(parts, model.noises, strict=True)}
        self.unit_ = {p.name: p.unit for p in parts}
        self.n_atoms_ = {p.name: n for p, n in zip(parts, links.n_atoms, strict=True)}
        self.modalities_ = {p.name: p.columns[: p.n_signal] for p in parts}
        self.links_ = {p.name: links.map(j).toarray() for j, p in enumerate(parts)}
        pairs = list(zip(parts, sums.each, strict=True))
        self.usage_ = {p.name: one.used / max(one.n_samples, 1) for p, one in pairs}
        self.energy_ = {p.name: np.diagonal(one.second) * p.unit**2 / max(one.n_samples, 1) for p, one in pairs}
