"""Every method of the experiment: a name, how it is called, and how many trials it can afford."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import numpy as np
import peers
from measure import Vector

from laconic.datasets import SparseCodes
from laconic.nnls import nn_omp, sparse_nnls
from laconic.sbl import rectified_sbl

LEVEL = 0.9


@dataclass(frozen=True)
class Answer:
    """An estimate, its interval where the method has one, and whether the method's own test was met."""

    x: Vector
    interval: tuple[Vector, Vector] | None = None
    converged: bool = True


@dataclass(frozen=True)
class Method:
    """One line of the tables."""

    name: str
    solve: Callable[[SparseCodes, int], Answer]
    share: float = 1.0  # of the seeds; less where it is slow
    available: bool = True


def rsbl(problem: SparseCodes, seed: int, *, noise: str | None = None, **options: object) -> Answer:
    """R-SBL's mode, and its intervals, with the noise known unless `noise` says otherwise."""
    given = problem.noise if noise is None else noise
    result = rectified_sbl(problem.A, problem.y[:, 0], noise=given, random_state=seed, **options)
    return Answer(result.x, result.interval(LEVEL), result.converged)


def prior_nnls(problem: SparseCodes, seed: int, *, prior: str, **options: object) -> Answer:
    result = sparse_nnls(problem.A, problem.y[:, 0], prior=prior, noise=problem.noise, **options)
    return Answer(result.x, None, result.converged)


def pursuit(problem: SparseCodes, seed: int) -> Answer:
    result = nn_omp(problem.A, problem.y[:, 0], n_nonzero=int(problem.support.sum()))
    return Answer(result.x, None, result.converged)


def peer(solve: Callable[[SparseCodes], Vector], problem: SparseCodes, seed: int) -> Answer:
    return Answer(np.asarray(solve(problem)))


METHODS = {
    method.name: method
    for method in (
        Method("R-SBL diagonal", partial(rsbl, e_step="diagonal")),
        Method("R-SBL LMMSE", partial(rsbl, e_step="lmmse")),
        Method("R-SBL GAMP", partial(rsbl, e_step="gamp"), share=0.25),
        Method("R-SBL EP", partial(rsbl, e_step="ep"), share=0.1),
        Method("R-SBL MCMC", partial(rsbl, e_step="mcmc"), share=0.02),
        Method("Student-t sparse NNLS", partial(prior_nnls, prior="student_t")),
        Method("GDP sparse NNLS", partial(prior_nnls, prior="gdp")),
        Method("scipy nnls", partial(peer, peers.scipy_nnls)),
        Method("NN-OMP, K known", pursuit),
        Method("Lasso+, oracle", partial(peer, peers.oracle_lasso)),
        Method("R-SBL diagonal, own marginals", partial(rsbl, e_step="diagonal", marginals="e_step"), share=0.2),
        Method("R-SBL LMMSE, own marginals", partial(rsbl, e_step="lmmse", marginals="e_step"), share=0.2),
        Method("R-SBL diagonal, noise auto", partial(rsbl, e_step="diagonal", noise="auto"), share=0.5),
        Method("R-SBL LMMSE, noise auto", partial(rsbl, e_step="lmmse", noise="auto"), share=0.1),
        Method("scikit-learn ARD (any sign)", partial(peer, peers.ard), share=0.2),
        Method("SPAMS Lasso+", partial(peer, peers.spams_lasso), available=find_spec("spams") is not None),
    )
}
