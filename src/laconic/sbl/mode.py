"""The posterior mode: non-negative least squares with a ridge of noise / gamma."""

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.nnls import nnls
from laconic.nnls.gram import solve_gram
from laconic.sbl.records import Problem


def posterior_mode(problem: Problem, gamma: Array, noise: Array, guess: Array) -> Array:
    """Return argmin |y - A x|^2 + noise sum x^2 / gamma over x >= 0 (arXiv:1601.06207), shape (k, m).

    It is sparse, unlike the posterior mean. Computed on the CPU.

    Parameters
    ----------
    problem : Problem
    gamma, noise : array of shape (k, m) or (1, m), and (k,) or (1,)
    guess : array of shape (k, m)
        Where to start, such as the posterior mean.
    """
    ridge = _ridge(gamma, noise)
    if problem.dictionary.is_dense and problem.mask is None:
        A, y = (to_numpy(array).astype(np.float64) for array in (problem.dictionary.dense("mode"), problem.y))
        rows = solve_gram(A.T @ A, y @ A, ridge, to_numpy(guess).astype(np.float64))[0]
    else:
        xp = array_namespace(problem.y)
        y = problem.y if problem.mask is None else xp.where(problem.mask > 0, problem.y, xp.nan)
        rows = to_numpy(nnls(problem.dictionary, y.T, ridge=ridge.T, x0=to_numpy(guess).T).x).T
    return array_namespace(guess).asarray(rows, dtype=guess.dtype, device=device(guess))


def _ridge(gamma: Array, noise: Array) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    scales, variances = to_numpy(gamma).astype(np.float64), to_numpy(noise).astype(np.float64)
    with np.errstate(divide="ignore"):
        return np.where(scales > 0, variances[:, None] / scales, np.inf)
