"""The Gaussian posterior by products with the dictionary alone: conjugate gradients, and random probes for variances.

With C = noise I + A Gamma A^T, Sigma = Gamma - Gamma A^T C^-1 A Gamma and R_i = Sigma_ii / gamma_i in [0, 1]:

    mean   mu = Gamma A^T C^-1 y
    probe  e = g - Gamma A^T C^-1 (A g + v),  g = Gamma^(1/2) signs,  v = noise^(1/2) signs

A probe costs one solution of a system with C, as mu does, and its covariance is Sigma. It tells R_i twice:

    from its size,            E e_i^2 / gamma_i = R_i,      deviation about 2^(1/2) R_i       best where R_i is small
    from where it came from,  E e_i g_i / gamma_i = R_i,    deviation (R_i (1 - R_i))^(1/2)   best where it is near 1

The second is the estimator of covariance-free EM (Lin, Song, Tolooshams, Ba 2022, arXiv:2105.10439), with
its probes scaled by the prior's deviations. Averages over probes are weighed by the inverse of their variances.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy, zeros_like_shape
from laconic.core.loop import BatchRecord, Rows, iterate
from laconic.sbl.records import Problem


def conjugate_posterior(
    problem: Problem,
    gamma: Array,
    noise: Array,
    *,
    probes: int = 16,
    tol: float = 1e-6,
    max_iter: int = 300,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Return mean and marginal variances of the posterior under x ~ N(0, Gamma), y = A x + v, v ~ N(0, noise I).

    Parameters
    ----------
    problem : Problem
        k signals, with a dictionary of shape (n, m) of any kind.
    gamma : array of shape (k, m) or (1, m)
        Prior variances; a coefficient whose is 0 is 0.
    noise : array of shape (k,) or (1,)
        Variances, above 0.
    probes : int
        Random vectors the variances are estimated with, at least one. A variance of v has a standard error of at most
        about v (2 / probes)^(1/2).
    tol : float
        A system is solved when its residual, scaled by the diagonal of C, is this share of its right-hand side.
    max_iter : int
        Iterations at most; each costs a product with A and one with its transpose, for k (1 + probes) columns.
    seed : int
        Of the probes. They are the same for every signal and every call, so that EM on estimated variances settles.

    Returns
    -------
    mean, variance : array of shape (k, m)
        0 <= variance <= gamma.
    """
    xp, k = array_namespace(gamma), problem.y.shape[0]
    noise = xp.broadcast_to(noise, (k,))
    covariance = _Covariance.of(problem, gamma, noise)
    signs, shake = _signs(problem, probes, seed)
    start = xp.sqrt(gamma)[:, None, :] * signs
    raised = xp.reshape(problem.dictionary.matmul(_flat(start).T).T, (-1, probes, problem.y.shape[1]))
    jolts = raised + xp.sqrt(noise)[:, None, None] * shake
    jolts = jolts if problem.mask is None else jolts * problem.mask[:, None, :]
    solved = covariance.solve(xp.concat([problem.y[:, None, :], jolts], axis=1), tol, max_iter)
    back = xp.reshape(covariance.lifted(_flat(solved)), (k, 1 + probes, -1))
    share = _share(start - back[:, 1:, :], start, gamma)
    return back[:, 0, :], gamma * share


def _signs(problem: Problem, probes: int, seed: int) -> tuple[Array, Array]:
    """Return -1 and 1 at random, shapes (probes, m) and (probes, n)."""
    (n, m), like, rng = problem.dictionary.shape, problem.y, np.random.default_rng(seed)
    drawn = 2.0 * rng.integers(0, 2, size=(probes, n + m), dtype=np.int8) - 1
    signs = array_namespace(like).asarray(drawn, dtype=like.dtype, device=device(like))
    return signs[:, n:], signs[:, :n]


def _share(probe: Array, start: Array, gamma: Array) -> Array:
    """Return the estimate of R, shape (k, m), from probes e and what they started from, (k, probes, m)."""
    xp = array_namespace(gamma)
    scale = xp.where(gamma > 0, gamma, xp.ones_like(gamma))
    by_size = xp.clip(xp.mean(probe**2, axis=1) / scale, 0, 1)
    by_origin = xp.mean(probe * start, axis=1) / scale
    trust = 2 * by_size / (1 + by_size)
    return xp.clip(by_size + trust * (by_origin - by_size), 0, 1)


def _flat(rows: Array) -> Array:
    return array_namespace(rows).reshape(rows, (-1, rows.shape[-1]))


@dataclass(frozen=True)
class _Covariance:
    """C of k signals; entries that are missing have a part of it that is noise alone.

    `noise` has shape (k,), `diagonal` (k, n); `gamma` (k, m) or (1, m).
    """

    problem: Problem
    gamma: Array
    noise: Array
    diagonal: Array

    @classmethod
    def of(cls, problem: Problem, gamma: Array, noise: Array) -> "_Covariance":
        squares, xp = problem.dictionary.squared(), array_namespace(gamma)
        k, n = problem.y.shape
        level = zeros_like_shape((k, n), gamma) + noise[:, None]
        if squares is None:
            return cls(problem, gamma, noise, xp.ones_like(level))
        power = xp.clip(squares.matmul(gamma.T).T, 0)
        return cls(problem, gamma, noise, level + (power if problem.mask is None else power * problem.mask))

    def lifted(self, rows: Array, place: Rows | None = None) -> Array:
        """Return Gamma A^T w for rows w, each of the signal at its place (or all signals' in order)."""
        k = self.noise.shape[0]
        place = np.repeat(np.arange(k), rows.shape[0] // k) if place is None else place
        products = self.problem.dictionary.rmatmul(rows.T).T
        return products * (self.gamma if self.gamma.shape[0] == 1 else _at(self.gamma, place))

    def times(self, rows: Array, place: Rows) -> Array:
        """Return C w for rows w."""
        products = self.problem.dictionary.matmul(self.lifted(rows, place).T).T
        mask = self.problem.mask
        products = products if mask is None else products * _at(mask, place)
        return products + _at(self.noise, place)[:, None] * rows

    def solve(self, right: Array, tol: float, max_iter: int) -> Array:
        """Return C^-1 b for right-hand sides b of shape (k, each, n)."""
        xp, (k, each, n) = array_namespace(right), right.shape
        place = np.repeat(np.arange(k), each)
        residual, diagonal = _flat(right), _at(self.diagonal, place)
        scaled = residual / diagonal
        energy = _dot(residual, scaled)
        begin = _Solving(place, diagonal, xp.zeros_like(residual), residual, scaled, energy, energy)
        run = iterate(self._step, begin, change=_left, tol=tol, max_iter=max_iter)
        return xp.reshape(run.state.solution, (k, each, n))

    def _step(self, at: "_Solving") -> "_Solving":
        product = self.times(at.direction, at.place)
        length = _ratio(at.energy, _dot(at.direction, product))[:, None]
        residual = at.residual - length * product
        scaled = residual / at.diagonal
        energy = _dot(residual, scaled)
        direction = scaled + _ratio(energy, at.energy)[:, None] * at.direction
        return replace(
            at, solution=at.solution + length * at.direction, residual=residual, direction=direction, energy=energy
        )


@dataclass(frozen=True)
class _Solving(BatchRecord):
    """Systems on their way, one a row, with the squared size of the residual now and of the right-hand side."""

    place: Rows
    diagonal: Array
    solution: Array
    residual: Array
    direction: Array
    energy: Array
    first: Array


def _left(before: _Solving, after: _Solving) -> Rows:
    return np.asarray(to_numpy(_ratio(after.energy, after.first))) ** 0.5


def _dot(left: Array, right: Array) -> Array:
    return array_namespace(left).sum(left * right, axis=1)


def _ratio(above: Array, below: Array) -> Array:
    """Return above / below, 0 where there is nothing to divide by."""
    xp = array_namespace(above)
    fine = below > 0
    return xp.where(fine, above / xp.where(fine, below, xp.ones_like(below)), xp.zeros_like(above))


def _at(values: Array, place: Any) -> Array:
    xp = array_namespace(values)
    return xp.take(values, xp.asarray(place, device=device(values)), axis=0)
