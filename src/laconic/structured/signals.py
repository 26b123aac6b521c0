"""Signals to be explained by a dictionary: columns outside, rows inside, NaN where an entry is missing."""

from dataclasses import dataclass
from typing import Any

from laconic.core.arrays import Array, array_namespace, device
from laconic.core.checks import DataError
from laconic.core.loop import BatchRecord
from laconic.structured.dictionary import Dictionary, real_array


@dataclass(frozen=True)
class Signals(BatchRecord):
    """Signals, one a row.

    Attributes
    ----------
    y : array of shape (k, n)
        Missing entries are 0.
    mask : array of shape (k, n) or None
        1 where an entry is there and 0 where it is missing; None if none is missing.
    single : bool
        Whether one vector came, so that one vector is to be returned.
    """

    y: Array
    mask: Array | None
    single: bool

    def columns(self, rows: Array) -> Array:
        """Return answers, one a row, the way the signals came: of shape (m,) for a single one, else (m, k)."""
        return rows[0, :] if self.single else rows.T

    def numbers(self, values: Any) -> Any:
        """Return numbers, one a signal, the way the signals came: a plain number for a single one."""
        return values[0].item() if self.single else values


def as_signals(owner: str, value: Any, dictionary: Dictionary) -> Signals:
    """Return the right-hand sides `value`, of shape (n,) or (n, k), as signals of the dictionary's library and type.

    Raises
    ------
    DataError
        If there is another number of rows than the dictionary has, no signal, an infinite entry, an entry that is not
        a real number, or a signal with every entry missing.
    """
    y = real_array(owner, "the signals", value)
    n = dictionary.shape[0]
    if y.ndim not in (1, 2) or y.shape[0] != n or 0 in tuple(y.shape):
        raise DataError(f"{owner}: the signals must have shape ({n},) or ({n}, k), got {tuple(y.shape)}")
    xp = array_namespace(dictionary.like)
    rows = xp.asarray(y[None, :] if y.ndim == 1 else y.T, dtype=dictionary.dtype, device=device(dictionary.like))
    missing = xp.isnan(rows)
    _check(owner, bool(xp.any(xp.isinf(rows))), "must be finite, got infinite entries (NaN marks a missing one)")
    _check(owner, bool(xp.any(xp.all(missing, axis=1))), "must have an entry that is not missing in each column")
    mask = xp.astype(~missing, rows.dtype) if bool(xp.any(missing)) else None
    clean = rows if mask is None else xp.where(missing, xp.zeros_like(rows), rows)
    return Signals(clean, mask, single=y.ndim == 1)


def _check(owner: str, wrong: bool, words: str) -> None:
    if wrong:
        raise DataError(f"{owner}: the signals {words}")
