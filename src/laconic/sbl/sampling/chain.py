"""What a sampler returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from laconic.core.compiled import compiled

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Chain:
    """Moments of one chain over m coordinates, and where it stopped; zero where nothing was sampled."""

    mean: Numbers
    """Mean of the draws, shape (m,)."""
    variance: Numbers
    """Variance of the draws, shape (m,)."""
    last: Numbers
    """The last draw, from which the chain can go on, shape (m,)."""
    samples: Numbers
    """Draws that were kept, evenly thinned, shape (n_kept, m)."""

    @classmethod
    def over(cls, active: "np.ndarray[Any, np.dtype[np.intp]]", m: int, parts: tuple[Numbers, ...]) -> "Chain":
        """Put mean, variance, last and samples of the active coordinates, (..., n_active), in their places among m."""
        return cls(*(_placed(active, m, part) for part in parts))


def _placed(active: "np.ndarray[Any, np.dtype[np.intp]]", m: int, part: Numbers) -> Numbers:
    whole = np.zeros((*part.shape[:-1], m))
    whole[..., active] = part
    return whole


@compiled
def record(x: Any, count: int, n_samples: int, mean: Any, variance: Any, samples: Any) -> None:
    """Add draw number `count` (from 0; negative while burning in) to the running moments and perhaps to the samples."""
    if count < 0:
        return
    place = count * samples.shape[0] // n_samples
    kept = place < (count + 1) * samples.shape[0] // n_samples
    for i in range(x.size):
        step = x[i] - mean[i]
        mean[i] += step / (count + 1)
        variance[i] += (step * (x[i] - mean[i]) - variance[i]) / (count + 1)
        if kept:
            samples[place, i] = x[i]
