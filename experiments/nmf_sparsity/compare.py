"""Points of one curve beside another curve at the same error."""

from typing import Any

import numpy as np

Point = dict[str, Any]


def at_error(curve: list[Point], error: float, key: str) -> float | None:
    """Return a count between the two neighbours of this error, its logarithm linear.

    Beyond the largest error it is that of the last point, whose fit is closer; below the smallest it is None.
    """
    line = sorted((point for point in curve if point[key] > 0), key=lambda point: point["relative_error"])
    errors, counts = ([point[name] for point in line] for name in ("relative_error", key))
    if not errors or error < errors[0]:
        return None
    return float(np.exp(np.interp(error, errors, np.log(np.maximum(counts, 1)))))


def beside(ours: dict[str, list[Point]], theirs: list[Point], key: str) -> list[Point]:
    """Return for each of their points the least of our counts at the same error, and its share of theirs."""
    rows = []
    for point in theirs:
        found = {name: at_error(curve, point["relative_error"], key) for name, curve in ours.items()}
        known = {name: count for name, count in found.items() if count is not None}
        best = min(known, key=lambda name: known[name]) if known else None
        count = known[best] if best else None
        rows.append(
            {"strength": point["strength"], "relative_error": point["relative_error"], "theirs": point[key]}
            | {"ours": count, "by": best, "ratio": count / max(1, point[key]) if count is not None else None}
        )
    return rows
