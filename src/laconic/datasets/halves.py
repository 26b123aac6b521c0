"""scikit-learn's embedded handwritten digits as two sensors: the left half of each image and the right one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from laconic.core.checks import check_interval
from laconic.core.seeds import RandomState, as_generator

_OWNER = "load_digit_halves"


@dataclass(frozen=True, eq=False)
class DigitHalves:
    """Labelled images of which each half is a modality.

    Parameters
    ----------
    X : dict of ndarray of float64, shape (n_samples, 32)
        Under "left" and "right" the pixels of the halves, 8 rows of 4 pixels; where a half is missing, its row is NaN.
    y : ndarray of int64, shape (n_samples,)
        The digit of each image as an index into `classes`.
    classes : tuple of str
        "0" to "9".
    """

    X: dict[str, NDArray[np.float64]]
    y: NDArray[np.int64]
    classes: tuple[str, ...]


def load_digit_halves(missing: float = 0.0, random_state: RandomState = 0) -> DigitHalves:
    """Return 1,797 handwritten digits, 8 x 8 pixels, cut into a left and a right half; needs no network.

    Pixels are scaled from 0..16 to [0, 1].

    Parameters
    ----------
    missing : float, default 0
        Share of the samples, in [0, 1], of which one half, left or right at random, is missing.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Of what is missing; the same seed gives the same answer.

    Returns
    -------
    DigitHalves
        X with "left" and "right" (1797, 32), y and classes.

    Raises
    ------
    ParameterError
        If `missing` or `random_state` is not as described.

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    1998; the copy that comes with scikit-learn.

    Examples
    --------
    >>> digits = load_digit_halves(missing=0.5)
    >>> {name: half.shape for name, half in digits.X.items()}
    {'left': (1797, 32), 'right': (1797, 32)}
    """
    share = check_interval(_OWNER, "missing", missing, 0, 1)
    rng = as_generator(_OWNER, random_state)
    bunch = load_digits()
    images = bunch.images / 16.0
    X = {"left": images[:, :, :4].reshape(-1, 32), "right": images[:, :, 4:].reshape(-1, 32)}
    without = rng.permutation(len(images))[: round(share * len(images))]
    lost = rng.integers(2, size=len(images))[without]
    for place, half in enumerate(X.values()):
        half[without[lost == place]] = np.nan
    return DigitHalves(X, bunch.target.astype(np.int64), tuple(str(name) for name in bunch.target_names))
