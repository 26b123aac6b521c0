"""Byte budgets as people write them. 1 KB is 1024 bytes, as in the papers on compressed RNNs."""

import re
from numbers import Integral

from laconic.core.checks import ParameterError

_FACTORS = {"": 1, "b": 1, "kb": 1024, "kib": 1024, "k": 1024, "mb": 1024**2, "mib": 1024**2, "m": 1024**2}
_PATTERN = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-zA-Z]*)\s*")


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
    found = _PATTERN.fullmatch(str(size)) if isinstance(size, str | Integral) else None
    factor = _FACTORS.get(found[2].lower()) if found and not isinstance(size, bool) else None
    if found is None or factor is None or float(found[1]) * factor < 1:
        raise ParameterError(owner, parameter, "a size such as '4KB', '4.06 KB', '1MB' or 4096 (bytes)", size)
    return int(float(found[1]) * factor)


def format_bytes(size: float) -> str:
    """Return a size in words: bytes below 1 KB, else KB or MB with two decimals.

    Examples
    --------
    >>> format_bytes(4152)
    '4.05 KB'
    """
    if size < 1024:
        return f"{size:.0f} B"
    return f"{size / 1024:.2f} KB" if size < 1024**2 else f"{size / 1024**2:.2f} MB"
