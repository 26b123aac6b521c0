"""Planted problems: signals that are sparse non-negative combinations of a random dictionary's columns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laconic.core.checks import ParameterError, check_choice, check_interval, check_positive_int
from laconic.core.seeds import RandomState, as_generator
from laconic.datasets.designs import DESIGNS, Matrix, draw_design

_OWNER = "make_sparse_codes"


@dataclass(frozen=True, eq=False)
class SparseCodes:
    """A sparse non-negative least squares problem whose answer is known: y = A x + v.

    Parameters
    ----------
    A : ndarray of float64, shape (n, m)
        Dictionary, columns of unit length.
    y : ndarray of float64, shape (n, k)
        Signals, one a column.
    x : ndarray of float64, shape (m, k)
        The codes that were planted, non-negative.
    noise : float
        Variance of each entry of v; 0 where there is none.
    design : str
        Kind of dictionary.
    """

    A: Matrix
    y: Matrix
    x: Matrix
    noise: float
    design: str

    @property
    def support(self) -> NDArray[np.bool_]:
        """Where the codes are above zero, shape (m, k)."""
        return self.x > 0


def make_sparse_codes(
    n: int = 100,
    m: int = 400,
    n_nonzero: int = 10,
    n_signals: int = 1,
    *,
    design: str = "iid",
    snr: float | None = None,
    shared_support: bool = False,
    random_state: RandomState = None,
) -> SparseCodes:
    """Draw a dictionary, sparse non-negative codes and the signals they make.

    Problem: find x (m, k) >= 0 with `n_nonzero` entries above zero a column from y = A x + v. The entries above
    zero are absolute values of standard normal ones, at places drawn without replacement.

    Parameters
    ----------
    n, m : int
        Measurements a signal, and columns of the dictionary.
    n_nonzero : int
        Entries above zero in each code, at most `m`.
    n_signals : int
        Number of signals k.
    design : {"iid", "absolute", "ar", "ill_conditioned", "low_rank", "nonzero_mean"}
        Kind of dictionary; whatever it is, the columns are scaled to unit length at the end.

        - "iid": independent standard normal entries;
        - "absolute": their absolute values;
        - "ar": each row is a stationary first-order autoregressive process over the columns, so columns i and j
          correlate by 0.9^|i - j|;
        - "ill_conditioned": a normal matrix whose singular values are replaced by a geometric sequence, the largest
          100 times the smallest;
        - "low_rank": the product of two normal matrices, of rank 3/4 min(n, m);
        - "nonzero_mean": independent normal entries of mean 1 and variance 1.
    snr : float, optional
        Signal-to-noise ratio in dB. The noise has one variance for all signals, ``mean((A x)**2) / 10**(snr / 10)``
        over all entries; with one signal this is that signal's own ratio. None: no noise.
    shared_support : bool
        Put the entries above zero at the same places in all signals (multiple measurement vectors).
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        The same seed gives the same problem, and with another `snr` the same but for the noise.

    Returns
    -------
    SparseCodes
        A (n, m), y (n, k), x (m, k), the noise variance and the design's name.

    Raises
    ------
    ParameterError
        If a parameter is not as described.

    References
    ----------
    A. Nalci et al., Rectified Gaussian Scale Mixtures and the Sparse Non-Negative Least Squares Problem, IEEE
    Transactions on Signal Processing, 2018, arXiv:1601.06207: the experiments with planted codes. The numbers that
    fix the structured designs (0.9, 100, 3/4, mean 1) are this library's choice.

    Examples
    --------
    >>> problem = make_sparse_codes(20, 50, n_nonzero=3, n_signals=2, random_state=0)
    >>> problem.y.shape, problem.support.sum(axis=0)
    ((20, 2), array([3, 3]))
    """
    for name, value in (("n", n), ("m", m), ("n_nonzero", n_nonzero), ("n_signals", n_signals)):
        check_positive_int(_OWNER, name, value)
    if n_nonzero > m:
        raise ParameterError(_OWNER, "n_nonzero", f"at most m = {m}", n_nonzero)
    check_choice(_OWNER, "design", design, DESIGNS)
    if snr is not None:
        check_interval(_OWNER, "snr", snr, -np.inf, np.inf, closed="neither")
    rng = as_generator(_OWNER, random_state)
    A = draw_design(design, rng, n, m)
    x = _draw_codes(rng, m, n_nonzero, n_signals, shared_support)
    clean = A @ x
    noise = 0.0 if snr is None else float(np.mean(clean**2) / 10 ** (snr / 10))
    return SparseCodes(A, clean + np.sqrt(noise) * rng.standard_normal(clean.shape), x, noise, design)


def _draw_codes(rng: np.random.Generator, m: int, n_nonzero: int, k: int, shared: bool) -> Matrix:
    """Return x (m, k): absolute normal values at `n_nonzero` random places a column."""
    draws = 1 if shared else k
    places = np.stack([rng.choice(m, n_nonzero, replace=False) for _ in range(draws)], axis=1)
    x = np.zeros((m, k))
    np.put_along_axis(x, np.broadcast_to(places, (n_nonzero, k)), np.abs(rng.standard_normal((n_nonzero, k))), axis=0)
    return x
