"""The methods of the experiment: each takes a dictionary (n, m) and signals (n, k) and returns its answer.

None is told anything about the noise.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from laconic.nnls import nn_omp, nnls, sparse_nnls
from laconic.sbl import rectified_sbl

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """Codes (m, k), their standard deviation where the method has one, what it says of itself, and the time taken."""

    x: Matrix
    std: Matrix | None = None
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Method:
    """A way to unmix; `every` is the number of signals of which it can afford one."""

    solve: Callable[[Matrix, Matrix], Answer]
    every: int = 1


def timed(method: Method, A: Matrix, Y: Matrix) -> Answer:
    """Solve and take the processor's time, which other work on the machine does not lengthen."""
    started = time.process_time()
    answer = method.solve(A, Y)
    return Answer(answer.x, answer.std, answer.message, time.process_time() - started)


def scipy_looped(A: Matrix, Y: Matrix) -> Answer:
    """One call a signal; where SciPy gives up, the code is zero and the message counts it."""
    x, failures = np.zeros((A.shape[1], Y.shape[1])), 0
    for i, y in enumerate(Y.T):
        try:
            x[:, i] = scipy.optimize.nnls(A, y)[0]
        except RuntimeError:
            failures += 1
    return Answer(x, message=f"{failures} of {Y.shape[1]} raised" if failures else "")


def of(solver: Callable[..., object], A: Matrix, Y: Matrix, **options: object) -> Answer:
    result = solver(A, Y, **options)
    return Answer(result.x, getattr(result, "std", None), result.message)


def support(x: Matrix, share: float) -> float:
    """Mean number of entries above a share of the signal's largest."""
    return float((x > share * x.max(axis=0)).sum(axis=0).mean())


def residual_variance(A: Matrix, Y: Matrix, x: Matrix) -> Matrix:
    """Return the variance that the residual of a plain fit shows, over the entries that the fit leaves free, (k,)."""
    return np.sum((Y - A @ x) ** 2, axis=0) / np.maximum(len(A) - np.sum(x > 0, axis=0), 1)


def sparse(A: Matrix, Y: Matrix, *, prior: str, times: float = 1.0) -> Answer:
    """Sparse NNLS with `times` the noise that the plain answer's residual shows."""
    plain = nnls(A, Y).x
    result = sparse_nnls(A, Y, prior=prior, noise=times * residual_variance(A, Y, plain))
    return Answer(result.x, None, result.message)


def learned(A: Matrix, Y: Matrix, **options: object) -> Answer:
    """R-SBL with the noise that the residual of plain NNLS shows."""
    return of(rectified_sbl, A, Y, noise=residual_variance(A, Y, nnls(A, Y).x), **options)


METHODS: dict[str, Method] = {
    "scipy nnls, looped": Method(scipy_looped),
    "nnls": Method(partial(of, nnls)),
    "NN-OMP, at most 3": Method(partial(of, nn_omp, n_nonzero=3)),
    "sparse NNLS, GDP": Method(partial(sparse, prior="gdp")),
    "sparse NNLS, GDP, noise x 4": Method(partial(sparse, prior="gdp", times=4.0)),
    "sparse NNLS, GDP, noise x 16": Method(partial(sparse, prior="gdp", times=16.0)),
    "sparse NNLS, Student-t": Method(partial(sparse, prior="student_t"), every=20),
    "R-SBL diagonal": Method(partial(learned, e_step="diagonal"), every=90),
    "R-SBL LMMSE": Method(partial(learned, e_step="lmmse"), every=90),
    "R-SBL diagonal, noise auto": Method(partial(of, rectified_sbl), every=90),
}
