"""An E-step to copy: mean-field variational inference. CONTRIBUTING.md says what to do with it."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from laconic.core.arrays import Array, array_namespace
from laconic.core.checks import check_positive_int
from laconic.sbl.esteps.base import EStep
from laconic.sbl.moments import rectified_moments, rectified_variance
from laconic.sbl.records import Moments, Problem


@dataclass(frozen=True)
class MeanField(EStep):
    """The product of rectified Gaussians that is closest to the posterior: min KL(q | p) over q = prod q_i.

    One factor after the other, with the others at their means: q_i = N^R(m_i, v_i) with
    v_i = 1 / (|a_i|^2 / noise + 1 / gamma_i) and m_i = v_i a_i^T (y - sum_{j != i} a_j <x_j>) / noise. Exact where
    the columns are orthogonal.

    Parameters
    ----------
    sweeps : int
        How often each factor is brought up to date in one E-step; the next one goes on from there.
    """

    sweeps: int = 10

    name: ClassVar[str] = "mean_field"  # what e_step="..." calls it
    summary: ClassVar[str] = "each coefficient a rectified Gaussian, the others at their means"  # for tables
    exact: ClassVar[bool] = False  # True only if the moments are the posterior's own: then the evidence must rise
    needs: ClassVar[Literal["dense", "products"]] = "dense"  # "products" if matmul and rmatmul are enough

    def __post_init__(self) -> None:
        check_positive_int("MeanField", "sweeps", self.sweeps)

    def moments(self, problem: Problem, gamma: Array, noise: Array, last: Moments | None) -> Moments:
        xp, A = array_namespace(problem.y), problem.dictionary.dense("MeanField")
        there = xp.ones_like(problem.y) if problem.mask is None else problem.mask
        gamma, level = xp.broadcast_to(gamma, (problem.size, A.shape[1])), noise[:, None]
        spread = gamma * level / (level + gamma * (there @ A**2))  # a scale of 0 gives 0, and needs no care
        mean = xp.zeros_like(gamma) if last is None else xp.where(gamma > 0, last.mean, xp.zeros_like(gamma))
        location = mean
        for _ in range(self.sweeps):
            location, mean = _sweep(problem.y, A, there, spread / level, spread, mean)
        return Moments(mean, rectified_variance(location, spread), location, spread)

    def bytes_per_signal(self, n: int, m: int, itemsize: int) -> int:
        return itemsize * (6 * n + 12 * m)


def _sweep(y: Array, A: Array, there: Array, gain: Array, spread: Array, mean: Array) -> tuple[Array, Array]:
    """Return location and mean of every coefficient, (k, m) each, brought up to date from the first to the last."""
    xp, locations, means = array_namespace(y), [], []
    left = y - there * (mean @ A.T)
    for j in range(A.shape[1]):
        column = there * A[:, j]
        left = left + mean[:, j, None] * column
        locations.append(gain[:, j] * xp.sum(left * column, axis=1))
        means.append(rectified_moments(locations[j], spread[:, j])[0])
        left = left - means[j][:, None] * column
    return xp.stack(locations, axis=1), xp.stack(means, axis=1)
