"""What is done to blocks of samples: values that can be sent to where the blocks are."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from laconic.core.arrays import Array, array_namespace, to_numpy
from laconic.core.blocks import DenseBlock
from laconic.factorize.multimodal.layout import Layout
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.statistics import Largest, Sizes, Sums, evidence, modality_sums
from laconic.sbl.modal import Readings, Update, infer, updated

FAST = Update(relaxation=2.0, prune=1.0)
"""Steps twice as long as EM's in the logarithm, and nothing kept that is below the noise."""


@dataclass(frozen=True)
class Look:
    """Find out how large the entries of each modality are."""

    layout: Layout

    def __call__(self, block: DenseBlock, _: Any) -> tuple[None, Sizes]:
        rows = [_size(one) for one in self.layout.readings(block)]
        squares, entries, present, largest = (np.array(column, np.float64) for column in zip(*rows, strict=True))
        return None, Sizes(squares, entries, present, Largest(largest), float(block.shape[0]))


def _size(readings: Readings) -> tuple[float, float, float, float]:
    y, xp = readings.y, array_namespace(readings.y)
    largest = float(xp.max(xp.abs(y)))
    present = readings.present()
    n = y.shape[0] if present is None else int(xp.sum(xp.astype(present, xp.int64)))
    entries = y.shape[0] * y.shape[1] if readings.seen is None else int(xp.sum(xp.astype(readings.seen, xp.int64)))
    return float(xp.sum(xp.astype(y, xp.float64) ** 2)), float(entries), float(n), largest


@dataclass(frozen=True)
class Gathered:
    """Samples of several blocks, one after the other."""

    parts: tuple[Any, ...]

    def __add__(self, other: "Gathered") -> "Gathered":
        return Gathered(self.parts + other.parts)


@dataclass(frozen=True)
class Gather:
    """Fetch every `stride`-th sample, NaN where an entry is missing; states are dropped."""

    stride: int

    def __call__(self, block: DenseBlock, _: Any) -> tuple[None, Gathered]:
        first = -block.first % self.stride
        values = to_numpy(block.values)[first :: self.stride].astype(np.float64)
        if block.missing is not None:
            values[to_numpy(block.missing)[first :: self.stride]] = np.nan
        return None, Gathered((values,))


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
    keep : bool
        Whether scales stay with the block.
    """

    model: Model
    how: Update = field(default_factory=Update)
    inner: int = 1
    first: int = 1
    keep: bool = True

    def __call__(self, block: DenseBlock, gamma: Array | None) -> tuple[Array | None, Sums]:
        views, links = self.model.views(self.model.layout.readings(block)), self.model.links
        steps = self.inner if gamma is not None else self.first
        if gamma is None or steps > 1:
            gamma = infer(links, views, self.how, gamma=gamma, max_iter=steps - 1, tol=0.0)
        variances = [links.variances(j, gamma) for j in range(len(views))]
        pairs = [view.posterior(g, sums=True) for view, g in zip(views, variances, strict=True)]
        found = [posterior for posterior, _ in pairs]
        each = tuple(
            modality_sums(view, g, totals)
            for view, g, (_, totals) in zip(views, variances, pairs, strict=True)
            if totals is not None
        )
        sums = Sums(each, evidence(found), float(block.shape[0]))
        return updated(gamma, links, views, found, self.how) if self.keep else None, sums
