"""Factorisations on a cluster: the connection, and Dask arrays in and out."""

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from laconic.core.arrays import Array, array_namespace
from laconic.core.blocks import LocalPool, Pool, Source
from laconic.core.blocks.border import needed
from laconic.core.checks import DataError, ParameterError
from laconic.estimators.sampled import check_width, sampled, weights_of


class WithClient(BaseEstimator):
    """An estimator with a parameter `client`: its copies share the connection, and a pickle of it holds the address."""

    client: Any

    def __sklearn_clone__(self) -> Self:
        plain = copy.copy(self)
        plain.client = None
        twin: Self = BaseEstimator.__sklearn_clone__(plain)
        twin.client = self.client
        return twin

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        scheduler = getattr(state.get("client"), "scheduler", None)
        return state | {"client": scheduler.address} if scheduler is not None else state


def is_dask_array(X: Any) -> bool:
    """Whether X is a Dask array, without loading Dask to find out."""
    return type(X).__module__.startswith("dask.array") and hasattr(X, "to_delayed")


@contextmanager
def pooled(model: Any, X: Any, weight: Any, mask: Any) -> Iterator[Pool]:
    """Give the samples X as blocks where they belong: here, or on a cluster, for as long as they are needed.

    Parameters
    ----------
    model : SparseNMF
    X, weight, mask : as for `SparseNMF.fit`
    """
    if is_dask_array(X):
        check_chunked(model, X, reset=True)
    source = None if is_dask_array(X) else sampled_for(model, X, weight, mask)
    if source is not None and model.client is None:
        yield LocalPool(source)
        return
    with connected(type(model).__name__, model.client) as client:
        spread = needed("laconic.core.blocks.spread")
        chunked = source is None
        blocks = _chunks(model, client, X, weight, mask) if chunked else spread.of_source(client, source)
        pool = needed("laconic.core.blocks.cluster").ClusterPool(client, blocks)
        try:
            yield pool
        finally:
            pool.close()


def sampled_for(model: Any, X: Any, weight: Any = None, mask: Any = None) -> Source:
    """Return the samples that a model is to be fitted to."""
    size = {"memory": model.memory, "block_size": model.block_size}
    return sampled(model, X, reset=True, weight=weight, mask=mask, **size)


def _chunks(model: Any, client: Any, X: Any, weight: Any, mask: Any) -> Any:
    owner, spread = type(model).__name__, needed("laconic.core.blocks.spread")
    X = spread.sized(client, X)
    if weight is not None:
        weight = client.compute(weight).result() if is_dask_array(weight) else weight
        weight = weights_of(weight, X.shape[0], spread.working_type(X.dtype))
    return spread.of_dask(client, owner, X, weight, mask)


def codes_of(model: Any, pool: Pool, X: Any) -> Array:
    """Return the codes that are with the blocks, in units of the data, shape (n, k).

    For a Dask array they stay on the workers, as chunks of another, unless the cluster ends with the fit.
    """
    unit = model.result_.unit
    if not is_dask_array(X):
        parts = [codes * unit for codes in pool.states()]
        return array_namespace(parts[0]).concat(parts, axis=0)
    spread, sizes = needed("laconic.core.blocks.spread"), np.diff(pool.edges).tolist()
    at: Any = pool
    if at.client is model.client or at.client is _active():
        parts = at.futures(_times, factor=unit)
    else:
        parts = [codes * unit for codes in pool.states()]
    return spread.of_parts(parts, sizes, model.n_components_, pool.dtype)


def chunks_encoded(model: Any, X: Any, mask: Any, encoder: Callable[[Array], Callable[[Any], Array]]) -> Any:
    """Return the codes of a Dask array, shape (n, k), as another that has yet to be computed.

    `encoder` takes an array like the blocks and returns what finds the codes of one.
    """
    check_chunked(model, X, reset=False)
    spread, owner = needed("laconic.core.blocks.spread"), type(model).__name__
    encode = encoder(np.empty(0, spread.working_type(X.dtype)))
    return spread.coded(owner, X, mask, encode, model._n_features_out)


def _times(codes: Array, factor: float) -> Array:
    return codes * factor


@contextmanager
def connected(owner: str, client: Any) -> Iterator[Any]:
    """Give the client of a cluster: the one that is given or active, or one of our own until the end.

    A cluster of our own is one worker in this process, which uses as many threads as the linear algebra does.
    """
    distributed = needed("distributed")
    if client is not None and not isinstance(client, (str, distributed.Client)):
        allowed = "a distributed.Client, the address of a scheduler, or None"
        raise ParameterError(owner, "client", allowed, client)
    found = _active() if client is None else client
    if isinstance(found, distributed.Client):
        yield found
        return
    with ExitStack() as stack:
        if found is None:
            alone = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
            found = stack.enter_context(distributed.LocalCluster(**alone))
        yield stack.enter_context(distributed.Client(found, set_as_default=False))


def _active() -> Any:
    try:
        return needed("distributed").get_client()
    except ValueError:
        return None


def check_chunked(model: BaseEstimator, X: Any, *, reset: bool) -> None:
    """Raise `DataError` unless a Dask array is one of samples; remember, or check, how many features it has."""
    owner, shape = type(model).__name__, tuple(X.shape)
    if len(shape) != 2:
        raise DataError(f"{owner}: X must be of shape (n_samples, n_features), got {shape}")
    if not shape[1] >= 1:
        raise DataError(f"{owner}: X must have at least one feature, and chunks of a known number, got shape {shape}")
    if np.dtype(X.dtype).kind not in "biuf":
        raise DataError(f"{owner}: X must hold real numbers, got {X.dtype}")
    check_width(model, 1, shape[1], X, reset=reset)
