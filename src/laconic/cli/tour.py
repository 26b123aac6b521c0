"""The command `laconic tour`: everything laconic does, on embedded data, with a report to look at."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from laconic.cli.code_rows import code_table
from laconic.cli.folder import check_writable
from laconic.cli.source import DataSource
from laconic.cli.table import print_table
from laconic.core.checks import check_choice

if TYPE_CHECKING:
    from laconic.report import Section


@dataclass(frozen=True)
class Visit:
    """What a stop leaves behind.

    Attributes
    ----------
    section : Section
        For the report.
    results : dict
        JSON values, for machines.
    show : callable
        Prints the results.
    """

    section: "Section"
    results: dict[str, Any]
    show: Callable[[], None]


@dataclass(frozen=True)
class Stop:
    """One stop of the tour.

    Attributes
    ----------
    name : str
        As typed after --only, and its folder in the tour's.
    title : str
        What it shows.
    visit : callable
        Takes the stop's folder and a console for its progress; imports what it needs itself, so that --help is fast.
    """

    name: str
    title: str
    visit: Callable[[Path, Console], Visit]


def kronecker_stop(out: Path, console: Console) -> Visit:
    """Compress an LSTM that reads handwritten digits row by row, with every method at the same bytes."""
    from laconic.cli.comparison import Request, compare
    from laconic.report import compression_section
    from laconic.rnn.study import Study

    # Few sequences: decay and smoothing keep every network, the dense one too, from learning them by heart.
    study = Study(hidden=32, epochs=30, batch_size=32, learning_rate=0.03, weight_decay=0.1, label_smoothing=0.1)
    metrics = compare(Request(study, DataSource(), out, "laconic tour", overwrite=True), console)
    return Visit(compression_section(metrics), metrics, lambda: print_table(metrics))


def nnls_stop(out: Path, console: Console) -> Visit:
    """Unmix a hyperspectral scene: plain least squares, sparse, and sparse with error bars."""
    from laconic.cli.unmixing import unmix

    section, metrics = unmix(out, console)
    return Visit(section, metrics, lambda: print(code_table(metrics), end=""))


def nmf_stop(out: Path, console: Console) -> Visit:
    """Take handwritten digits apart: with a sparse prior, without one, and by scikit-learn's NMF."""
    from laconic.cli.nmf_rows import nmf_table
    from laconic.cli.parts import take_apart

    section, metrics = take_apart(out, console)
    return Visit(section, metrics, lambda: print(nmf_table(metrics), end=""))


def fuse_stop(out: Path, console: Console) -> Visit:
    """Learn handwritten digits from their halves, one of them sometimes missing, and tell them from either."""
    from laconic.cli.fuse_rows import fuse_table
    from laconic.cli.halves import fuse_halves

    section, metrics = fuse_halves(out, console)
    return Visit(section, metrics, lambda: print(fuse_table(metrics), end=""))


def deploy_stop(out: Path, console: Console) -> Visit:
    """Write a small network as C, and run it on an emulated Cortex-M4 where the tools for that are installed."""
    from laconic.cli.deploy import print_figures
    from laconic.cli.firmware import write_digits
    from laconic.report import deployment_section

    metrics = write_digits(out, console)
    return Visit(deployment_section(metrics), metrics, lambda: print_figures(metrics))


STOPS = (
    Stop("kronecker", "A recurrent network that reads digits, dense and compressed in five ways", kronecker_stop),
    Stop("deploy", "The same in C, on a microcontroller where one can be emulated", deploy_stop),
    Stop("nnls", "Unmixing with error bars", nnls_stop),
    Stop("nmf", "Parts of handwritten digits", nmf_stop),
    Stop("fuse", "Digits from two sensors, one of them sometimes missing", fuse_stop),
)
"""The stops in order; a new one adds its line here."""


def tour(
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the report and what it shows go; replaced if it is there.")
    ] = Path("laconic-tour"),
    only: Annotated[
        str | None, typer.Option(metavar="STOP", help=f"{', '.join(stop.name for stop in STOPS)}.", show_default="all")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", metavar="", help="Print the results of every stop as JSON.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", metavar="", help="Show no progress.")] = False,
) -> None:
    """See what laconic does, on data that come with it, and get a report that opens in any browser.

    Needs no network and about a minute.
    """
    from laconic.report import write_report

    console = Console(stderr=True, quiet=quiet)
    if only is not None:
        check_choice("laconic tour", "only", only, [stop.name for stop in STOPS])
    check_writable(out)
    chosen = [stop for stop in STOPS if only in (None, stop.name)]
    visits = {stop.name: _visit(stop, out / stop.name, console, as_json) for stop in chosen}
    report = (out / "report.html").resolve()
    write_report(report, [visit.section for visit in visits.values()], title="laconic: a tour")
    if as_json:
        stops = {name: visit.results for name, visit in visits.items()}
        print(json.dumps({"report": str(report), "stops": stops}))
    else:
        print(f"Report: {report}")


def _visit(stop: Stop, out: Path, console: Console, as_json: bool) -> Visit:
    started = time.perf_counter()
    console.print(f"[bold]{stop.title}[/bold]", highlight=False)
    visit = stop.visit(out, console)
    if not as_json:
        visit.show()
    console.print(f"{stop.name}: {time.perf_counter() - started:.0f} s", highlight=False)
    return visit
