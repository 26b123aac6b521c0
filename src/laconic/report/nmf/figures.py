"""The figures of a factorisation with their captions."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure as Plot

from laconic.report.nmf.codes import plot_code_map
from laconic.report.nmf.course import plot_objective, plot_rank, plot_stability
from laconic.report.nmf.parts import plot_atoms, plot_profiles, plot_top_features
from laconic.report.nmf.records import Array, NMFSummary
from laconic.report.plots import shorten
from laconic.report.section import Figure
from laconic.report.words import count

_SMOOTH = 0.25
"""Squared steps from feature to feature over twice the variance, up to which features lie along an axis; about 1 where
neighbours have nothing to do with each other (von Neumann's ratio)."""

_IMAGES, _CURVES, _WORDS = 64, 12, 12
"""Parts in a picture."""


def part_figures(every: Sequence[NMFSummary], label: str) -> tuple[Figure, ...]:
    """Return a picture of the parts of each method, of the kind that suits the first, whose features all have."""
    first = every[0]
    draw = _PICTURES[kind_of(first)]
    return tuple(draw(replace(one, image=first.image, names=first.names), label) for one in every)


def kind_of(one: NMFSummary) -> str:
    """Return "image" where features are one, "axis" where they lie along one or parts are smooth, else "names"."""
    if one.image is not None:
        return "image"
    numbered = not one.names and one.components.shape[1] >= 16 and roughness(one.components) < _SMOOTH
    return "axis" if one.axis is not None or numbered else "names"


def roughness(components: Array) -> float:
    """Return von Neumann's ratio over all parts: the mean squared step along the features over twice the variance."""
    steps = np.sum(np.diff(components, axis=1) ** 2, dtype=np.float64)
    spread = np.sum((components - components.mean(axis=1, keepdims=True)) ** 2, dtype=np.float64)
    return float(steps / (2 * spread)) if spread > 0 else 1.0


def code_figures(every: Sequence[NMFSummary]) -> tuple[Figure, ...]:
    """Return the codes of the first two methods."""
    return tuple(_codes(one) for one in every[:2])


def course_figures(one: NMFSummary) -> tuple[Figure, ...]:
    """Return the objective, how far fits agree, and how the number of parts was chosen, as far as they are known."""
    trace = one.trace is not None and len(one.trace) > 0
    known = (_choice, one.choice is not None), (_objective, trace), (_stability, one.stability is not None)
    return tuple(draw(one) for draw, there in known if there)


def _images(one: NMFSummary, label: str) -> Figure:
    assert one.image is not None
    image, order = one.image, one.order[:_IMAGES]
    shape = image.lines, image.cols
    plot = plot_atoms(one.components[order], shape, order=image.order, most=_IMAGES, numbers=order.tolist())
    return _parts(one, plot, order, "as images; dark is zero, each part in its own scale")


def _curves(one: NMFSummary, label: str) -> Figure:
    order = one.order[:_CURVES]
    label = "feature" if one.axis is None else label
    plot = plot_profiles(one.components[order], one.axis, label=label, most=_CURVES, numbers=order.tolist())
    return _parts(one, plot, order, "as curves, each in its own scale")


def _words(one: NMFSummary, label: str) -> Figure:
    order = one.order[:_WORDS]
    plot = plot_top_features(one.components[order], one.names or None, n_atoms=_WORDS, numbers=order.tolist())
    return _parts(one, plot, order, "by their largest features; bars are shares of the largest")


_PICTURES = {"image": _images, "axis": _curves, "names": _words}


def _parts(one: NMFSummary, plot: Plot, order: Array, how: str) -> Figure:
    which = "all" if len(order) == one.n_parts else f"the {len(order)} that add most"
    largest = one.use[order[0]] / (one.use.sum() or 1.0)
    said = f"{count(one.n_parts)} parts; number {order[0]} adds most, {100 * largest:.0f} % of all that parts add."
    return Figure(plot, f"Parts, {one.name}", said, f"{one.name}: {which}, {how}.")


def _codes(one: NMFSummary) -> Figure:
    order = one.order
    share = float(np.mean(one.codes > 0))
    few = f"{len(one.codes):,} of {one.n_samples:,} samples, evenly spaced in the file"
    which = "all samples" if len(one.codes) == one.n_samples else few
    return Figure(
        plot_code_map(one.codes[:, order], numbers=order),
        f"Codes, {one.name}",
        f"{100 * share:.0f} % of the codes shown are above zero.",
        f"{one.name}: which parts (across) are in which samples (down), {which}. Blank is zero.",
    )


def _objective(one: NMFSummary) -> Figure:
    assert one.trace is not None
    jumps = " Where the prior sharpens the objective is another one, and jumps." if len(one.stages) > 1 else ""
    return Figure(
        plot_objective(one.trace, one.stages, label="objective over |X|² (log scale)"),
        f"Objective during the fit, {one.name}",
        f"{one.trace[-1]:.4g} after {len(one.trace)} iterations.",
        f"The objective over the sum of squares of the data, {shorten(one.name, 60)}.{jumps}",
    )


def _stability(one: NMFSummary) -> Figure:
    assert one.stability is not None
    values = one.stability
    return Figure(
        plot_stability(values),
        "Agreement of several fits",
        f"Cosines from {values.min():.3f} to {values.max():.3f}, {values.mean():.3f} on average.",
        "Each part of the best fit beside the one it is matched with in the other fits: 1 is the same part.",
    )


def _choice(one: NMFSummary) -> Figure:
    choice = one.choice
    said = [f"{rank} parts: {error:.4g}" for rank, error in zip(choice.ranks, choice.mean, strict=True)]
    n = choice.errors.shape[1]
    return Figure(
        plot_rank(choice),
        "Error of entries held out",
        "; ".join(said) + ".",
        f"Error of entries held out, over their root mean square; mean and standard error of {n} draws.",
    )
