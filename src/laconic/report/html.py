"""Sections put on one page: a single HTML file without scripts or anything from outside."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from laconic.core.files import atomic_write_text
from laconic.report.compression import compression_section
from laconic.report.palette import look, variables
from laconic.report.section import Figure, Section
from laconic.report.svg import embed


def render_compression(metrics: Mapping[str, Any]) -> str:
    """Return a page on a compression run.

    Parameters
    ----------
    metrics : mapping
        Content of the metrics.json that `laconic compress` writes. Names in it are untrusted text.
    """
    return render_report([compression_section(metrics)])


def render_report(stops: Sequence[Section], *, title: str = "") -> str:
    """Return a page of one or more sections; with several, a list of their findings comes first.

    Parameters
    ----------
    stops : sequence of Section
        What to show, in order.
    title : str
        Heading of the page; a page of one section needs none.
    """
    page = _environment(count(1)).get_template("report.html.jinja")
    text = page.render(stops=stops, title=title or (stops[0].title if stops else "Report"), variables=variables())
    return text.encode("utf-8", "replace").decode("utf-8")


def write_report(path: str | Path, stops: Sequence[Section], *, title: str = "") -> None:
    """Write `render_report`'s page; a crash leaves the old file or the new one, never a part of it."""
    atomic_write_text(path, render_report(stops, title=title))


def _environment(numbers: Iterator[int]) -> Environment:
    """Return templates that escape everything but the figures, which are numbered in the order they are shown."""
    environment = Environment(
        loader=PackageLoader("laconic.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def draw(figure: Figure) -> Markup:
        return embed(figure.plot, figure.title, figure.description, f"figure-{next(numbers)}-")

    environment.filters |= {"draw": draw, "look": look}
    return environment
