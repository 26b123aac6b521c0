"""What a sampler returns."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Chain:
    """Running moments of one chain over m coordinates, and where it stopped; zero where nothing was sampled."""

    first: Numbers
    """Mean of the draws, shape (m,)."""
    second: Numbers
    """Mean of their squares, shape (m,)."""
    last: Numbers
    """The last draw, from which the chain can go on, shape (m,)."""
    samples: Numbers
    """Draws that were kept, evenly thinned, shape (n_kept, m)."""

    @classmethod
    def over(cls, active: "np.ndarray[Any, np.dtype[np.intp]]", m: int, parts: tuple[Numbers, ...]) -> "Chain":
        """Put first, second, last and samples of the active coordinates, (..., n_active), in their places among m."""
        return cls(*(_placed(active, m, part) for part in parts))


def _placed(active: "np.ndarray[Any, np.dtype[np.intp]]", m: int, part: Numbers) -> Numbers:
    whole = np.zeros((*part.shape[:-1], m))
    whole[..., active] = part
    return whole


@numba.njit(cache=True)
def record(x: Any, count: int, n_samples: int, first: Any, second: Any, samples: Any) -> None:
    """Add draw number `count` (from 0; negative while burning in) to the running moments and perhaps to the samples."""
    if count < 0:
        return
    for i in range(x.size):
        first[i] += (x[i] - first[i]) / (count + 1)
        second[i] += (x[i] * x[i] - second[i]) / (count + 1)
    place = count * samples.shape[0] // n_samples
    if place < (count + 1) * samples.shape[0] // n_samples:
        samples[place] = x
