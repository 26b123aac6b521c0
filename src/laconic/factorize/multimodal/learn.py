"""Multimodal sparse Bayesian dictionary learning of blocks, wherever they are (arXiv:1804.03740)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from laconic.core.blocks import Pool
from laconic.core.checks import DataError
from laconic.core.loop import Run
from laconic.core.result import Status
from laconic.core.threads import threads_of_our_own
from laconic.factorize.multimodal.checkpoint import Checkpoint, Resumed
from laconic.factorize.multimodal.layout import Layout
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.reference import referred
from laconic.factorize.multimodal.result import MultimodalResult, Tick
from laconic.factorize.multimodal.samples import Samples
from laconic.factorize.multimodal.schedule import Course, begun, course, spared
from laconic.factorize.multimodal.search import Search
from laconic.factorize.multimodal.settings import Settings
from laconic.factorize.multimodal.statistics import Sizes, Sums
from laconic.factorize.multimodal.steps import FAST, Learn, Look, LookAtColumns

AT_HAND = 5000
"""Samples that a start is searched with, at least, and
"""

FOR_EACH = 40
"""so many for each scale."""

ANEW = 20
"""Steps over the scales of a block that has none, as at first, or where there is no room for them."""

LARGEST, LARGEST_SINGLE = 1e140, 1e35
"""What the largest entry of the data may be, in double and single precision, and its inverse the least above zero."""

TINY = 1e-12
"""Deviation of a constant feature, as a share of its mean: rounding."""

SCALINGS = (None, "center", "standardize")
"""What can be done to features first."""

FLOOR, FLOOR_SINGLE = 1e-10, 1e-6
"""What the noise of a sample is at least, whose energy is 1; with data in single precision."""

Watcher = Callable[[Tick], None]

_WORDS: dict[Status, str] = {
    "converged": "no atom moved by more than tol",
    "stalled": "no step made anything better",
    "max_iter": "the number of iterations was used up",
}


def surveyed(owner: str, pool: Pool, layout: Layout) -> Layout:
    """Return the layout in units that make the energy of a sample of each modality 1.

    Raises
    ------
    DataError
        If an entry is infinite, or so large or small that its square is not a number, or a modality has none.
    """
    sizes: Sizes = pool.run(Look(layout))
    most = LARGEST_SINGLE if _is_single(pool) else LARGEST
    for j, name in enumerate(layout.names):
        largest = float(sizes.largest.values[j])
        if not sizes.entries[j]:
            raise DataError(f"{owner}: modality {name!r} is missing in every sample")
        if not np.isfinite(largest):
            raise DataError(f"{owner}: X must be finite (NaN marks a missing entry), got infinity in {name!r}")
        if largest > most or 0 < largest < 1 / most:
            allowed = f"with a largest entry between {1 / most:g} and {most:g}, or be zero"
            raise DataError(f"{owner}: X must be of a size whose squares are numbers, {allowed}, got {largest:g}")
    widths = np.array([part.n_signal for part in layout.parts])
    units = np.sqrt(sizes.squares / np.maximum(sizes.entries, 1) * widths)
    return layout.in_units(tuple(float(one) if one > 0 else 1.0 for one in units))


def scaled(pool: Pool, layout: Layout, scaling: str | None) -> Layout:
    """Return the layout with features centred, and perhaps divided by their standard deviations."""
    if scaling is None:
        return layout
    sums = pool.run(LookAtColumns(np.zeros(pool.n_features)))
    mean = sums.total / np.maximum(sums.count, 1)
    spread = None
    if scaling == "standardize":
        squares = pool.run(LookAtColumns(mean)).squares / np.maximum(sums.count, 1)
        spread = np.sqrt(squares)
        spread = np.where(spread > TINY * np.maximum(np.abs(mean), 1e-300), spread, 1.0)
    parts = layout.in_units((1.0,) * len(layout.parts)).parts
    return Layout(
        tuple(
            replace(part, offset=mean[part.columns], spread=None if spread is None else spread[part.columns])
            for part in parts
        )
    )


@threads_of_our_own()
def learn(
    pool: Pool,
    layout: Layout,
    settings: Settings,
    generator: np.random.Generator,
    watch: Watcher | None = None,
    checkpoint: Checkpoint | None = None,
) -> MultimodalResult:
    """Learn a dictionary for each modality from samples in blocks.

    Parameters
    ----------
    pool : Pool
        Samples of shape (n, p).
    layout : Layout
        Where modalities are in them, and in which units, by `surveyed`.
    settings : Settings
    generator : numpy.random.Generator
    watch : callable, optional
        Called with a `Tick` at each step.
    checkpoint : Checkpoint, optional
        Where to keep the state of the steps over all data, and to look for it.
    """
    tell = watch or (lambda tick: None)
    blank = _blank(layout, settings)
    at = None if checkpoint is None else checkpoint.load(pool, settings, blank)
    if at is None:
        samples = Samples.of(pool, layout, max(AT_HAND, FOR_EACH * settings.links.n_scales))
        if settings.method == "reference":
            run, trace = referred(pool, blank, samples, settings, generator, tell)
            return _result(run, trace, run.state.sums, None)
        found = Search(settings, samples, generator, _teller(tell)).run(blank)
        pool.restore(None)
        at = Resumed(begun(_typed(pool, found.model)), [], found.sparsity)
        if checkpoint is not None:
            checkpoint.save(pool, settings, at)  # the search takes longest
    run, trace = _polished(pool, at, settings, tell, checkpoint)
    return _result(run, trace, _measured(pool, run.state.model), at.sparsity)


def _blank(layout: Layout, settings: Settings) -> Model:
    """Return a model with nothing learned; noises that are not known are a hundredth of the data's power."""
    widths = np.array([part.n_signal for part in layout.parts])
    noises = 0.01 / widths if settings.noises is None else np.array(settings.noises) / np.square(layout.units)
    noises = np.maximum(noises, FLOOR / widths)
    atoms = tuple(np.zeros((n, len(p.columns))) for n, p in zip(settings.links.n_atoms, layout.parts, strict=True))
    return Model(layout, settings.links, atoms, tuple(noises.tolist()))


def _teller(tell: Watcher) -> Any:
    def told(stage: str, step: int, steps: int, model: Model) -> None:
        tell(Tick(stage, step, steps, np.nan, np.nan, model.noises))

    return told


def _polished(
    pool: Pool, begin: Resumed, settings: Settings, tell: Watcher, checkpoint: Checkpoint | None
) -> tuple[Run[Course], list[float]]:
    """Take steps over all data until dictionaries stay."""
    trace = list(begin.trace)

    def seen(_: int, at: Course) -> None:
        trace.append(float(at.objective[0]))
        if checkpoint is not None and float(at.change[0]) > settings.tol:
            checkpoint.save(pool, settings, Resumed(at, trace, begin.sparsity))
        tell(Tick("final", len(trace), settings.max_iter, trace[-1], float(at.change[0]), at.model.noises))

    limit = max(1, settings.max_iter - len(trace))
    how: dict[str, Any] = {"limit": limit, "tol": settings.tol, "first": ANEW, "watch": seen}
    noises, room = spared(begin.course.model)[None], settings.memory / pool.n_samples
    return course(pool, begin.course, FAST, noises=noises, room=room, **how), trace


def _measured(pool: Pool, model: Model) -> Sums:
    """Return the statistics of the model, under its own noises."""
    pool.restore(None)
    sums: Sums = pool.run(Learn(model, FAST, first=ANEW, room=0.0))
    return sums


def _typed(pool: Pool, model: Model) -> Model:
    """Return the model with dictionaries of the type of the data, and noises that its rounding does not exceed."""
    single = _is_single(pool)
    atoms = [one.astype(np.float32 if single else np.float64) for one in model.atoms]
    least = FLOOR_SINGLE if single else FLOOR
    widths = [part.n_signal for part in model.layout.parts]
    noises = [max(noise, least / width) for noise, width in zip(model.noises, widths, strict=True)]
    return model.with_atoms(atoms).with_noises(noises)


def _is_single(pool: Pool) -> bool:
    return "float32" in str(pool.dtype)


def _result(run: Run[Course], trace: list[float], measured: Any, sparsity: int | None) -> MultimodalResult:
    model = run.state.model
    status: Status = "converged" if bool(run.settled[0]) else "max_iter"
    return MultimodalResult(
        x=model.atoms,
        gap=float(run.change[0]),
        status=status,
        message=_WORDS[status],
        n_iter=len(trace),
        trace=np.array(trace),
        model=model,
        sums=run.state.sums,
        measured=measured,
        log_likelihood=measured.evidence / measured.n_samples - log_unit(model, measured),
        sparsity=sparsity,
    )


def log_unit(model: Model, sums: Any) -> float:
    """Return what the units of the layout add to the log-likelihood of a sample, on average."""
    total = 0.0
    for part, one in zip(model.layout.parts, sums.each, strict=True):
        total += float(one.entries[: part.n_signal] @ np.log(part.factors()))
    return float(total / sums.n_samples)
