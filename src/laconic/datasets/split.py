"""Stratified splits: each class gives the same share of its samples to the test part."""

from numbers import Integral

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from laconic.core.checks import DataError, ParameterError, check_interval

_HINT = "give more samples, or x_test and y_test"


def stratified_split(
    codes: NDArray[np.int64], test_fraction: float, seed: int, *, owner: str, source: str, hint: str = _HINT
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of the training samples and of the test samples.

    Parameters
    ----------
    codes : ndarray of int64, shape (n,)
        Class of each sample, 0 to n_classes - 1, all of them present.
    test_fraction : float
        Share of the samples to test on, in (0, 1).
    seed : int
        Seed of the shuffle, 0 to 2**32 - 1.
    owner, source : str
        The function and the data to name in an error message.
    hint : str
        What to do where there are too few samples.

    Raises
    ------
    ParameterError
        If `test_fraction` or `seed` is out of range.
    DataError
        If a class is too rare, or the data too few, for every class to be on both sides.
    """
    fraction = check_interval(owner, "test_fraction", test_fraction, 0, 1, closed="neither")
    _check_seed(owner, seed)
    _check_enough(codes, fraction, source, hint)
    train, test = train_test_split(np.arange(len(codes)), test_size=fraction, random_state=int(seed), stratify=codes)
    return np.asarray(train), np.asarray(test)


def _check_seed(owner: str, seed: object) -> None:
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= int(seed) < 2**32:
        raise ParameterError(owner, "seed", "a whole number from 0 to 2**32 - 1", seed)


def _check_enough(codes: NDArray[np.int64], fraction: float, source: str, hint: str) -> None:
    """Both sides need a sample of each class, and a class needs two samples to be on both."""
    counts = np.bincount(codes)
    n_test = int(np.ceil(fraction * len(codes)))
    if counts.min() < 2 or min(n_test, len(codes) - n_test) < len(counts):
        raise DataError(
            f"{source}: a stratified split must leave every class in both parts, "
            f"got {len(codes)} samples of {len(counts)} classes (the rarest has {counts.min()}) "
            f"and a test share of {fraction:.4g}; {hint}"
        )
