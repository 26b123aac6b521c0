"""From results, piece by piece, to what a report shows, so that the codes themselves may stay on disk."""

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np

from laconic.core.result import Result
from laconic.report.codes.records import Array, Codes, Example, Image, named_maps

LEVEL = 0.9
"""Probability inside the intervals of a report."""

SMALL = 0.01
"""Share of a signal's largest coefficient up to which others hardly count."""

_MARGINALS = ("location", "spread")


class Digest:
    """Numbers for each signal, how much each column is used, and the signals worth a picture.

    Parameters
    ----------
    A : array of shape (n, m)
        The dictionary.
    k : int
        Signals there will be.

    Attributes
    ----------
    support, large, residual : array of shape (k,)
        As in `Codes`; NaN for signals not yet added.
    doubt : array of shape (k,)
        How far a signal may be moved by what is not sure in its code; NaN where no standard deviation is known.
    use : array of shape (m,)
        Sum over the signals of the length of what each column adds.
    """

    def __init__(self, A: Array, k: int) -> None:
        self.A, self.lengths = A, np.linalg.norm(A, axis=0)
        self.support, self.large, self.residual = np.full(k, np.nan), np.full(k, np.nan), np.full(k, np.nan)
        self.use = np.zeros(A.shape[1])
        self.doubt, self._candidates = np.full(k, np.nan), list[Example]()

    def add(self, signals: Array, Y: Array, result: Any) -> None:
        """Take in the result for Y of shape (n, c), which are the signals of these numbers (c,)."""
        fit = self.A @ result.x
        residual = relative_residual(Y, fit)
        self.support[signals], self.large[signals] = support_of(result), large_of(result.x)
        self.residual[signals] = residual
        self.use += result.x.sum(axis=1) * self.lengths
        order = np.argsort(residual)
        self._keep("typical", int(order[len(order) // 2]), signals, Y, fit, result)
        self._keep("fitted worst", int(order[-1]), signals, Y, fit, result)
        if getattr(result, "std", None) is not None:
            self.doubt[signals] = np.sqrt(self.lengths**2 @ result.std**2)
            self._keep("least sure", int(np.argmax(self.doubt[signals])), signals, Y, fit, result)

    def examples(self) -> tuple[Example, ...]:
        """Return a signal of about the middling residual, the one fitted worst and the one least sure, each once."""
        middle = np.nanmedian(self.residual) if self._candidates else 0.0
        keys = {
            "typical": lambda one: abs(self.residual[one.signal] - middle),
            "fitted worst": lambda one: -self.residual[one.signal],
            "least sure": lambda one: -self.doubt[one.signal],
        }
        found = dict[int, Example]()
        for role, key in keys.items():
            if candidates := [one for one in self._candidates if one.role == role]:
                best = min(candidates, key=key)
                found.setdefault(best.signal, best)
        return tuple(found.values())

    def _keep(self, role: str, place: int, signals: Array, Y: Array, fit: Array, result: Any) -> None:
        self._candidates.append(example(self.A, Y, fit, result, place, int(signals[place]), role))


def example(A: Array, Y: Array, fit: Array, result: Any, place: int, signal: int, role: str) -> Example:
    """Return the signal in column `place` of Y, fit and result in full, as copies that hold none of these in memory."""
    low, high = interval_of(result, place)
    return Example(
        signal=signal,
        role=role,
        y=Y[:, place].copy(),
        fit=fit[:, place].copy(),
        spread=_spread(A, Y[:, place], result, place),
        x=result.x[:, place].copy(),
        low=low,
        high=high,
        trace=None if result.trace is None else finite(result.trace[:, place]),
    )


def support_of(result: Any) -> Array:
    """Return how many coefficients of each signal the solver counts: above zero, or out of the spike of its prior."""
    known = getattr(result, "effective_support", None)
    if known is not None:
        return np.asarray(known)
    counted = getattr(result, "support", None)
    return np.asarray((result.x > 0 if counted is None else counted).sum(axis=0))


def large_of(x: Array) -> Array:
    """Return how many coefficients of each signal are above a hundredth of its largest."""
    return np.asarray((x > SMALL * x.max(axis=0)).sum(axis=0))


def relative_residual(Y: Array, fit: Array) -> Array:
    """Return |y - fit| / |y| of each column over the entries that are not NaN; 0 for a signal of zeros."""
    lost, size = (np.sqrt(np.nansum(part**2, axis=0)) for part in (Y - fit, Y))
    return np.asarray(lost / np.where(size > 0, size, 1.0))


def interval_of(result: Any, place: int | None, level: float = LEVEL) -> tuple[Array | None, Array | None]:
    """Return the ends of the intervals of one signal's coefficients, None twice where the method has none."""
    if not hasattr(result, "interval"):
        return None, None
    one = result if place is None else replace(result, **{name: getattr(result, name)[:, place] for name in _MARGINALS})
    low, high = one.interval(level)
    return low, high


def finite(trace: Array) -> Array:
    """Return a trace up to where its signal stopped."""
    return trace[np.isfinite(trace)]


def _spread(A: Array, y: Array, result: Any, place: int) -> Array | None:
    """Return the standard deviation expected of new entries, by the Gaussian around the mode on the columns it uses.

    With S those columns and Gamma their scales, sqrt(noise + diag A_S (A_S'A_S / noise + Gamma^-1)^-1 A_S').
    """
    if getattr(result, "scales", None) is None:
        return None
    used = np.flatnonzero((result.mode[:, place] > 0) & (result.scales[:, place] > 0))
    columns, noise = A[:, used].astype(np.float64), float(result.noise[place])
    there = columns[~np.isnan(y)]
    precision = there.T @ there + np.diag(noise / result.scales[used, place])
    return np.asarray(np.sqrt(noise * (1 + np.sum(columns.T * np.linalg.solve(precision, columns.T), axis=0))))


def read_codes(
    method: str,
    A: Array,
    Y: Array,
    result: Any,
    seconds: float,
    *,
    names: Sequence[str] = (),
    image: Image | None = None,
    error: float = nan,
) -> Codes:
    """Return what a report shows of a result for the signals Y of shape (n, k).

    Parameters
    ----------
    method : str
        As in `Codes`.
    A : array of shape (n, m)
        The dictionary.
    Y : array of shape (n, k)
        Signals, each with an entry that is not NaN.
    result : SBLResult, NNLSResult or another Result
        For all of them, of k columns.
    seconds : float
        What it took.
    names : sequence of str of length m
        Of the columns; needed for maps.
    image : Image, optional
        How signals lie in an image, for maps.
    error : float
        As in `Codes`.
    """
    digest = Digest(A, Y.shape[1])
    digest.add(np.arange(Y.shape[1]), Y, result)
    std = getattr(result, "std", None)
    return Codes(
        method=method,
        support=digest.support,
        large=digest.large,
        residual=digest.residual,
        seconds=seconds,
        status=result.status,
        message=result.message,
        gap=float(np.max(result.gap)),
        trace_of=trace_of(result),
        examples=digest.examples(),
        maps=() if image is None else named_maps(result.x, std, names, image, digest.use),
        error=error,
    )


def trace_of(result: Result) -> str:
    """Return what the trace of a result holds."""
    return "log evidence" if hasattr(result, "evidence") else "objective"
