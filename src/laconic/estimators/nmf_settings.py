"""The parameters of a factorisation, checked."""

from collections.abc import Callable
from typing import Any

import numpy as np

from laconic.core.arrays import is_array, to_numpy
from laconic.core.checks import (
    DataError,
    ParameterError,
    check_choice,
    check_finite,
    check_interval,
    check_positive_int,
)
from laconic.factorize import CRITERIA, SOLVERS, STARTS, Settings
from laconic.priors import Flat, Prior, as_prior

MOST = 8
"""Components where no number is given, unless there are fewer features."""


def checked(model: Any) -> Callable[[int], Settings]:
    """Return a function from the number of features to the settings of a model.

    Raises
    ------
    ParameterError, DataError
        If a parameter is outside its limits; by the function, if a start does not fit the data.
    """
    owner = type(model).__name__
    k = None if model.n_components is None else check_positive_int(owner, "n_components", model.n_components)
    check_choice(owner, "solver", model.solver, SOLVERS)
    check_choice(owner, "criterion", model.criterion, CRITERIA)
    check_choice(owner, "anneal", model.anneal, (True, False))
    check_positive_int(owner, "n_init", model.n_init)
    if model.block_size is not None:
        check_positive_int(owner, "block_size", model.block_size)
    prior, own = prior_of(owner, "prior", model.prior), prior_of(owner, "dictionary_prior", model.dictionary_prior)
    if isinstance(prior, Flat) and not isinstance(own, Flat):
        allowed = "None where codes have no prior: the dictionary would shrink and the codes grow"
        raise ParameterError(owner, "dictionary_prior", allowed, model.dictionary_prior)
    common = {
        "prior": prior,
        "dictionary_prior": own,
        "solver": SOLVERS[model.solver](),
        "noise": _noise(owner, model.noise, model.snr),
        "snr": None if model.snr is None else check_interval(owner, "snr", model.snr, -300.0, 300.0),
        "scale": _scale(owner, model.scale),
        "anneal": model.anneal,
        "max_iter": check_positive_int(owner, "max_iter", model.max_iter),
        "tol": check_interval(owner, "tol", model.tol, 0.0, 1.0),
        "criterion": model.criterion,
    }

    def settings(p: int) -> Settings:
        count = k or min(p, MOST)
        return Settings(count, init=_init(owner, model.init, count, p), **common)

    return settings


def prior_of(owner: str, parameter: str, value: Any) -> Prior:
    """Return a prior; None is the flat one."""
    try:
        return Flat() if value is None else as_prior(owner, value, "type I")
    except ParameterError as error:
        raise ParameterError(owner, parameter, error.allowed, error.given) from None


def _noise(owner: str, noise: Any, snr: Any) -> float | None:
    if isinstance(noise, str) and noise == "auto":
        return None
    if isinstance(noise, str):
        raise ParameterError(owner, "noise", "'auto' or a variance of at least 0", noise)
    if snr is not None:
        raise ParameterError(owner, "snr", "None where noise is given", snr)
    return check_interval(owner, "noise", noise, 0.0, float("inf"), closed="left")


def _scale(owner: str, scale: Any) -> float | None:
    if isinstance(scale, str) and scale == "auto":
        return None
    if isinstance(scale, str):
        raise ParameterError(owner, "scale", "'auto' or a number above 0", scale)
    return check_interval(owner, "scale", scale, 0.0, float("inf"), closed="neither")


def _init(owner: str, init: Any, k: int, p: int) -> Any:
    """Return the name of a start, or a dictionary that can be one, perhaps with codes."""
    if isinstance(init, str) or init is None:
        check_choice(owner, "init", init, tuple(STARTS))
        return init
    if isinstance(init, tuple) and len(init) == 2:
        codes = _given(owner, init[0], "codes")
        if codes.ndim != 2 or codes.shape[1] != k:
            raise DataError(f"{owner}: codes to begin with must be of shape (n_samples, {k}), got {codes.shape}")
        return codes, _rows(owner, init[1], k, p)
    return _rows(owner, init, k, p)


def _rows(owner: str, init: Any, k: int, p: int) -> Any:
    rows = _given(owner, init, "init")
    if rows.shape != (k, p):
        raise DataError(f"{owner}: init must be of shape ({k}, {p}), n_components and n_features, got {rows.shape}")
    if not rows.any(axis=1).all():
        raise DataError(f"{owner}: init must have an entry above 0 in each row")
    return rows


def _given(owner: str, values: Any, name: str) -> Any:
    array = to_numpy(values) if is_array(values) else np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{owner}: {name} must hold real numbers, got {array.dtype}")
    check_finite(owner, name, array)
    if array.size and array.min() < 0:
        raise DataError(f"{owner}: {name} must be at least 0, got {array.min():g}")
    return array
