"""Byte budgets as people write them. 1 KB is 1024 bytes, as in the papers on compressed RNNs."""

import re
from fractions import Fraction
from numbers import Integral

from laconic.core.checks import ParameterError

_FACTORS = {"": 1, "b": 1} | {
    prefix + suffix: 1024**power for power, prefix in enumerate("kmgt", start=1) for suffix in ("", "b", "ib")
}
_PATTERN = re.compile(r"\s*(\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})\s*([a-zA-Z]*)\s*")


def parse_bytes(size: str | int, *, owner: str = "parse_bytes", parameter: str = "size") -> int:
    """Return a size in bytes, rounded down.

    Parameters
    ----------
    size : str or int
        A number of bytes, or a string such as "4.06KB", "4 KiB", "1MB" (1 KB = 1024 B).
    owner, parameter : str
        Named in the error message.

    Raises
    ------
    ParameterError
        If `size` is not a positive size.

    Examples
    --------
    >>> parse_bytes("4.06KB")
    4157
    """
    exact = _exact_bytes(size)
    if exact < 1:
        raise ParameterError(owner, parameter, "a size such as '4KB', '4.06 KB', '1MB' or 4096 (bytes)", size)
    return int(exact)


def _exact_bytes(size: object) -> Fraction:
    """The size before it is rounded; zero for what is not one."""
    if isinstance(size, Integral) and not isinstance(size, bool):
        return Fraction(int(size))
    found = _PATTERN.fullmatch(size) if isinstance(size, str) else None
    factor = _FACTORS.get(found[2].lower(), 0) if found else 0
    return Fraction(found[1]) * factor if found and factor else Fraction(0)


def format_bytes(size: float) -> str:
    """Return a size in words: bytes below 1 KB, else KB, MB or GB with two decimals.

    Examples
    --------
    >>> format_bytes(4152)
    '4.05 KB'
    """
    if size < 1024:
        return f"{size:.0f} B"
    power = 1 + (size >= 1024**2) + (size >= 1024**3)
    return f"{size / 1024**power:.2f} {'KMG'[power - 1]}B"
