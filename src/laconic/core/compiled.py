"""Loops that are sequential by nature, compiled by numba and kept on disk between runs."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Return `function` compiled at its first call, once for each combination of argument types.

    Sums keep the order in which they are written, so that the same numbers come out on every machine. Other threads may
    run meanwhile (see `laconic.core.threads`).
    """
    return cast(F, numba.njit(cache=True, fastmath=False, nogil=True)(function))
