"""The figures of dictionaries of several modalities with their captions."""

from collections.abc import Sequence

from laconic.report.nmf.course import plot_objective
from laconic.report.section import Figure
from laconic.report.sensors.atoms import SIBLINGS, arranged, plot_linked_atoms
from laconic.report.sensors.course import plot_missing, plot_noise, plot_sensor_accuracy
from laconic.report.sensors.families import families
from laconic.report.sensors.records import SensorsSummary
from laconic.report.sensors.samples import plot_reconstructed_images, plot_reconstructions
from laconic.report.sensors.tiles import image_of
from laconic.report.sensors.use import plot_sensor_codes, plot_use
from laconic.report.words import SPACE, count, percent

_LINKED = "those that share scales side by side, one ground to each family"
_ALONE = "nothing links those of different modalities"

_HATCHED = " Hatched where nothing was read: {} is expected there, and the deviation says where to look for signal."


def atom_figures(one: SensorsSummary) -> tuple[Figure, ...]:
    """Return the atoms, those that are linked side by side."""
    shown, every = [family for row in arranged(one.sensors) for family in row], families(one.sensors)
    which = "All atoms" if len(shown) == len(every) else f"Atoms that carry most, {len(shown)} of {len(every)} families"
    linked = any(sum(map(len, family.atoms)) > 1 for family in every)
    how = f": {_LINKED if linked else _ALONE}" if linked or len(one.sensors) > 1 else ""
    many = f", at most {SIBLINGS} of a modality" if any(len(a) > SIBLINGS for f in shown for a in f.atoms) else ""
    first = every[0]
    return (
        Figure(
            plot_linked_atoms(one.sensors),
            f"Atoms and their links, {one.name}",
            f"{count(len(every))} families; the first carries {100 * first.share:.1f} % of the energy.",
            f"{which}{how}{many}. {_kinds(one)}, each atom in its own scale; its number above, the colour of its "
            "modality below. Signs are free.",
        ),
    )


def _kinds(one: SensorsSummary) -> str:
    """Return as what atoms are drawn."""
    kinds = {sensor.name: "images" if image_of(sensor) else "curves" for sensor in one.sensors}
    if len(set(kinds.values())) == 1:
        return f"Drawn as {kinds[one.sensors[0].name]}"
    return f"Drawn as {', '.join(f'{kind} ({name})' for name, kind in kinds.items())}"


def use_figures(one: SensorsSummary) -> tuple[Figure, ...]:
    """Return the codes of some samples, and what atoms carry and are used for."""
    shown = len(one.sensors[0].codes)
    which = "all samples" if shown == one.n_samples else f"{shown:,} of {one.n_samples:,} samples, evenly spaced"
    grey = " Grey where a sample lacks the modality." if any(sensor.present < 1 for sensor in one.sensors) else ""
    most = [f"{sensor.name}: {100 * sensor.usage.max():.0f} % at most" for sensor in one.sensors]
    return (
        Figure(
            plot_sensor_codes(one.sensors),
            f"Codes, {one.name}",
            "; ".join(f"{sensor.name}: {sensor.active:.1f} atoms in a sample" for sensor in one.sensors) + ".",
            f"Which atoms (across) are in which samples (down), {which}. Blue is above zero, orange below.{grey}",
        ),
        Figure(
            plot_use(one.sensors, "energy"),
            "Energy of each atom",
            "; ".join(f"{sensor.name}: {100 * sensor.shares.max():.1f} % at most" for sensor in one.sensors) + ".",
            "Share of each atom in the energy of its modality; linked atoms stand below each other, the families that "
            "carry most first.",
        ),
        Figure(
            plot_use(one.sensors, "usage"),
            "Samples that use each atom",
            "; ".join(most) + ".",
            "Share of the samples of each modality that use each atom, in the same order.",
        ),
    )


def sample_figures(one: SensorsSummary) -> tuple[Figure, ...]:
    """Return some samples and what is made of them: in one picture where all are images, else a picture a modality."""
    if not one.samples:
        return ()
    images = [image_of(sensor) for sensor in one.sensors]
    if None not in images:
        return (_pictures(one, range(len(images))),)
    return tuple(_curves(one, j) if image is None else _pictures(one, [j]) for j, image in enumerate(images))


def _pictures(one: SensorsSummary, places: Sequence[int]) -> Figure:
    """Return samples of some modalities, all of them images, in one picture."""
    images = [image for image in (image_of(one.sensors[j]) for j in places) if image is not None]
    names = ", ".join(one.sensors[j].name for j in places)
    beside = ", side by side" if len(places) > 1 else ""
    hatched = _HATCHED.format("the mean" if one.scaling else "zero")
    return Figure(
        plot_reconstructed_images([sample.only(places) for sample in one.samples], images),
        f"Samples, {names}",
        _roles(one),
        f"{names}{beside}: what was read, what the model makes of it and the standard deviation of each entry, noise "
        f"included.{hatched if any(sample.lacks(j) for sample in one.samples for j in places) else ''}",
    )


def _curves(one: SensorsSummary, place: int) -> Figure:
    name = one.sensors[place].name
    return Figure(
        plot_reconstructions(one.samples, one.sensors[place], place),
        f"Samples, {name}",
        _roles(one),
        f"{name}: what was read (dots), what the model makes of it (line) and the band that nine in ten entries should "
        "lie in.",
    )


def _roles(one: SensorsSummary) -> str:
    return "; ".join(f"number {sample.number}: {sample.role}" for sample in one.samples) + "."


def noise_figures(one: SensorsSummary) -> tuple[Figure, ...]:
    """Return noises, where modalities are missing, and the course of the fit."""
    noises = "; ".join(f"{sensor.name}: {100 * sensor.noise_share:.2g} %" for sensor in one.sensors) + "."
    noise = Figure(
        plot_noise(one.sensors),
        "Noise of each modality",
        noises,
        "How much of the power of an entry, on average, the model takes for noise.",
    )
    return (noise, *_missing(one), *_course(one))


def accuracy_figures(one: SensorsSummary) -> tuple[Figure, ...]:
    """Return how well classes are told, where they were learned."""
    if not one.accuracies:
        return ()
    n = one.accuracies[0].n
    said = [f"{a.method or one.name}, {a.sensors}: {percent(a.share, n)}" for a in one.accuracies]
    caption = (
        f"Share of samples held out, {n:,} of them, whose class is right, with 95{SPACE}% intervals (Wilson); those "
        "that have none of the sensors do not count."
    )
    return (Figure(plot_sensor_accuracy(one.accuracies), "Right classes", "; ".join(said) + ".", caption),)


def _missing(one: SensorsSummary) -> tuple[Figure, ...]:
    if all(sensor.present == 1 for sensor in one.sensors):
        return ()
    complete = sum(n for there, n in one.patterns if all(there))
    return (
        Figure(
            plot_missing(one.sensors, one.patterns),
            "Where a sensor is missing",
            f"{complete:,} of {one.n_samples:,} samples have every modality.",
            f"Which modalities samples have, a filled dot each; {complete:,} of {one.n_samples:,} have all of them.",
        ),
    )


def _course(one: SensorsSummary) -> tuple[Figure, ...]:
    if one.trace is None or len(one.trace) < 2:
        return ()
    return (
        Figure(
            plot_objective(one.trace, label="log-likelihood of a sample", log=False),
            "Log-likelihood during the fit",
            f"From {one.trace[0]:.4g} to {one.trace[-1]:.4g} in {len(one.trace)} steps.",
            "Mean log-likelihood of a sample before each step over all data, after the search; in the fit's own units, "
            "under the noise that dictionaries are learned with.",
        ),
    )
