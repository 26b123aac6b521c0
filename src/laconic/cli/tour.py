"""The command `laconic tour`: everything laconic does, on embedded data, with a report to look at."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from laconic.cli.source import DataSource
from laconic.report import Section, compression_section, write_report


@dataclass(frozen=True)
class Stop:
    """One stop of the tour: a name, what it shows, and a visit that returns its section of the report."""

    name: str
    title: str
    visit: Callable[[Path, Console], Section]


def kronecker_stop(out: Path, console: Console) -> Section:
    """Compress an LSTM that reads handwritten digits row by row, with every method at the same bytes."""
    from laconic.cli.comparison import Request, compare
    from laconic.rnn.study import Study

    study = Study(cell="lstm", hidden=32, epochs=40, batch_size=64)
    request = Request(study, DataSource(), out / "kronecker", "laconic tour", overwrite=True)
    return compression_section(compare(request, console))


STOPS = (Stop("kronecker", "A recurrent network, dense and compressed six ways", kronecker_stop),)
"""The stops in order; a new one adds its line here."""


def tour(
    out: Annotated[Path, typer.Option(help="Folder for the report and what it shows.")] = Path("laconic-tour"),
    only: Annotated[str | None, typer.Option(help=f"One stop: {', '.join(s.name for s in STOPS)}.")] = None,
) -> None:
    """See everything laconic does, on data that come with it; no network needed.

    Writes a report that opens in any browser.
    """
    console, sections = Console(stderr=True), []
    for stop in (stop for stop in STOPS if only in (None, stop.name)):
        started = time.perf_counter()
        console.print(f"[bold]{stop.title}[/bold]")
        sections.append(stop.visit(out, console))
        console.print(f"{stop.name}: {time.perf_counter() - started:.0f} s", highlight=False)
    write_report(out / "report.html", sections, title="laconic: a tour")
    print(f"Report: {(out / 'report.html').resolve()}")
