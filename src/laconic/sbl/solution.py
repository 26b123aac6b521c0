"""What rectified sparse Bayesian learning returns."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.loop import BatchRecord, Rows
from laconic.core.result import Result
from laconic.sbl.em import Learning
from laconic.sbl.quantiles import Kind, rectified_interval
from laconic.structured.signals import Signals


@dataclass(frozen=True)
class SBLResult(Result):
    """Codes, how sure they are, and how they were found.

    For one signal the arrays have shape (m,) and the numbers are plain; for k signals (m, k) and (k,).

    Attributes
    ----------
    x : array
        The estimate that was asked for: `mode` or `mean`.
    std : array
        Posterior standard deviation of each coefficient, given the learned scales and noise.
    mean : array
        Posterior mean; dense.
    mode : array
        Posterior mode; sparse.
    scales : array
        The learned scale gamma of each coefficient, a variance; 0 where it was pruned.
    noise : float or array
        The noise variance, given or found.
    evidence : float or array
        ln p(y | scales, noise) as expectation propagation or the E-step approximates it; NaN where it cannot.
    effective_support : int or array
        Number of coefficients of the mode that are not zero.
    gap : float or array
        The largest change of a standard deviation sqrt(gamma) at the last iteration, relative to the largest.
    trace : array of shape (iterations,) or (iterations, k), or None
        The E-step's log evidence after each iteration, where it has one. It rises at every step only if the E-step is
        exact.
    """

    std: Any = None
    mean: Any = None
    mode: Any = None
    scales: Any = None
    noise: Any = None
    evidence: Any = None
    effective_support: Any = None
    location: Any = None
    spread: Any = None

    def interval(self, level: float = 0.9, kind: Kind = "highest_density") -> tuple[Array, Array]:
        """Return the ends of an interval that holds each coefficient with probability `level`, given the scales.

        The marginal posterior of a coefficient is taken as the rectified Gaussian N^R(location, spread).

        Parameters
        ----------
        level : float in (0, 1), default 0.9
        kind : {"highest_density", "equal_tailed"}
            The shortest interval, which reaches down to zero where zero is the likeliest value; or the one that
            leaves as much probability below as above.
        """
        return rectified_interval(self.location, self.spread, level, kind)


@dataclass(frozen=True)
class Part(BatchRecord):
    """The answers to a batch of signals, one a row, in the units of the problem."""

    mode: Array
    mean: Array
    std: Array
    gamma: Array
    noise: Array
    location: Array
    spread: Array
    evidence: Array
    gap: Rows
    n_iter: Rows
    settled: Rows
    fell_back: Rows
    trace: Rows | None


def assembled(parts: list[Part], signals: Signals, how: Learning, estimate: str) -> SBLResult:
    """Return the result made of the answers to all batches, in the user's order."""

    def rows(name: str) -> Array:
        values = [getattr(part, name) for part in parts]
        return array_namespace(values[0]).concat(values, axis=0)

    columns = {name: signals.columns(rows(name)) for name in ("mode", "mean", "std", "location", "spread")}
    settled, fallen = rows("settled"), rows("fell_back")
    return SBLResult(
        x=columns[estimate],
        gap=signals.numbers(rows("gap")),
        status="converged" if settled.all() else "max_iter",
        message=_message(settled, fallen, how) + _moved(signals, how),
        n_iter=signals.numbers(rows("n_iter")),
        trace=_trace([part.trace for part in parts], signals),
        scales=signals.columns(rows("gamma")),
        noise=signals.numbers(rows("noise")),
        evidence=signals.numbers(rows("evidence")),
        effective_support=signals.numbers(_support(rows("mode"))),
        **columns,
    )


def _message(settled: Rows, fallen: Rows, how: Learning) -> str:
    left = int((~settled).sum())
    words = "the scales settled" if not left else f"{left} of {settled.size} signals had not settled"
    words += f" within {how.max_iter} iterations of {how.e_step.name} to {how.tol:g}"
    if fallen.any():
        words += f"; message passing diverged for {int(fallen.sum())} signals, which fell back to LMMSE"
    return words


def _moved(signals: Signals, how: Learning) -> str:
    """Return what to say about loops that run one after the other, if the data is not where these run."""
    if isinstance(signals.y, np.ndarray):
        return ""
    what = "draws and the mode were" if how.e_step.name == "mcmc" else "the mode was"
    return f"; {what} computed on the CPU by NumPy"


def _trace(traces: list[Rows | None], signals: Signals) -> Any:
    """Return the traces of all batches side by side, NaN where a batch ended earlier."""
    known = [trace for trace in traces if trace is not None]
    if len(known) < len(traces):
        return None
    longest = max(trace.shape[1] for trace in known)
    padded = [np.pad(t, ((0, 0), (0, longest - t.shape[1])), constant_values=np.nan) for t in known]
    return signals.columns(np.concatenate(padded))


def _support(mode: Array) -> Array:
    """Return how many coefficients of each row are above zero."""
    xp = array_namespace(mode)
    return xp.sum(xp.astype(mode > 0, xp.int64), axis=1)
