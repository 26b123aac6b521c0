"""The table of a study, for a terminal and as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from laconic.core.units import format_bytes

HEADINGS = ("method", "bytes", "", "factor", "layer", "parameters", "MACs", "rank", "accuracy %", "seconds")
_NARROW = ("method", "bytes", "factor", "accuracy %")
"""What is left of it on a terminal that has no room for all."""


def print_table(metrics: Mapping[str, Any]) -> None:
    """Print the table on standard output: with lines on a terminal, as Markdown elsewhere."""
    console = Console()
    if not console.is_terminal:
        print(markdown_table(metrics), end="")
        return
    table = rich_table(metrics, HEADINGS)
    fits = Measurement.get(console, console.options.update(max_width=1000), table).maximum <= console.width
    console.print(table if fits else rich_table(metrics, _NARROW))


def rich_table(metrics: Mapping[str, Any], headings: Iterable[str]) -> Table:
    """Return some columns of the table for a terminal."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "method" else "right", no_wrap=True)
    for row in metrics["rows"]:
        cells = _cells(row)
        table.add_row(*(cells[HEADINGS.index(heading)] for heading in headings))
    return table


def markdown_table(metrics: Mapping[str, Any]) -> str:
    """Return the table as Markdown, one line a method, its columns aligned."""
    return aligned([HEADINGS, *(_cells(row) for row in metrics["rows"])])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows, the first of which is the headings, as Markdown: names to the left, numbers to the right."""
    widths = [max(3, *(len(row[i]) for row in rows)) for i in range(len(rows[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [_line(rows[0], widths), rule, *(_line(cells, widths) for cells in rows[1:])]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _line(cells: Sequence[str], widths: list[int]) -> list[str]:
    return [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["method"],
        f"{row['bytes']:,}",
        format_bytes(row["bytes"]) if row["bytes"] >= 1024 else "",
        f"{row['factor']:.2f}x",
        f"{row['layer_factor']:.2f}x",
        f"{row['parameters']:,}",
        f"{row['macs']:,}",
        str(row["max_rank"]),
        f"{100 * row['accuracy']:.2f}",
        f"{row['seconds']:.1f}",
    )
