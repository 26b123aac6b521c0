"""The E-step by Markov chains: exact up to the noise of sampling."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy, zeros_like_shape
from laconic.core.checks import check_choice, check_interval, check_positive_int
from laconic.core.loop import BatchRecord
from laconic.sbl.esteps.base import EStep
from laconic.sbl.records import Moments, Problem
from laconic.sbl.sampling.chain import Chain, Numbers
from laconic.sbl.sampling.gibbs import gibbs
from laconic.sbl.sampling.hamiltonian import hamiltonian_posterior


@dataclass(frozen=True)
class MonteCarlo(EStep):
    """Moments of draws from the posterior N(mu, Sigma) on x >= 0 (arXiv:1601.06207, Markov chain Monte Carlo).

    One chain a signal, in compiled loops on the CPU; it goes on from where it stood when the E-step is asked again.
    What is drawn depends on the seed, the signal's place among all and how often it was asked, not on the batch.

    Attributes
    ----------
    sampler : {"gibbs", "hamiltonian"}
        A coordinate at a time, O(n m) a draw; or exact Hamiltonian trajectories, which take longer each but forget
        where they started within a few draws, also where columns are almost alike or there is hardly any noise.
    n_samples, burn_in : int
        Draws each time that count, and draws before them that do not.
    random_state : int or None
        Seed.
    """

    sampler: Literal["gibbs", "hamiltonian"] = "hamiltonian"
    n_samples: int = 200
    burn_in: int = 20
    random_state: int | None = 0

    name: ClassVar[str] = "mcmc"
    summary: ClassVar[str] = "draws from the posterior: exact up to the noise of sampling, and slow"
    relaxation: ClassVar[float] = 1.0
    iterations: ClassVar[int] = 60

    def __post_init__(self) -> None:
        check_choice("MonteCarlo", "sampler", self.sampler, SAMPLERS)
        check_positive_int("MonteCarlo", "n_samples", self.n_samples)
        check_interval("MonteCarlo", "burn_in", self.burn_in, 0, math.inf)

    def seeded(self, seed: int) -> Self:
        return replace(self, random_state=seed)

    def moments(self, problem: Problem, gamma: Array, noise: Array, last: Moments | None) -> Moments:
        like = problem.y
        scales = np.broadcast_to(to_numpy(gamma), (like.shape[0], gamma.shape[1]))
        before = _first(scales, like) if last is None else last.carry
        chains = list(map(self._chain, *_rows(problem, scales, to_numpy(noise)), to_numpy(before.x), before.visit))
        mean, variance, x = (_back(chains, part, like) for part in ("mean", "variance", "last"))
        return Moments(mean, variance, carry=Chains(x, before.visit + 1))

    def _chain(
        self, index: int, A: Numbers, y: Numbers, gamma: Numbers, noise: float, start: Numbers, visit: int
    ) -> Chain:
        rng = np.random.default_rng(np.random.SeedSequence(self.random_state, spawn_key=(int(index), int(visit))))
        sample, begun = SAMPLERS[self.sampler], start if visit else None
        return sample(A, y, noise, gamma, start=begun, n_samples=self.n_samples, burn_in=self.burn_in, rng=rng)


@dataclass(frozen=True)
class Chains(BatchRecord):
    """Where each signal's chain stands, shape (k, m), and how often it was asked, shape (k,)."""

    x: Array
    visit: "np.ndarray[Any, Any]"


SAMPLERS: dict[str, Callable[..., Chain]] = {"gibbs": gibbs, "hamiltonian": hamiltonian_posterior}


def _first(gamma: Numbers, like: Array) -> Chains:
    return Chains(zeros_like_shape(gamma.shape, like), np.zeros(gamma.shape[0], dtype=np.int64))


def _rows(problem: Problem, gamma: Numbers, noise: Numbers) -> tuple[Any, ...]:
    """What differs between signals, a list for each argument of a chain: place, dictionary, signal, scales, noise."""
    A, y = to_numpy(problem.dictionary.dense("MonteCarlo")).astype(np.float64), to_numpy(problem.y).astype(np.float64)
    there = np.ones(y.shape, bool) if problem.mask is None else to_numpy(problem.mask) > 0
    dictionaries = [A if row.all() else A[row] for row in there]
    signals = [signal[row] for signal, row in zip(y, there, strict=True)]
    return problem.index, dictionaries, signals, gamma, np.broadcast_to(noise, (y.shape[0],))


def _back(chains: list[Chain], part: str, like: Array) -> Array:
    values = np.stack([getattr(chain, part) for chain in chains])
    return array_namespace(like).asarray(values, dtype=like.dtype, device=device(like))
