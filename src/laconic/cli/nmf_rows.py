"""The figures of a factorisation, for machines and for a terminal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from laconic.cli.table import aligned

if TYPE_CHECKING:
    from laconic.cli.factor_request import Request
    from laconic.cli.samples import Samples
    from laconic.cli.written_codes import Written
    from laconic.report import NMFSummary

HEADINGS = ("method", "parts", "error", "in a sample", "noise", "iterations", "seconds", "ended")


def nmf_row(summary: "NMFSummary", method: str) -> dict[str, Any]:
    """Return a method's row of a metrics.json."""
    stability = summary.stability
    return {
        "method": method,
        "parts": summary.n_parts,
        "relative_error": summary.relative_error,
        "density": summary.density,
        "parts_in_a_sample": summary.in_a_sample,
        "noise": None if summary.noise is None else float(summary.noise),
        "objective": None if summary.trace is None or not len(summary.trace) else float(summary.trace[-1]),
        "n_iter": summary.n_iter,
        "stages": list(summary.stages),
        "gap": summary.gap,
        "status": summary.status,
        "message": summary.message,
        "consensus": None if stability is None else float(stability.mean()),
        "seconds": round(summary.seconds, 3),
    }


def nmf_table(metrics: Mapping[str, Any]) -> str:
    """Return the rows as Markdown, one line a method; columns without a figure are left out."""
    rows = [HEADINGS, *(_cells(row) for row in metrics["rows"])]
    kept = [i for i in range(len(HEADINGS)) if any(row[i] for row in rows[1:])]
    return aligned([[row[i] for i in kept] for row in rows])


def nmf_metrics(request: "Request", samples: "Samples", summary: "NMFSummary", written: "Written") -> dict[str, Any]:
    """Return what metrics.json holds of a run of `laconic nmf`."""
    import laconic
    from laconic.cli.machine import machine
    from laconic.cli.strict_json import without_nan

    n, p = samples.shape
    image, prior = samples.image, request.parameters["prior"]
    metrics: dict[str, Any] = without_nan(
        {
            "laconic": laconic.__version__,
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "command": request.command,
            "title": f"Parts of {samples.source}",
            "settings": _settings(request),
            "seed": request.seed,
            "memory_bytes": request.memory,
            "machine": machine(),
            "data": _data(samples),
            "samples": {"source": samples.source, "count": n, "features": p, "missing_entries": samples.missing},
            "image": None if image is None else {"lines": image.lines, "cols": image.cols, "order": image.order},
            "ranks": _ranks(summary.choice),
            "caveats": _caveats(samples, summary, written),
            "rows": [nmf_row(summary, prior or "none")],
        }
    )
    return metrics


def _settings(request: "Request") -> dict[str, Any]:
    return {name: value for name, value in request.parameters.items() if value is not None} | {"seed": request.seed}


def _data(samples: "Samples") -> str:
    n, p = samples.shape
    missing = samples.missing
    said = [f"{samples.source}, {n:,} samples of {p:,} features"]
    said += [f"{missing:,} missing entries"] if missing else []
    said += (
        [f"sparse, {100 * samples.X.nnz / (n * p):.2g} % of the entries stored"] if hasattr(samples.X, "nnz") else []
    )
    return ", ".join(said)


def _ranks(choice: Any) -> dict[str, Any] | None:
    """Return what was measured of each number of parts, as JSON values."""
    if choice is None:
        return None
    lists = {name: getattr(choice, name).tolist() for name in ("errors", "mean", "deviation")}
    return {"tried": list(choice.ranks), **lists, "best": choice.best, "one_se": choice.one_se}


def _caveats(samples: "Samples", summary: "NMFSummary", written: "Written") -> list[str]:
    found, n = [], samples.shape[0]
    if written.again:
        found.append(
            "The codes were found again, block by block, for the parts of the fit; error and density are theirs. Under "
            "a prior with several minima they may differ from those that the parts were learned with."
        )
    if summary.choice is not None and samples.stride > 1:
        found.append(f"The number of parts was chosen on {-(-n // samples.stride):,} evenly spaced samples.")
    return found


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["method"],
        f"{row['parts']:,}",
        f"{100 * row['relative_error']:.3g} %",
        f"{row['parts_in_a_sample']:.3g}",
        "" if row["noise"] is None else f"{row['noise']:.3g}",
        str(row["n_iter"] or ""),
        f"{row['seconds']:.1f}",
        row["status"],
    )
