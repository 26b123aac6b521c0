"""Planted factorisations: non-negative samples that are sparse combinations of a few non-negative components."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import ParameterError, check_interval, check_positive_int
from laconic.core.seeds import RandomState, as_generator

Matrix = NDArray[np.float64]

_OWNER = "make_factors"


@dataclass(frozen=True, eq=False)
class Factors:
    """A non-negative factorisation whose answer is known: X = max(codes @ components + v, 0).

    Parameters
    ----------
    X : ndarray of float64, shape (n_samples, n_features)
        Samples, one a row, non-negative.
    codes : ndarray of float64, shape (n_samples, n_components)
        How much of each component is in each sample; non-negative and sparse.
    components : ndarray of float64, shape (n_components, n_features)
        Components, non-negative rows of unit length.
    noise : float
        Variance of each entry of v, before the sum is cut at zero; 0 where there is none.
    """

    X: Matrix
    codes: Matrix
    components: Matrix
    noise: float


def make_factors(
    n_samples: int = 1500,
    n_features: int = 50,
    n_components: int = 30,
    n_nonzero: int = 3,
    *,
    snr: float | None = 30.0,
    random_state: RandomState = 0,
) -> Factors:
    """Draw components, sparse codes and the samples they make, for a factorisation to find again.

    Problem: find codes (n_samples, n_components) >= 0 with `n_nonzero` entries above zero a row, and components
    (n_components, n_features) >= 0, from X = max(codes @ components + v, 0). Entries above zero are absolute values
    of standard normal ones, those of the codes at places drawn without replacement; the rows of the components are
    then scaled to unit length.

    Parameters
    ----------
    n_samples, n_features : int
        Size of X.
    n_components : int
        Number of components.
    n_nonzero : int
        Entries above zero in the code of each sample, at most `n_components`.
    snr : float, optional
        Signal-to-noise ratio in dB: the noise v is Gaussian of variance
        ``mean((codes @ components)**2) / 10**(snr / 10)``. None: no noise.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The same seed gives the same problem, and with another `snr` the same but for the noise.

    Returns
    -------
    Factors
        X (n_samples, n_features), codes, components and the noise variance.

    Raises
    ------
    ParameterError
        If a parameter is not as described.

    Examples
    --------
    >>> planted = make_factors(200, 20, n_components=8, n_nonzero=2)
    >>> planted.X.shape, int((planted.codes > 0).sum(axis=1).max())
    ((200, 20), 2)
    """
    _check(n_samples, n_features, n_components, n_nonzero, snr)
    rng = as_generator(_OWNER, random_state)
    components = np.abs(rng.standard_normal((n_components, n_features)))
    components /= np.linalg.norm(components, axis=1, keepdims=True)
    codes = _codes(rng, n_samples, n_components, n_nonzero)
    clean = codes @ components
    noise = 0.0 if snr is None else float(np.mean(clean**2) / 10 ** (snr / 10))
    X = np.maximum(clean + np.sqrt(noise) * rng.standard_normal(clean.shape), 0.0)
    return Factors(X, codes, components, noise)


def _check(n_samples: int, n_features: int, n_components: int, n_nonzero: int, snr: float | None) -> None:
    sizes = {"n_samples": n_samples, "n_features": n_features, "n_components": n_components, "n_nonzero": n_nonzero}
    for name, value in sizes.items():
        check_positive_int(_OWNER, name, value)
    if n_nonzero > n_components:
        raise ParameterError(_OWNER, "n_nonzero", f"at most n_components = {n_components}", n_nonzero)
    if snr is not None:
        check_interval(_OWNER, "snr", snr, -np.inf, np.inf, closed="neither")


def _codes(rng: np.random.Generator, n_samples: int, n_components: int, n_nonzero: int) -> Matrix:
    """Return codes (n_samples, n_components): absolute normal values at `n_nonzero` random places a row."""
    places = np.argsort(rng.random((n_samples, n_components)), axis=1)[:, :n_nonzero]
    codes = np.zeros((n_samples, n_components))
    np.put_along_axis(codes, places, np.abs(rng.standard_normal((n_samples, n_nonzero))), axis=1)
    return codes
