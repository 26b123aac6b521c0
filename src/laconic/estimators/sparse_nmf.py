"""Sparse non-negative matrix factorisation as a scikit-learn transformer."""

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from laconic.core.arrays import Array, array_namespace, device
from laconic.core.blocks import LocalPool, Pool, Source
from laconic.core.checks import ParameterError
from laconic.core.seeds import RandomState, as_generator
from laconic.estimators.checkpointing import checkpoint_of, watched
from laconic.estimators.nmf_settings import checked
from laconic.estimators.pools import WithClient, chunks_encoded, codes_of, is_dask_array, pooled
from laconic.estimators.sampled import sampled
from laconic.factorize import Encoder, Stream, Tick, best_of, continued, follow, path_to, surveyed
from laconic.priors import Prior


class SparseNMF(ClassNamePrefixFeaturesOutMixin, TransformerMixin, WithClient):
    """Sparse non-negative matrix factorisation X ~ C D: few parts, and few of them in each sample.

    Minimises ``|X - C D|^2 - 2 noise (sum ln p(C) + sum ln q(D))`` over codes C >= 0 and a dictionary D >= 0 for
    rectified scale mixtures p and q whose scales are integrated out (S-NMF and S-NMF-W of arXiv:1604.02181, which
    writes W for D' and H for C'). Rows of D have length one, so that the penalty means something: without it, penalised
    codes would shrink and their parts grow.

    Parameters
    ----------
    n_components : int or None, default=None
        Number of parts; None is the number of features, but 8 at most.
    prior : {"rgdp", "student_t", "laplacian", "power_exponential", "flat"}, Prior or None, default="rgdp"
        Prior p of the codes: reweighted l1 (generalised double Pareto), reweighted l2, l1, lp, or none; "flat" and None
        are plain NMF.
    dictionary_prior : as `prior`, default=None
        Prior q of the entries of the dictionary. With one, rows of D are of any length.
    noise : "auto" or float, default="auto"
        Variance of the noise in an entry of X, which weighs the penalty: the larger, the sparser. "auto" finds it from
        the residual of plain NMF and its degrees of freedom.
    snr : float or None, default=None
        Signal-to-noise ratio in decibels, instead of `noise`.
    scale : "auto" or float, default="auto"
        Unit in which the prior measures codes; "auto" is a tenth of a typical code of plain NMF.
    solver : {"hals", "multiplicative"}, default="hals"
        Coordinate descent with extrapolation, or the paper's multiplicative updates, slow and monotone. Both minimise
        the same objective.
    init : {"nndsvd", "random"}, array of shape (n_components, n_features), or two arrays, default="nndsvd"
        The dictionary to begin with, or codes of shape (n_samples, n_components) and the dictionary.
    n_init : int, default=1
        Fits from different starts, of which the best is kept: the first as `init` says, the others random.
    anneal : bool, default=True
        Whether a prior with several minima starts out flat and sharpens.
    max_iter : int, default=1000
        Looks at the data; each of three stages takes one at least.
    tol : float, default=1e-4
        Where to stop; see `criterion`.
    criterion : {"kkt", "objective"}, default="kkt"
        What `tol` is compared with: the size of the steps that are left to a stationary point, relative to the size
        of the factors; or the relative fall of the objective in one iteration.
    random_state : int, Generator, RandomState or None, default=None
        Of random starts, and of the random directions that NNDSVD begins with.
    memory : str or int, default="1GB"
        What may be taken for samples that are not in memory, besides codes and dictionary.
    block_size : int or None, default=None
        Samples in a block; None is what suits the memory.
    on_iteration : callable or None, default=None
        Called with a `laconic.factorize.Tick` after each iteration.
    client : distributed.Client, str or None, default=None
        Where to fit: on a Dask cluster, or one at an address. None is this process; of a Dask array it is the active
        client, or a cluster made for the fit in this process. Samples and codes stay on the workers, and a worker that
        is lost costs time only.
    checkpoint : path or None, default=None
        A folder to keep the state of the fit in. Where there is one of the same data and parameters the fit goes on
        from it, to the same numbers.
    checkpoint_every : int, default=10
        Iterations from one checkpoint to the next.

    Attributes
    ----------
    components_ : array of shape (n_components, n_features)
        The dictionary; rows of length one unless it has a prior.
    n_components_ : int
        Number of parts.
    reconstruction_err_ : float
        ``|X - C D|``, over the entries that are there.
    relative_error_ : float
        The same over ``|X|``.
    density_ : float
        Share of codes that are not zero.
    noise_ : float or None
        Variance that was used; None without a prior.
    gap_ : float
        How far from stationary codes and dictionary are; 0 at a stationary point. See `laconic.factorize.NMFResult`.
    trace_ : array of shape (`n_iter_`,)
        The objective after each iteration, under the penalty of that iteration.
    n_iter_ : int
        Looks at the data.
    stability_ : array of shape (n_components,) or None
        For each part the cosine to its like in other fits, on average; None with one fit.
    consensus_ : float or None
        Their mean: 1 where all fits found the same parts.
    result_ : NMFResult
        What the best fit returned.
    stream_ : Stream or None
        What `partial_fit` knows of the batches so far.
    n_batches_ : int
        How many there were, after `partial_fit`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where X had names that are all strings.

    See Also
    --------
    laconic.choose_rank : How many parts, by entries held out.
    SparseNNLS : Codes for a dictionary that is known.

    Notes
    -----
    NaN in X, or True in `mask`, is a missing entry: it does not count. A sample of weight w counts as w samples. X may
    be an array of NumPy or torch (also on a GPU, where the fit then runs), a sparse matrix, a memory map, an array of
    zarr or h5py, a Dask array, or an iterator of pieces.

    Examples
    --------
    >>> import laconic
    >>> from laconic.datasets import make_factors
    >>> planted = make_factors(random_state=0)
    >>> model = laconic.SparseNMF(30, random_state=0).fit(planted.X)
    >>> cosines = model.components_ @ planted.components.T
    >>> bool(cosines.max(axis=0).min() > 0.99)  # every part was found
    True
    """

    stream_: Stream | None

    def __init__(
        self,
        n_components: int | None = None,
        *,
        prior: str | Prior | None = "rgdp",
        dictionary_prior: str | Prior | None = None,
        noise: str | float = "auto",
        snr: float | None = None,
        scale: str | float = "auto",
        solver: str = "hals",
        init: Any = "nndsvd",
        n_init: int = 1,
        anneal: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        criterion: str = "kkt",
        random_state: RandomState = None,
        memory: str | int = "1GB",
        block_size: int | None = None,
        on_iteration: Callable[[Tick], None] | None = None,
        client: Any = None,
        checkpoint: Any = None,
        checkpoint_every: int = 10,
    ) -> None:
        self.n_components = n_components
        self.prior = prior
        self.dictionary_prior = dictionary_prior
        self.noise = noise
        self.snr = snr
        self.scale = scale
        self.solver = solver
        self.init = init
        self.n_init = n_init
        self.anneal = anneal
        self.max_iter = max_iter
        self.tol = tol
        self.criterion = criterion
        self.random_state = random_state
        self.memory = memory
        self.block_size = block_size
        self.on_iteration = on_iteration
        self.client = client
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, mask: Any = None) -> Self:
        """Learn the dictionary.

        Parameters
        ----------
        X : array, sparse matrix, memory map, sliceable, iterator or Dask array, of shape (n_samples, n_features)
            At least 0; NaN where an entry is missing. float32 is kept, other numbers become float64.
        y : ignored
        sample_weight : array of shape (n_samples,), float or None, default=None
            At least 0.
        mask : array or sparse matrix of bool, shape (n_samples, n_features), or None, default=None
            True where an entry is missing.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If a parameter is outside its limits.
        ValueError
            If the data cannot be used: negative, infinite, empty or of shapes that do not fit.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` iterations were not enough.
        """
        with self._pool(X, sample_weight, mask) as pool:
            self._learn(pool, above=1)
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None, mask: Any = None) -> Self:
        """Learn on from a batch of samples: of a stream, or of data that are read in pieces.

        Takes what `fit` takes. Samples that came earlier fade: half the say is that of the last sixteenth. After
        `fit` it goes on from there.
        """
        owner, settings = type(self).__name__, checked(self)
        first = not hasattr(self, "components_")
        source = self._source(X, reset=first, weight=sample_weight, mask=mask)
        pool = LocalPool(source)
        survey = surveyed(owner, pool)
        stream = None if first else (getattr(self, "stream_", None) or continued(self.result_))
        generator = as_generator(owner, self.random_state)
        self.stream_ = follow(pool, survey, settings(source.n_features), generator, stream)
        self.components_, self.n_components_ = self.stream_.dictionary, int(self.stream_.dictionary.shape[0])
        self.n_batches_ = self.stream_.n_batches
        calibration = self.stream_.calibration
        self.noise_ = None if calibration is None else calibration.noise * self.stream_.unit**2
        return self

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None, mask: Any = None) -> Array:
        """Learn the dictionary and return the codes that it was learned with, shape (n_samples, n_components).

        Takes what `fit` takes. `transform` finds codes from nothing instead, and may end in another minimum of a prior
        that has several. Of a Dask array the codes are another, on the workers.
        """
        with self._pool(X, sample_weight, mask) as pool:
            self._learn(pool, above=2)  # scikit-learn wraps this method
            return codes_of(self, pool, X)

    def transform(self, X: Any, mask: Any = None) -> Array:
        """Return the codes of samples for the dictionary that was learned.

        Parameters
        ----------
        X : as for `fit`
        mask : as for `fit`

        Returns
        -------
        array of shape (n_samples, n_components)
            Of the type of the dictionary. Each sample's codes are those that it would have alone. Of a Dask array they
            are another, yet to be computed.
        """
        check_is_fitted(self)
        if is_dask_array(X):
            return chunks_encoded(self, X, mask, self._encoder)
        source = self._source(X, reset=False, mask=mask)
        encode = self._encoder(source.block(0).like)
        parts = [encode(source.block(i)) for i in range(source.n_blocks)]
        return array_namespace(parts[0]).concat(parts, axis=0)

    def inverse_transform(self, X: Any) -> Array:
        """Return the samples that codes of shape (n_samples, n_components) stand for, shape (n_samples, n_features)."""
        check_is_fitted(self)
        if len(X.shape) != 2 or X.shape[1] != self.n_components_:
            allowed = f"codes of shape (n_samples, {self.n_components_})"
            raise ParameterError(type(self).__name__, "X", allowed, tuple(X.shape))
        return X @ self.components_

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _source(self, X: Any, *, reset: bool, weight: Any = None, mask: Any = None) -> Source:
        return sampled(self, X, reset=reset, weight=weight, mask=mask, memory=self.memory, block_size=self.block_size)

    def _pool(self, X: Any, weight: Any, mask: Any) -> AbstractContextManager[Pool]:
        checked(self)
        checkpoint_of(self)
        return pooled(self, X, weight, mask)

    def _learn(self, pool: Pool, above: int) -> None:
        owner, settings = type(self).__name__, checked(self)(pool.n_features)
        survey = surveyed(owner, pool)
        generator = as_generator(owner, self.random_state)
        more = watched(self, pool, survey, settings)
        self._keep(best_of(pool, survey, settings, generator, self.n_init, **more))
        if self.result_.status == "max_iter":
            words = f"{owner}: {self.result_.message}; more iterations (max_iter) or a larger tol may help"
            warnings.warn(words, ConvergenceWarning, stacklevel=2 + above)

    def _keep(self, found: Any) -> None:
        result = found.result
        self.result_, self.components_ = result, result.x
        self.stream_ = None
        self.n_components_, self.n_iter_ = int(result.x.shape[0]), result.n_iter
        self.reconstruction_err_, self.relative_error_ = float(np.sqrt(result.error)), result.relative_error
        self.density_, self.noise_, self.gap_, self.trace_ = result.density, result.noise, result.gap, result.trace
        self.stability_, self.consensus_ = found.stability, found.consensus

    def _encoder(self, like: Array) -> Encoder:
        settings = checked(self)(self.components_.shape[1])
        rows = array_namespace(like).asarray(self.components_, dtype=like.dtype, device=device(like))
        known = getattr(self, "stream_", None) or self.result_
        path = path_to(settings.prior, known.calibration, settings.anneal)
        return Encoder(rows, known.unit, settings.solver, path)
