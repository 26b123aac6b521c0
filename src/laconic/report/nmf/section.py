"""A factorisation as a section of a report."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from laconic.report.facts import run_facts
from laconic.report.nmf.figures import code_figures, course_figures, part_figures
from laconic.report.nmf.records import NMFSummary
from laconic.report.plots import shorten
from laconic.report.section import Cell, Column, Part, Section, Table, TableRow
from laconic.report.words import NONE, SPACE, count, duration

_READING = (
    "The error is the length of what the parts leave unexplained over the length of the data; its square is the share "
    "of the sum of squares that is left.",
    "A part counts as used in a sample where its code is above zero or, under a prior that is smooth there, beyond its "
    "peak at zero. Parts are numbered as in the file, and shown in the order of what they add to all samples together.",
    "A factorisation has many local optima: the gap is 0 at one of them, and does not say that it is the best. Other "
    "starts may find other parts.",
)
_NOISE = (
    "The prior is weighed by the variance of the noise: the larger, the sparser the codes. Found from the data, it is "
    "what plain NMF leaves unexplained, for each degree of freedom; that includes whatever so many parts cannot say."
)
_AGAIN = "more iterations, or a larger tolerance, would end it, and may change the parts"


def nmf_section(summary: NMFSummary, metrics: Mapping[str, Any], *, others: Sequence[NMFSummary] = ()) -> Section:
    """Return a factorisation as a section.

    Parameters
    ----------
    summary : NMFSummary
        What is shown in full.
    metrics : mapping
        `title` and, each optional, `data`, `settings`, `caveats` (sentences), `axis` (label of the features' axis), and
        what `run_facts` reads.
    others : sequence of NMFSummary
        What other methods made of the same samples: a line of the table and a picture of their parts each.
    """
    every = (summary, *others)
    label = str(metrics.get("axis") or "feature")
    parts, codes = part_figures(every, label), code_figures(every)
    both = (("Parts", parts), ("Codes", codes)) if others else (("Parts, and the samples they are in", parts + codes),)
    groups = (*both, ("Course of the fit", course_figures(summary)))
    return Section(
        title=shorten(str(metrics.get("title") or "Parts of non-negative data"), 80),
        finding=_finding(summary),
        lead=" ".join(filter(None, [_unfinished(summary), *(_beside(other) for other in others)])),
        parts=(
            Part("All methods" if others else "In numbers", table=_table(every)),
            *(Part(heading, figures=figures) for heading, figures in groups if figures),
            Part("How it was made", terms=run_facts(metrics, _facts(summary, metrics))),
            Part("How to read it", notes=_notes(summary, metrics)),
        ),
    )


# In words ---------------------------------------------------------------------------------------------------------


def _finding(one: NMFSummary) -> str:
    verb = "explains" if one.n_parts == 1 else "explain"
    return (
        f"{one.name}: {_parts(one)} {verb} {_many(one.n_samples, 'sample')} with an error of "
        f"{_share(one.relative_error)}, {amount(one.in_a_sample)} of them in a sample on average."
    )


def _beside(one: NMFSummary) -> str:
    few = amount(one.in_a_sample)
    return f"{one.name}: {_parts(one)}, {few} in a sample, with an error of {_share(one.relative_error)}."


def _parts(one: NMFSummary) -> str:
    parts = _many(one.n_parts, "part")
    return f"{parts} (no sample uses {count(one.unused)} of them)" if one.unused else parts


def _many(number: int, word: str) -> str:
    return f"{count(number)} {word}{'' if number == 1 else 's'}"


def _unfinished(one: NMFSummary) -> str:
    if one.status != "max_iter":
        return ""
    return f"The fit had not converged when its {count(one.n_iter)} iterations were used up: {_AGAIN}."


def _notes(one: NMFSummary, metrics: Mapping[str, Any]) -> tuple[str, ...]:
    given = tuple(str(caveat) for caveat in metrics.get("caveats") or ())
    noise = (_NOISE,) if one.noise is not None else ()
    return (*given, *_READING, *noise, *_choice(one))


def _choice(one: NMFSummary) -> tuple[str, ...]:
    if one.choice is None:
        return ()
    return (
        "To choose the number of parts, entries were held out at random and predicted; of the numbers tried the "
        "smallest was taken whose error is within a standard error of the least.",
    )


def _facts(one: NMFSummary, metrics: Mapping[str, Any]) -> dict[str, object]:
    settings = metrics.get("settings") or {}
    return {
        "Data": metrics.get("data"),
        "Settings": ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None),
        "Noise": _noise(one, settings),
        "Agreement": _agreement(one),
        "Ended": _ended(one),
    }


def _noise(one: NMFSummary, settings: Mapping[str, Any]) -> str:
    if one.noise is None:
        return ""
    way = "given" if isinstance(settings.get("noise"), float) else "from the ratio given" if "snr" in settings else ""
    found = way or "found from what plain NMF leaves unexplained"
    return f"variance {amount(one.noise)}, standard deviation {amount(one.noise**0.5)} an entry; {found}"


def _agreement(one: NMFSummary) -> str:
    if one.stability is None:
        return ""
    same = int((one.stability > 0.99).sum())
    return (
        f"the cosine of a part to its like in other fits is {one.stability.mean():.3f} on average, and above 0.99 for "
        f"{same} of {one.n_parts}"
    )


def _ended(one: NMFSummary) -> str:
    said = [one.message, f"gap {amount(one.gap)}" if isfinite(one.gap) else ""]
    iterations = f"after {count(one.n_iter)} iterations" if one.n_iter else ""
    words = "; ".join(filter(None, said))
    return ": ".join(filter(None, [iterations, words]))


# The table --------------------------------------------------------------------------------------------------------

_STATUS = {"converged": "converged", "max_iter": "iterations used up", "stalled": "stalled"}


def _table(every: Sequence[NMFSummary]) -> Table:
    columns = (
        Column("Method"),
        Column("Parts"),
        Column("Error", "relative"),
        Column("Parts in a sample", "mean; of all"),
        Column("Noise", "standard deviation"),
        Column("Time"),
        Column("Ended", "gap"),
    )
    return Table(columns, tuple(_row(one) for one in every))


def _row(one: NMFSummary) -> TableRow:
    cells = (
        Cell(one.name),
        Cell(count(one.n_parts), f"{count(one.unused)} unused" if one.unused else ""),
        Cell(_share(one.relative_error)),
        Cell(amount(one.in_a_sample), _share(one.density)),
        Cell(NONE if one.noise is None else amount(one.noise**0.5)),
        Cell(duration(one.seconds)),
        Cell(_STATUS.get(one.status, one.status) or NONE, amount(one.gap) if isfinite(one.gap) else ""),
    )
    return TableRow(cells, one.look)


def _share(value: float) -> str:
    return f"{100 * value:.3g}{SPACE}%" if isfinite(value) else NONE


def amount(value: float) -> str:
    """Return a number of which two or three digits count."""
    return f"{value:.3g}" if isfinite(value) else NONE
