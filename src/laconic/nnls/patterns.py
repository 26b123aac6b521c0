"""Signals of which the same entries are missing."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from laconic.nnls.factor import Ints


def patterns(mask: Any) -> Iterator[tuple[Any, Ints]]:
    """Go through the patterns of missing entries: which entries are there, and in which signals."""
    patterns, which = np.unique(mask, axis=0, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    for present, rows in zip(patterns, np.split(order, np.cumsum(np.bincount(which.ravel()))[:-1]), strict=True):
        yield np.flatnonzero(present), rows
