"""Values as colours that show on white and on black: blank at zero, one colour above it and another below."""

import numpy as np
from numpy.typing import NDArray

from laconic.report.palette import NEGATIVE, POSITIVE

Array = NDArray[np.floating]


def shades(values: Array, full: float, power: float = 1.0) -> Array:
    """Return red, green, blue and opacity of values, shape (..., 4).

    Parameters
    ----------
    values : array
        NaN is blank.
    full : float
        Absolute value from which the colour is full.
    power : float
        Of the share of `full` that makes the opacity.
    """
    found = np.empty((*values.shape, 4))
    found[..., :3] = np.where((values < 0)[..., np.newaxis], NEGATIVE, POSITIVE)
    found[..., 3] = np.clip(np.nan_to_num(np.abs(values)) / (full or 1.0), 0, 1) ** power
    return found
