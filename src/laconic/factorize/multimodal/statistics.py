"""Statistics that add: what samples say to the dictionary of each modality."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, array_namespace, to_numpy
from laconic.core.blocks import Additive
from laconic.core.blocks.sums import Weighed
from laconic.sbl.modal import Posterior, View

Floats = np.ndarray[Any, Any]


@dataclass(frozen=True)
class ModalitySums(Additive):
    """Sums over the samples that a modality has an entry of, in float64 and in its unit.

    Attributes
    ----------
    second : array of shape (M, M)
        sum E[x x'].
    cross : array of shape (M, N)
        sum E[x y'].
    n_samples : float
    used : array of shape (M,)
        Samples in which each atom is in use.
    entries : array of shape (N,)
        Samples that have each feature.
    """

    second: Floats
    cross: Floats
    n_samples: float
    used: Floats
    entries: Floats


@dataclass(frozen=True)
class Sums(Weighed):
    """Of all modalities.

    Attributes
    ----------
    each : tuple of ModalitySums
    evidence : float
        sum ln p(y | gamma), over samples and modalities.
    n_samples : float
    """

    each: tuple[ModalitySums, ...]
    evidence: float
    n_samples: float

    def __add__(self, other: "Sums") -> "Sums":
        each = tuple(a + b for a, b in zip(self.each, other.each, strict=True))
        return Sums(each, self.evidence + other.evidence, self.n_samples + other.n_samples)

    def times(self, factor: float) -> "Sums":
        """Return the sums as if each sample counted by this factor."""
        return Sums(tuple(one.times(factor) for one in self.each), self.evidence * factor, self.n_samples * factor)


def modality_sums(view: View, g: Array, totals: tuple[Array, Array]) -> ModalitySums:
    """Return the statistics of a modality from what its posterior summed."""
    xp, present = array_namespace(g), view.readings.present()
    used = g > 0 if present is None else (g > 0) & present[:, None]
    n = g.shape[0] if present is None else int(xp.sum(xp.astype(present, xp.int64)))
    counts = to_numpy(xp.sum(xp.astype(used, xp.float64), axis=0))
    seen, width = view.readings.seen, totals[1].shape[1]
    entries = np.full(width, float(n)) if seen is None else to_numpy(xp.sum(xp.astype(seen, xp.float64), axis=0))
    return ModalitySums(to_numpy(totals[0]), to_numpy(totals[1]), float(n), counts, entries)


def evidence(found: Sequence[Posterior]) -> float:
    """Return the log-likelihood of all samples."""
    return float(sum(float(array_namespace(p.evidence).sum(p.evidence)) for p in found))


@dataclass(frozen=True)
class Sizes(Additive):
    """How large the entries of each modality are; arrays of shape (J,).

    Attributes
    ----------
    squares : array
        Sum of squares of the entries that are there.
    entries, present : array
        Entries that are there, and samples that have one.
    largest : Largest
        Largest absolute value.
    n_samples : float
    """

    squares: Floats
    entries: Floats
    present: Floats
    largest: "Largest"
    n_samples: float


@dataclass(frozen=True)
class Largest:
    """A maximum that adds up."""

    values: Floats

    def __add__(self, other: Self) -> Self:
        return type(self)(np.maximum(self.values, other.values))


@dataclass(frozen=True)
class Columns(Additive):
    """Sums over the entries of each feature that are there; arrays of shape (p,).

    Attributes
    ----------
    count, total, squares : array
        `squares` are of distances to `around`.
    """

    count: Floats
    total: Floats
    squares: Floats
