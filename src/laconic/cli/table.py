"""The table of a study, for a terminal and as Markdown."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from laconic.core.units import format_bytes

HEADINGS = ("method", "bytes", "factor", "layer", "parameters", "MACs", "rank", "accuracy %", "seconds")


def rich_table(metrics: Mapping[str, Any]) -> Table:
    """Return the table for a terminal."""
    table = Table(*HEADINGS, title=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in metrics["rows"]:
        table.add_row(*_cells(row))
    return table


def markdown_table(metrics: Mapping[str, Any]) -> str:
    """Return the table as Markdown, one line a method."""
    lines = [HEADINGS, ("---",) + ("---:",) * (len(HEADINGS) - 1), *(_cells(row) for row in metrics["rows"])]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["method"],
        f"{row['bytes']} ({format_bytes(row['bytes'])})",
        f"{row['factor']:.2f}x",
        f"{row['layer_factor']:.2f}x",
        str(row["parameters"]),
        str(row["macs"]),
        str(row["max_rank"]),
        f"{100 * row['accuracy']:.2f}",
        f"{row['seconds']:.1f}",
    )
