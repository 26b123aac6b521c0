"""What is done to blocks of samples: values that can be sent to where the blocks are."""

from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, to_numpy
from laconic.core.blocks import Block
from laconic.core.blocks.sums import Weighed
from laconic.factorize.multimodal.kept import kept, slices
from laconic.factorize.multimodal.layout import Layout, Part, entries
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.statistics import Columns, Largest, Sizes, Sums, evidence, modality_sums
from laconic.sbl.modal import Readings, Update, infer, started, updated

FAST = Update(relaxation=2.0, prune=1.0)
"""Steps twice as long as EM's in the logarithm, and nothing kept that is below the noise."""

ENERGY = 1.0
"""Of a sample, as units make it on average: scales begin with it, whichever samples are together."""


@dataclass(frozen=True)
class Look:
    """Find out how large the features of each modality are; labels do not count."""

    layout: Layout

    def __call__(self, block: Block, _: Any) -> tuple[None, Sizes]:
        rows = [_size(part, part.readings(block)) for part in self.layout.parts]
        squares, entries, present, largest = (np.array(column, np.float64) for column in zip(*rows, strict=True))
        return None, Sizes(squares, entries, present, Largest(largest), float(block.shape[0]))


def _size(part: Part, readings: Readings) -> tuple[float, float, float, float]:
    y, xp, present = readings.y[:, : part.n_signal], array_namespace(readings.y), readings.present()
    n = y.shape[0] if present is None else int(xp.sum(xp.astype(present, xp.int64)))
    entries = y.shape[0] * y.shape[1]
    if readings.seen is not None:
        entries = int(xp.sum(xp.astype(readings.seen[:, : part.n_signal], xp.int64)))
    largest = float(xp.max(xp.abs(y)))
    scale = largest if 0 < largest < float("inf") else 1.0
    squares = float(xp.sum((xp.astype(y, xp.float64) / scale) ** 2)) * scale * scale
    return squares, float(entries), float(n), largest


@dataclass(frozen=True)
class LookAtColumns:
    """Find out the sums of each feature, and of squared distances to a value.

    Attributes
    ----------
    around : array of shape (p,)
    """

    around: Any

    def __call__(self, block: Block, _: Any) -> tuple[None, Columns]:
        values, missing = dense(block)
        there = np.ones_like(values) if missing is None else (~missing).astype(np.float64)
        away = (values - self.around) * there
        return None, Columns(there.sum(axis=0), (values * there).sum(axis=0), (away**2).sum(axis=0))


@dataclass(frozen=True)
class Gathered(Weighed):
    """Samples of several blocks, one after the other."""

    parts: tuple[Any, ...]

    def __add__(self, other: "Gathered") -> "Gathered":
        return Gathered(self.parts + other.parts)


@dataclass(frozen=True)
class Gather:
    """Fetch every `stride`-th sample, NaN where an entry is missing; states are dropped."""

    stride: int

    def __call__(self, block: Block, _: Any) -> tuple[None, Gathered]:
        first = -block.first % self.stride
        values, missing = dense(block)
        values = values[first :: self.stride].copy()
        if missing is not None:
            values[missing[first :: self.stride]] = np.nan
        return None, Gathered((values,))


def dense(block: Block) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any] | None"]:
    """Return the values of a block in float64, and which are missing."""
    values, missing = entries(block)
    return to_numpy(values).astype(np.float64), None if missing is None else to_numpy(missing)


@dataclass(frozen=True)
class Learn:
    """Take steps over the scales of a block; the statistics before the last one are what is summed.

    Attributes
    ----------
    model : Model
    how : Update
    inner : int
        Steps where the block has scales already.
    first : int
        Steps where it has none.
    room : float
        Bytes for each sample that scales may take to stay with the block.
    """

    model: Model
    how: Update = field(default_factory=Update)
    inner: int = 1
    first: int = 1
    room: float = float("inf")

    def __call__(self, block: Block, state: Array | None) -> tuple[Array | None, Sums]:
        links = self.model.links
        parts = slices(block, state, links.n_scales, max(links.n_atoms))
        pairs = [self._part(part, gamma) for part, gamma in parts]
        sums = reduce(add, [sums for _, sums in pairs])
        return kept([gamma for gamma, _ in pairs], self.room) if self.room else None, sums

    def _part(self, part: Block, gamma: Array | None) -> tuple[Array, Sums]:
        views, links = self.model.views(self.model.layout.readings(part)), self.model.links
        steps = self.inner if gamma is not None else self.first
        if gamma is None:
            gamma = started(links, views, ENERGY)
        if steps > 1:
            gamma = infer(links, views, self.how, gamma=gamma, max_iter=steps - 1, tol=0.0)
        variances = [links.variances(j, gamma) for j in range(len(views))]
        pairs = [view.posterior(g, sums=True) for view, g in zip(views, variances, strict=True)]
        found = [posterior for posterior, _ in pairs]
        each = tuple(
            modality_sums(view, g, totals)
            for view, g, (_, totals) in zip(views, variances, pairs, strict=True)
            if totals is not None
        )
        sums = Sums(each, evidence(found), float(part.shape[0]))
        return updated(gamma, links, views, found, self.how), sums
