"""Samples at hand: enough of the data to find a start and the noise from, in memory and in the units of the layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from laconic.core.blocks import ArraySource, LocalPool, Pool
from laconic.core.blocks.source import dense_block
from laconic.factorize.multimodal.layout import Layout
from laconic.factorize.multimodal.model import Model
from laconic.factorize.multimodal.steps import Gather
from laconic.sbl.modal import Readings, View

Floats = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Samples:
    """Some samples.

    Attributes
    ----------
    layout : Layout
    rows : array of shape (n, p)
        As they came, NaN where an entry is missing.
    """

    layout: Layout
    rows: Floats

    @classmethod
    def of(cls, pool: Pool, layout: Layout, most: int) -> Self:
        """Fetch at most about so many samples of a pool, evenly spread."""
        stride = max(1, -(-pool.n_samples // most))
        return cls(layout, np.concatenate(pool.run(Gather(stride)).parts))

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.rows)

    def pool(self) -> LocalPool:
        """Return the samples as one block."""
        return LocalPool(ArraySource(self.rows, np.array([0, self.n])))

    def readings(self) -> list[Readings]:
        """Return what each modality has read."""
        return self.layout.readings(dense_block(self.rows, 0))

    def views(self, model: Model) -> list[View]:
        """Look at the samples with a model."""
        return model.views(self.readings())

    def some(self, most: int, generator: np.random.Generator) -> "Samples":
        """Return at most so many, drawn at random."""
        if self.n <= most:
            return self
        return Samples(self.layout, self.rows[np.sort(generator.choice(self.n, most, replace=False))])

    def with_values(self, values: Sequence[Floats]) -> "Samples":
        """Return the samples with other values, in units, where entries are there."""
        rows = self.rows.copy()
        for part, new in zip(self.layout.parts, values, strict=True):
            old = rows[:, part.columns]
            rows[:, part.columns] = np.where(np.isnan(old), np.nan, part.unscaled(new))
        return Samples(self.layout, rows)
