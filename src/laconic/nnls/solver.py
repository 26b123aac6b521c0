"""Non-negative least squares for thousands of right-hand sides."""

from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, device, to_numpy
from laconic.core.checks import check_choice, check_interval, check_positive_int
from laconic.core.result import Status, worst
from laconic.nnls.arguments import as_ridge, as_start, like, moved
from laconic.nnls.dense import Answers, Options, solve_dense
from laconic.nnls.factor import Floats, Ints
from laconic.nnls.patterns import patterns
from laconic.nnls.projected import descend
from laconic.nnls.result import NNLSResult
from laconic.structured.dictionary import Dictionary, as_dictionary
from laconic.structured.signals import Signals, as_signals

METHODS = ("auto", "active_set", "coordinate", "projected")

PROJECTED_STEPS = 2000
"""Iterations of the projected gradient where none are given."""


def nnls(
    A: Any,
    Y: Any,
    *,
    method: str = "auto",
    ridge: Any = None,
    x0: Any = None,
    max_iter: int | None = None,
    tol: float = 1e-10,
) -> NNLSResult:
    """Solve min |A x - y|^2 + sum_i ridge_i x_i^2 over x >= 0 for every column y of Y.

    The dictionary's Gram matrix is computed once, then each right-hand side is solved by an active set (Lawson and
    Hanson 1974, with several columns exchanged at once) that begins where the one before ended, if that fits. The
    answer is judged by the residual itself; where the Gram matrix has lost too many digits it is solved again on the
    columns, by orthogonal factors. It raises only for input that is no problem at all: dependent, zero or badly
    scaled columns get their best answer and its gap.

    Parameters
    ----------
    A : array, sparse matrix, LinearOperator or StructuredMatrix of shape (n, m)
        The dictionary. One that is no array is formed if that takes at most 1 GiB.
    Y : array of shape (n,) or (n, k)
        Right-hand sides. NaN marks a missing entry: that row does not count for that right-hand side.
    method : {"auto", "active_set", "coordinate", "projected"}
        "coordinate" begins with coordinate descent on the Gram matrix and lets the active set finish. "projected",
        accelerated projected gradient descent, needs products with A only; "auto" takes it for a dictionary that is
        too large to be formed, and else "active_set".
    ridge : float, array of shape (m,) or (m, k), optional
        At least 0, in the units of the squared entries of A; infinity holds a coordinate at zero.
    x0 : array of shape (m,) or (m, k), optional
        Guess, at least 0.
    max_iter : int, optional
        Iterations a right-hand side: how often columns enter the active set (3 m + 30), or steps (2000).
    tol : float, default 1e-10
        Gap up to which an answer counts as converged; the active set goes on to rounding all the same.

    Returns
    -------
    NNLSResult
        `x` of shape (m,) or (m, k), of A's library and type. `gap` is the Karush-Kuhn-Tucker residual
        max_i |min(x_i |a_i|, g_i / |a_i|)| / |y| with g = A'(A x - y) + ridge x.

    Raises
    ------
    ParameterError
        If a parameter is outside its limits.
    DataError
        If A or Y has the wrong shape or type, A or x0 holds NaN or infinity, Y infinity or a column without entries.

    Examples
    --------
    >>> import numpy as np
    >>> nnls(np.eye(2), np.array([3.0, -1.0])).x
    array([3., 0.])
    """
    check_choice("nnls", "method", method, METHODS)
    tol = check_interval("nnls", "tol", tol, 0.0, 1.0)
    limit = None if max_iter is None else check_positive_int("nnls", "max_iter", max_iter)
    dictionary = as_dictionary("nnls", A)
    signals = as_signals("nnls", Y, dictionary)
    k = signals.y.shape[0]
    weights, start = as_ridge("nnls", ridge, dictionary, k), as_start("nnls", x0, dictionary, k)
    if method == "projected" or (method == "auto" and not dictionary.fits()):
        return _by_products(dictionary, signals, weights, start, limit or PROJECTED_STEPS, tol)
    matrix = to_numpy(dictionary.dense("nnls")).astype(np.float64)
    y = to_numpy(signals.y).astype(np.float64)
    mask = None if signals.mask is None else to_numpy(signals.mask) > 0
    options = Options(method, limit or 3 * dictionary.shape[1] + 30, tol)
    answers = _solve(matrix, y, mask, weights, start, options)
    return _result(dictionary, signals, answers)


def _solve(matrix: Floats, y: Floats, mask: Any, ridge: Floats, start: Floats | None, options: Options) -> Answers:
    if mask is None:
        return solve_dense(matrix, y, ridge, start, options)
    whole = Answers.empty(len(y), matrix.shape[1])
    for present, rows in patterns(mask):
        own = ridge if len(ridge) == 1 else ridge[rows]
        guess = None if start is None else start[rows]
        part = solve_dense(matrix[present], y[np.ix_(rows, present)], own, guess, options)
        whole = whole.put(rows, part)
    return whole


def _result(dictionary: Dictionary, signals: Signals, answers: Answers) -> NNLSResult:
    statuses: set[Status] = set()
    if not answers.ended.all():
        statuses.add("max_iter")
    if not (answers.settled | ~answers.ended).all():
        statuses.add("stalled")
    status = worst(statuses)
    return NNLSResult(
        x=signals.columns(like(dictionary, answers.x)),
        gap=signals.numbers(answers.gap),
        status=status,
        message=_message(status, answers) + moved(dictionary),
        n_iter=signals.numbers(answers.n_iter),
        objective=signals.numbers(answers.objective),
    )


_WORDS: dict[Status, str] = {
    "converged": "no gradient points inwards",
    "stalled": "rounding kept the gap above tol",
    "max_iter": "the number of iterations was used up",
}


def _message(status: Status, answers: Answers) -> str:
    refined = int(answers.refined.sum())
    if not refined:
        return _WORDS[status]
    return f"{_WORDS[status]}; {refined} of {len(answers.x)} solved again on the columns for accuracy"


def _by_products(
    dictionary: Dictionary, signals: Signals, ridge: Floats, start: Floats | None, max_iter: int, tol: float
) -> NNLSResult:
    shape = (signals.y.shape[0], dictionary.shape[1])
    xp, where = array_namespace(signals.y), device(signals.y)
    weights = xp.asarray(np.broadcast_to(ridge, shape).copy(), dtype=signals.y.dtype, device=where)
    guess = np.zeros(shape) if start is None else start.copy()
    first = xp.asarray(guess, dtype=signals.y.dtype, device=where)
    run, gap = descend(dictionary, signals.y, signals.mask, weights, first, tol=tol, max_iter=max_iter)
    return _projected_result(dictionary, signals, weights, run.state.x, gap, run.n_iter, bool(run.settled.all()))


def _projected_result(
    dictionary: Dictionary, signals: Signals, ridge: Array, x: Array, gap: Any, n_iter: Ints, settled: bool
) -> NNLSResult:
    xp = array_namespace(x)
    left = signals.y - dictionary.matmul(x.T).T
    left = left if signals.mask is None else left * signals.mask
    weight = xp.where(xp.isinf(ridge), xp.zeros_like(ridge), ridge)
    objective = xp.sum(left**2, axis=1) + xp.sum(weight * x**2, axis=1)
    words = "the gap reached tol" if settled else _WORDS["max_iter"]
    return NNLSResult(
        x=signals.columns(x),
        gap=signals.numbers(gap),
        status="converged" if settled else "max_iter",
        message=f"{words}; projected gradient, by products with the dictionary alone",
        n_iter=signals.numbers(n_iter),
        objective=signals.numbers(to_numpy(objective)),
    )
