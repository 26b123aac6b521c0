"""Codes of many signals as a section of a report."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from laconic.report.codes.plots import draw_beside, draw_codes, draw_traces, plot_maps, plot_signal, plot_support
from laconic.report.codes.records import Codes, Example, Map
from laconic.report.facts import run_facts
from laconic.report.palette import look
from laconic.report.plots import shorten
from laconic.report.section import Cell, Column, Figure, Part, Section, Table, TableRow
from laconic.report.words import NONE, SPACE, count, duration

_READING = (
    "Columns are counted that have more than a hundredth of a signal's largest coefficient, and in small print those "
    "above zero.",
    "The residual is the length of what is left of a signal over the length of the signal.",
    "Intervals and standard deviations hold given the learned scales and noise; they do not include that these are "
    "uncertain themselves.",
    "The band around a reconstruction takes the code as Gaussian around its likeliest value, on the columns that this "
    "uses.",
    "Where columns are added up in maps, their standard deviations are taken as independent of each other. Those of "
    "columns that look alike are not, so that it errs on the wide side.",
)


def codes_section(
    codes: Sequence[Codes],
    metrics: Mapping[str, Any],
    *,
    names: Sequence[str] | None = None,
    axis: tuple[str, Any] | None = None,
) -> Section:
    """Return what methods made of the same signals as a section.

    Parameters
    ----------
    codes : sequence of Codes
        One for each method, the one to be shown in full first.
    metrics : mapping
        `title` and, each optional, `n_entries`, `n_columns`, `data`, `settings`, and what `run_facts` reads.
    names : sequence of str of length m, optional
        Names of the columns.
    axis : (str, array of shape (n,)), optional
        What a signal's entries are measured at, and its label.
    """
    first, m = codes[0], metrics.get("n_columns")
    return Section(
        title=shorten(str(metrics.get("title") or "Sparse non-negative codes"), 80),
        finding=_finding(first, m),
        lead=" ".join(_beside(first, other) for other in codes[1:]),
        parts=(
            Part("All methods" if len(codes) > 1 else "In numbers", table=_table(codes)),
            *_maps(codes),
            *_examples(first, names, axis),
            *_course(codes),
            Part("How it was made", terms=run_facts(metrics, _facts(metrics))),
            Part(
                "How to read it",
                notes=_READING if first.examples and first.examples[0].low is not None else _READING[:2],
            ),
        ),
    )


# In words ---------------------------------------------------------------------------------------------------------


def _finding(one: Codes, m: int | None) -> str:
    name = look(one.method).name
    if not one.solved:
        return f"{name} had no signal to explain."
    what = f"{count(one.solved)} signals with" if one.solved > 1 else "the signal with"
    each = " each" if one.solved > 1 else ""
    columns = f" of {count(m)} columns{each}" if m else f" columns{each}"
    residual = _share(_at(np.nanmedian, one.residual))
    start = f"{name} explains {what} {_middle(one.large)}{columns}"
    if isfinite(one.error):
        return f"{start}, a residual of {residual} and an error of {_amount(one.error)}."
    return f"{start} and a residual of {residual}."


def _beside(first: Codes, other: Codes) -> str:
    error = (
        f" and an error of {_amount(other.error)} instead of {_amount(first.error)}" if isfinite(other.error) else ""
    )
    return (
        f"{look(other.method).name} uses {_middle(other.large)} columns at a residual of "
        f"{_share(np.nanmedian(other.residual))}{error}."
    )


def _middle(support: Any) -> str:
    """Return the mean number of columns a signal, in words."""
    return f"{np.nanmean(support):.1f}".removesuffix(".0")


def _share(value: float) -> str:
    return f"{100 * value:.2g}{SPACE}%" if isfinite(value) else NONE


def _amount(value: float) -> str:
    return f"{value:.2g}" if isfinite(value) else NONE


def _facts(metrics: Mapping[str, Any]) -> dict[str, object]:
    settings = metrics.get("settings") or {}
    return {
        "Data": metrics.get("data"),
        "Settings": ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None),
    }


# The table --------------------------------------------------------------------------------------------------------


def _table(codes: Sequence[Codes]) -> Table:
    known = any(isfinite(one.error) for one in codes)
    columns = (
        Column("Method"),
        Column("Signals"),
        Column("Residual", "median; largest"),
        Column("Columns used", f"mean, above 1{SPACE}% of the largest; above 0"),
        *((Column("Error", "mean absolute"),) if known else ()),
        Column("Time"),
        Column("Ended", "largest gap"),
    )
    return Table(columns, tuple(_row(one, known) for one in codes))


def _row(one: Codes, known: bool) -> TableRow:
    cells = (
        Cell(look(one.method).name, one.message),
        Cell(count(one.solved), _without(one)),
        Cell(_share(_at(np.nanmedian, one.residual)), _share(_at(np.nanmax, one.residual))),
        Cell(_middle(one.large) if one.solved else NONE, _middle(one.support) if one.solved else ""),
        *((Cell(_amount(one.error)),) if known else ()),
        Cell(duration(one.seconds)),
        Cell(_STATUS.get(one.status, one.status), _amount(one.gap)),
    )
    return TableRow(cells, one.method)


_STATUS = {"converged": "converged", "max_iter": "iterations used up", "stalled": "stalled"}


def _at(statistic: Any, values: Any) -> float:
    return float(statistic(values)) if np.isfinite(values).any() else float("nan")


def _without(one: Codes) -> str:
    left = len(one.residual) - one.solved
    return f"{count(left)} without an entry" if left else ""


# The figures ------------------------------------------------------------------------------------------------------


def _maps(codes: Sequence[Codes]) -> tuple[Part, ...]:
    first = codes[0]
    figures = tuple(_map_figure(first, shown) for shown in first.maps)
    others = tuple(figure for shown in first.maps for figure in _other_maps(codes[1:], shown.name))
    text = f"By {look(first.method).name}: the names used most; columns of the same name are added up."
    parts = Part("Maps", text, figures=figures), Part("The same maps by the other methods", figures=others)
    return tuple(part for part in parts if part.figures)


def _other_maps(others: Sequence[Codes], name: str) -> tuple[Figure, ...]:
    """Return the maps of one name by other methods, if there are any."""
    found = [(look(one.method).name, shown.amount) for one in others for shown in one.maps if shown.name == name]
    if not found:
        return ()
    said = [f"{method}: {_amount(float(np.nanmean(amount)))} on average" for method, amount in found]
    return (Figure(draw_beside(found), f"Maps of {name}", "; ".join(said) + ".", name),)


def _map_figure(one: Codes, shown: Map) -> Figure:
    method, mean = look(one.method).name, float(np.nanmean(shown.amount))
    beside = "" if shown.std is None else ", and beside it its standard deviation"
    return Figure(
        plot_maps([shown]),
        f"Map of {shown.name}, {method}",
        f"{_amount(mean)} on average, at most {_amount(float(np.nanmax(shown.amount)))}.",
        f"{shown.name} by {method}{beside}.",
    )


def _examples(one: Codes, names: Sequence[str] | None, axis: tuple[str, Any] | None) -> tuple[Part, ...]:
    return tuple(
        Part(
            f"Signal {example.signal}, {example.role}",
            figures=(_code_figure(example, names), _signal_figure(example, axis)),
        )
        for example in one.examples
    )


def _code_figure(example: Example, names: Sequence[str] | None) -> Figure:
    largest = [int(i) for i in np.argsort(-example.x)[:5] if example.x[i] > 0]
    said = "; ".join(f"{names[i] if names else f'column {i}'}: {_amount(float(example.x[i]))}" for i in largest)
    above = int((example.x > 0).sum())
    return Figure(
        draw_codes(example.x, example.low, example.high, names),
        f"The largest coefficients of signal {example.signal}",
        f"{said}." if said else "Every coefficient is zero.",
        f"Its largest coefficients; {count(above)} {'is' if above == 1 else 'are'} above zero.",
    )


def _signal_figure(example: Example, axis: tuple[str, Any] | None) -> Figure:
    label, places = axis or ("entry", None)
    lost, size = np.sqrt(np.nanmean((example.y - example.fit) ** 2)), np.sqrt(np.nanmean(example.y**2))
    band = "; in the band should lie nine entries in ten" if example.spread is not None else ""
    return Figure(
        plot_signal(example.y, example.fit, example.spread, axis=places, label=label),
        f"Signal {example.signal}, observed and reconstructed",
        f"The root mean square of the signal is {_amount(size)}, that of what is left {_amount(lost)}.",
        f"Observed and reconstructed{band}.",
    )


def _course(codes: Sequence[Codes]) -> tuple[Part, ...]:
    figures = [_support_figure(codes)] if any(one.solved > 1 for one in codes) else []
    figures += [_trace_figure(one) for one in codes[:1] if any(shown.trace is not None for shown in one.examples)]
    return (Part("Size of the codes, and course of the search", figures=tuple(figures)),) if figures else ()


def _support_figure(codes: Sequence[Codes]) -> Figure:
    said = [f"{look(one.method).name}: {_middle(one.large)} on average" for one in codes if one.solved]
    return Figure(
        plot_support(codes),
        "Number of large coefficients",
        "; ".join(said) + ".",
        f"How many signals have how many coefficients above 1{SPACE}% of their largest.",
    )


def _trace_figure(one: Codes) -> Figure:
    traces = [(f"signal {shown.signal}", shown.trace) for shown in one.examples if shown.trace is not None]
    said = [f"{name}: {values[-1]:.4g} after {len(values)} iterations" for name, values in traces if len(values)]
    return Figure(
        draw_traces(traces, one.trace_of),
        f"{one.trace_of.capitalize()} during the search",
        "; ".join(said) + ".",
        f"The {one.trace_of} of the signals above, {look(one.method).name}.",
    )
