"""Random numbers from whatever a caller gives as `random_state`."""

from numbers import Integral
from typing import Any

import numpy as np

from laconic.core.checks import ParameterError

RandomState = int | np.random.Generator | np.random.RandomState | None


def as_generator(owner: str, random_state: RandomState) -> np.random.Generator:
    """Return a NumPy generator.

    Parameters
    ----------
    owner : str
        Function or class to name in an error.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        A seed of at least 0: the same seed gives the same numbers. A generator is used, and advanced, as it is; a
        `RandomState`, scikit-learn's kind, gives the seed. None draws from the operating system.

    Raises
    ------
    ParameterError
        If `random_state` is anything else.

    Examples
    --------
    >>> as_generator("f", 3).integers(10) == as_generator("f", 3).integers(10)
    np.True_
    """
    seed: Any = random_state
    if isinstance(seed, np.random.RandomState):
        seed = seed.randint(2**31 - 1)
    whole = isinstance(seed, Integral) and not isinstance(seed, bool) and int(seed) >= 0
    if not (seed is None or whole or isinstance(seed, np.random.Generator)):
        allowed = "a whole number of at least 0, a numpy.random.Generator, a RandomState or None"
        raise ParameterError(owner, "random_state", allowed, random_state)
    return np.random.default_rng(seed)
