"""The results as a Markdown page."""

from typing import Any

import numpy as np
from goals import verdict

Row = dict[str, Any]
WORDS = {"accuracy": "Accuracy", "log_loss": "Log loss"}


def page(results: dict[str, Any]) -> str:
    parts = [_head(results)]
    for one in results["sets"]:
        rows = [row for row in results["rows"] if row["set"] == one["key"]]
        if rows:
            parts += [f"## {one['title']}", f"{one['words']} {one['atoms']} atoms a view."]
            parts += [table for key in WORDS if (table := _missing(rows, key))]
            parts += [_alone(rows, one["views"])] if any(row["view"] for row in rows) else []
    return "\n\n".join([*parts, "## Goals", verdict(results["rows"])]) + "\n"


def _head(results: dict[str, Any]) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    last = results["seed"] + results["trials"] - 1
    return "\n\n".join(
        [
            "# Classes from several views, some of them missing",
            f"`{results['command']}`; {results['date']}; laconic {results['laconic']}; {machine}; "
            f"{results['threads']} thread(s).",
            f"Seeds {results['seed']} to {last}: means, and the standard deviation over the seeds in brackets. All "
            "methods learn from the same complete training samples, every feature standardised by them; views are "
            "taken away from the test samples, each time the same ones for all methods. Logistic regression: the "
            "strength by the log loss of cross-validation in three parts; what is missing is filled in by the mean, "
            "by KNNImputer, or by the conditional expectation of a Gaussian with the Ledoit-Wolf covariance (which is "
            "ridge regression on the views that are there); trained with views dropped: on each sample three times "
            "more, views at random set to the mean. Seconds of the clock to fit; the lines of one logistic regression "
            "share theirs.",
        ]
    )


def _missing(rows: list[Row], key: str) -> str:
    together = [row for row in rows if not row["view"]]
    if not together:
        return ""
    counts = list(together[0][key])
    heads = [f"{WORDS[key]}, all views", *(f"{count} missing" for count in counts[1:]), "seconds"]
    lines = [f"| method | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(heads)}"]
    for row in together:
        cells = [_cell(row, key, count) for count in counts]
        lines.append(f"| {row['line']} | {' | '.join(cells)} | {row['seconds']:.1f} |")
    return "\n".join(lines)


def _cell(row: Row, key: str, count: str) -> str:
    return f"{row[key][count]:.3f} ({np.std(row[f'{key}_each'][count]):.3f})"


def _alone(rows: list[Row], views: list[str]) -> str:
    """Accuracy of each view by itself."""
    lines = [f"| each view alone | {' | '.join(views)} |", f"| --- |{' ---: |' * len(views)}"]
    for method in dict.fromkeys(row["method"] for row in rows if row["view"]):
        by = {row["view"]: row for row in rows if row["method"] == method and row["view"]}
        name = next(iter(by.values()))["line"].rpartition(",")[0]
        lines.append(f"| {name} | {' | '.join(_cell(by[view], 'accuracy', '0') for view in views)} |")
    return "\n".join(lines)
