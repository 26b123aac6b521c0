"""The figures of codes: one row a method, for machines and for a terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from laconic.cli.table import aligned

if TYPE_CHECKING:
    from laconic.report import Codes

HEADINGS = ("method", "signals", "residual", "columns", "error", "seconds", "ended")


def code_row(codes: "Codes", numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return a method's row of a metrics.json; `numbers` are what a result says of each signal."""
    row = {
        "method": codes.method,
        "signals": codes.solved,
        "residual": spread(codes.residual),
        "support": spread(codes.support),
        "large": spread(codes.large),
        "error": codes.error,
        "seconds": round(codes.seconds, 3),
        "status": codes.status,
        "gap": codes.gap,
        "message": codes.message,
    }
    return row | {name: spread(numbers[name]) for name in ("noise", "n_iter") if name in numbers}


def spread(values: Any) -> dict[str, float]:
    """Return mean, median and largest of the values that are not NaN."""
    import numpy as np

    known = values[np.isfinite(values)]
    found = (known.mean(), np.median(known), known.max()) if known.size else (np.nan,) * 3
    return dict(zip(("mean", "median", "largest"), map(float, found), strict=True))


def code_table(metrics: Mapping[str, Any]) -> str:
    """Return the rows as Markdown, one line a method; the error only where the truth is known."""
    rows = [HEADINGS, *(_cells(row) for row in metrics["rows"])]
    kept = [i for i in range(len(HEADINGS)) if any(row[i] for row in rows[1:])]
    return aligned([[row[i] for i in kept] for row in rows])


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["method"],
        f"{row['signals']:,}",
        _number(row["residual"]["median"]),
        _number(row["large"]["mean"]),
        _number(row["error"]),
        f"{row['seconds']:.1f}",
        row["status"],
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
