"""Dictionaries of several modalities as a section of a report."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from laconic.report.facts import run_facts
from laconic.report.nmf.section import amount
from laconic.report.palette import sensor_look
from laconic.report.plots import shorten
from laconic.report.section import Cell, Column, Part, Section, Table, TableRow
from laconic.report.sensors.figures import (
    accuracy_figures,
    atom_figures,
    noise_figures,
    sample_figures,
    use_figures,
)
from laconic.report.sensors.records import Accuracy, Sensor, SensorsSummary
from laconic.report.words import NONE, SPACE, count, duration, interval, percent

_READING = (
    "Modalities share scales: they say together which atoms a sample uses. Codes, their signs among them, are each "
    "modality's own.",
    "The error is the length of what codes and atoms leave unexplained over the length of the data, for the entries "
    "that are there.",
    "Noise is what the model takes for it: what so many atoms cannot say is in it, too.",
    "An atom is in use in a sample where its scale is above zero; its energy is the mean square of its code.",
    "Deviations hold given scales, noises and dictionaries; they do not include that these are uncertain themselves.",
)
_MISSING = (
    "Of a modality that a sample lacks the model knows which atoms it would use, and how strongly, but not with which "
    "signs: its expected signal is zero, or the mean where features were centred."
)
_CENTRED = "The mean of each feature was taken off first; errors are of what was left."
_SCALED = (
    "The mean of each feature was taken off first, and it was divided by its standard deviation; errors, units and "
    "noises are of these."
)
_UNFINISHED = "more steps, or a larger tolerance, would end it, and may change the atoms a little"


def sensors_section(summary: SensorsSummary, metrics: Mapping[str, Any]) -> Section:
    """Return dictionaries of several modalities as a section.

    Parameters
    ----------
    summary : SensorsSummary
    metrics : mapping
        `title` and, each optional, `data`, `settings`, `caveats` (sentences), and what `run_facts` reads.
    """
    groups = (
        ("Atoms, their links and who uses them", (*atom_figures(summary), *use_figures(summary))),
        ("Samples and what is made of them", sample_figures(summary)),
        ("Noise and course of the fit", noise_figures(summary)),
    )
    return Section(
        title=shorten(str(metrics.get("title") or "Dictionaries of several sensors"), 80),
        finding=_finding(summary),
        lead=" ".join(filter(None, [_explained(summary) if summary.accuracies else "", _unfinished(summary)])),
        parts=(
            *_classes(summary),
            Part("In numbers", table=_table(summary)),
            *(Part(heading, figures=figures) for heading, figures in groups if figures),
            Part("How it was made", terms=run_facts(metrics, _facts(summary, metrics))),
            Part("How to read it", notes=_notes(summary, metrics)),
        ),
    )


# In words ---------------------------------------------------------------------------------------------------------


def _finding(one: SensorsSummary) -> str:
    return _told(one) if one.accuracies else _explained(one)


def _told(one: SensorsSummary) -> str:
    """Return how well classes are told by the first method, from all modalities and from fewer."""
    mine = [accuracy for accuracy in one.accuracies if accuracy.method == one.accuracies[0].method]
    first, *others = [f"{percent(accuracy.share, accuracy.n)}{{}} from {accuracy.sensors}" for accuracy in mine]
    return f"{one.name} tells {', '.join([first.format(' of the classes'), *(one.format('') for one in others)])}."


def _explained(one: SensorsSummary) -> str:
    atoms = " + ".join(count(sensor.n_atoms) for sensor in one.sensors)
    samples = f"{count(one.n_samples)} sample{'' if one.n_samples == 1 else 's'}"
    left = ", ".join(f"{_share(sensor.relative_error)} ({sensor.name})" for sensor in one.sensors)
    used = " + ".join(amount(sensor.active) for sensor in one.sensors)
    start = "" if one.accuracies else f"{one.name}: "
    return f"{start}{atoms} atoms explain {samples} with errors of {left}; a sample uses {used} of them on average."


def _unfinished(one: SensorsSummary) -> str:
    if one.status != "max_iter":
        return ""
    return f"The fit had not converged when its {count(one.n_iter)} steps were used up: {_UNFINISHED}."


def _notes(one: SensorsSummary, metrics: Mapping[str, Any]) -> tuple[str, ...]:
    given = tuple(str(caveat) for caveat in metrics.get("caveats") or ())
    lacking = (_MISSING,) if any(sensor.present < 1 for sensor in one.sensors) else ()
    scaling = {"center": (_CENTRED,), "standardize": (_SCALED,)}.get(one.scaling or "", ())
    return (*given, *_READING, *lacking, *scaling)


def _facts(one: SensorsSummary, metrics: Mapping[str, Any]) -> dict[str, object]:
    settings = metrics.get("settings") or {}
    return {
        "Data": metrics.get("data"),
        "Settings": ", ".join(f"{name} {_plain(value)}" for name, value in settings.items() if value is not None),
        "Noise": _noise(one, settings),
        "Likelihood": f"log-likelihood {amount(one.log_likelihood)} a sample" if isfinite(one.log_likelihood) else "",
        "Warm start": f"{one.sparsity} atoms in a sample" if one.sparsity else "",
        "Ended": _ended(one),
    }


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{name} {one}" for name, one in value.items()) + ")"
    return str(value)


def _noise(one: SensorsSummary, settings: Mapping[str, Any]) -> str:
    found = "found by how well hidden features are predicted" if settings.get("noise") == "auto" else "given"
    each = "; ".join(f"{sensor.name} {amount(sensor.noise)}" for sensor in one.sensors)
    return f"variance of an entry: {each}; {found}"


def _ended(one: SensorsSummary) -> str:
    said = [one.message, f"largest step of an atom {amount(one.gap)}" if isfinite(one.gap) else ""]
    steps = f"after {count(one.n_iter)} steps over all data" if one.n_iter else ""
    return ": ".join(filter(None, [steps, "; ".join(filter(None, said))]))


# The tables -------------------------------------------------------------------------------------------------------


def _classes(one: SensorsSummary) -> tuple[Part, ...]:
    if not one.accuracies:
        return ()
    methods = list(dict.fromkeys(accuracy.method for accuracy in one.accuracies))
    which = list(dict.fromkeys(accuracy.sensors for accuracy in one.accuracies))
    known = {(accuracy.sensors, accuracy.method): accuracy for accuracy in one.accuracies}
    columns = (Column("Told from"), *(Column(method or "Right", f"95{SPACE}% interval") for method in methods))
    rows = [TableRow((Cell(name), *(_accuracy(known.get((name, method))) for method in methods))) for name in which]
    return (Part("Classes told", table=Table(columns, tuple(rows)), figures=accuracy_figures(one)),)


def _accuracy(one: Accuracy | None) -> Cell:
    return Cell(NONE) if one is None else Cell(percent(one.share, one.n), interval(one.share, one.n))


def _table(one: SensorsSummary) -> Table:
    columns = (
        Column("Modality"),
        Column("Features"),
        Column("Atoms", "used"),
        Column("In a sample", "atoms, mean"),
        Column("Samples with it"),
        Column("Unit", "root mean square of a sample"),
        Column("Noise", "standard deviation; share of power"),
        Column("Error", "relative"),
    )
    rows = tuple(_row(sensor, place) for place, sensor in enumerate(one.sensors))
    took = f"Learned in {duration(one.seconds)}." if isfinite(one.seconds) else ""
    return Table(columns, rows, took)


def _row(sensor: Sensor, place: int) -> TableRow:
    missing = f"{count(sensor.missing_entries)} entries missing" if sensor.missing_entries else ""
    cells = (
        Cell(shorten(sensor.name, 40)),
        Cell(count(sensor.n_features)),
        Cell(count(sensor.n_atoms), f"{count(sensor.n_used)} used"),
        Cell(amount(sensor.active)),
        Cell(_share(sensor.present), missing),
        Cell(amount(sensor.unit)),
        Cell(amount(sensor.noise**0.5), _share(sensor.noise_share)),
        Cell(_share(sensor.relative_error)),
    )
    return TableRow(cells, sensor_look(place))


def _share(value: float) -> str:
    return f"{100 * value:.3g}{SPACE}%" if isfinite(value) else NONE
