"""The figures of fused sensors, for machines and for a terminal."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from laconic.cli.table import aligned

if TYPE_CHECKING:
    from laconic.cli.fuse_request import Request
    from laconic.cli.sensor_samples import SensorSamples
    from laconic.report import Accuracy, Sensor, SensorsSummary

HEADINGS = ("modality", "features", "atoms", "noise", "unit", "used", "in a sample", "have it", "error")


def sensor_row(one: "Sensor") -> dict[str, Any]:
    """Return a modality's row of a metrics.json."""
    return {
        "modality": one.name,
        "features": one.n_features,
        "atoms": one.n_atoms,
        "atoms_used": one.n_used,
        "atoms_in_a_sample": one.active,
        "noise": one.noise,
        "noise_share": one.noise_share,
        "snr": one.snr,
        "unit": one.unit,
        "present": one.present,
        "missing_entries": one.missing_entries,
        "relative_error": one.relative_error,
    }


def fit_figures(summary: "SensorsSummary") -> dict[str, Any]:
    """Return how the fit went."""
    return {
        "log_likelihood": summary.log_likelihood,
        "n_iter": summary.n_iter,
        "sparsity": summary.sparsity,
        "gap": summary.gap,
        "status": summary.status,
        "message": summary.message,
        "seconds": round(summary.seconds, 3),
    }


def accuracy_row(one: "Accuracy") -> dict[str, Any]:
    """Return how well classes are told from some modalities."""
    method = {"method": one.method} if one.method else {}
    return {"from": one.sensors, **method, "accuracy": one.share, "samples": one.n}


def fuse_table(metrics: Mapping[str, Any]) -> str:
    """Return the rows as Markdown, one line a modality, and how well classes were told, if they were."""
    table = aligned([HEADINGS, *(_cells(row) for row in metrics["rows"])])
    if not metrics.get("accuracies"):
        return table
    methods = list(dict.fromkeys(one.get("method", "") for one in metrics["accuracies"]))
    head = ("classes told from", *(method or "right" for method in methods))
    return f"{table}\n{aligned([head, *_told(metrics['accuracies'], methods)])}"


def fuse_metrics(request: "Request", samples: "SensorSamples", summary: "SensorsSummary") -> dict[str, Any]:
    """Return what metrics.json holds of a run of `laconic fuse`."""
    import laconic
    from laconic.cli.machine import machine
    from laconic.cli.strict_json import without_nan

    metrics: dict[str, Any] = without_nan(
        {
            "laconic": laconic.__version__,
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "command": request.command,
            "title": f"Sensors of {samples.source}",
            "settings": _settings(request),
            "seed": request.seed,
            "memory_bytes": request.memory,
            "machine": machine(),
            "data": _data(samples),
            "samples": {"source": samples.source, "count": samples.n, "features": samples.widths},
            "images": {name: {"lines": one.lines, "cols": one.cols} for name, one in samples.images.items()},
            "patterns": [{"has": _names(summary, there), "samples": n} for there, n in summary.patterns],
            "caveats": _caveats(request, summary),
            "fit": fit_figures(summary),
            "accuracies": [accuracy_row(one) for one in summary.accuracies],
            "rows": [sensor_row(one) for one in summary.sensors],
        }
    )
    return metrics


def _settings(request: "Request") -> dict[str, Any]:
    return {name: value for name, value in request.parameters.items() if value is not None} | {"seed": request.seed}


def _data(samples: "SensorSamples") -> str:
    each = ", ".join(f"{name} ({width:,} features)" for name, width in samples.widths.items())
    return f"{samples.source}, {samples.n:,} samples: {each}"


def _names(summary: "SensorsSummary", there: tuple[bool, ...]) -> list[str]:
    return [one.name for one, is_there in zip(summary.sensors, there, strict=True) if is_there]


def _caveats(request: "Request", summary: "SensorsSummary") -> list[str]:
    if not summary.accuracies:
        return []
    share = f"{100 * request.test_fraction:.4g} %"
    return [
        f"Accuracies are of {share} of the samples, drawn at random in each class with seed {request.seed}, from which "
        "nothing was learned. Codes, errors and pictures are of all samples, with what was learned from the others."
    ]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["modality"],
        f"{row['features']:,}",
        f"{row['atoms']:,}",
        f"{row['noise'] ** 0.5:.3g}",
        f"{row['unit']:.3g}",
        f"{row['atoms_used']:,}",
        "" if row["atoms_in_a_sample"] is None else f"{row['atoms_in_a_sample']:.3g}",
        f"{100 * row['present']:.3g} %",
        f"{100 * row['relative_error']:.3g} %",
    )


def _told(accuracies: list[dict[str, Any]], methods: list[str]) -> list[tuple[str, ...]]:
    """Return a row for each set of modalities, with the accuracy of each method."""
    known = {(one["from"], one.get("method", "")): f"{100 * one['accuracy']:.1f} %" for one in accuracies}
    which = dict.fromkeys(one["from"] for one in accuracies)
    return [(name, *(known.get((name, method), "") for method in methods)) for name in which]
