"""The exact Gaussian posterior of one modality, and the sums that its dictionary is learned from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np

from laconic.core.arrays import Array, array_namespace
from laconic.core.blocks.dense_products import codes_times, times
from laconic.core.loop import BatchRecord, Rows
from laconic.core.threads import in_threads
from laconic.sbl.modal.batched import encode_batched
from laconic.sbl.modal.sensor import Readings, Sensor
from laconic.sbl.modal.tile import TILE, encode
from laconic.sbl.modal.tile_data import encode_dense

CHUNKS = 16
"""Sums are added over so many parts of the samples, however many threads there are: they do not change the result."""

SPREAD_OUT = sorted(range(CHUNKS), key=lambda i: f"{i:04b}"[::-1])
"""An order of the parts in which each half, quarter and so on has as much work as the others."""


MANY = 1.75
"""Atoms in use, as a share of the entries of a sample, above which the space of the entries is the cheaper one."""

ALONE = 64
"""Samples below which one thread does all."""


@dataclass(frozen=True)
class Posterior(BatchRecord):
    """Posteriors of n samples.

    Attributes
    ----------
    mean, variance : array of shape (n, M)
    ratio : array of shape (n, M)
        (mean² + variance) / g; 1 where nothing is known.
    evidence : array of shape (n,)
        ln N(y; 0, C) over the entries that are there.
    """

    mean: Array
    variance: Array
    ratio: Array
    evidence: Array


@dataclass(frozen=True)
class View(BatchRecord):
    """What the readings of a modality say under a dictionary, before scales are known.

    Attributes
    ----------
    sensor : Sensor
    readings : Readings
    pull : array of shape (n, M)
        D'y.
    energy : array of shape (n,)
        y'y.
    """

    sensor: Sensor
    readings: Readings
    pull: Array
    energy: Array

    @classmethod
    def of(cls, sensor: Sensor, readings: Readings) -> Self:
        """Look at readings with a sensor; NumPy's products are in float64, since they are divided by the noise."""
        y, atoms = readings.y, sensor.atoms
        if isinstance(y, np.ndarray):
            y, atoms = (one.astype(np.float64, copy=False) for one in (y, atoms))
            return cls(sensor, readings, times(y, atoms.T), np.einsum("ij,ij->i", y, y))
        return cls(sensor, readings, times(y, atoms.T), array_namespace(y).sum(y * y, axis=1))

    def posterior(self, g: Array, sums: bool = False) -> tuple[Posterior, tuple[Array, Array] | None]:
        """Return the posterior for prior variances g of shape (n, M); a sample without any entry keeps its prior.

        With `sums`, also sum E[x x'] over the samples that have an entry, shape (M, M), and sum E[x y'], shape (M, N),
        in float64. A missing entry of y counts as what the model expects of it (EM with missing data).
        """
        if not isinstance(g, np.ndarray):
            return self._batched(g, sums)
        found = Posterior(np.zeros_like(g), g.copy(), np.ones_like(g), np.zeros(len(g), g.dtype))
        in_codes, in_data = self._spaces(g)
        (M, N), chunks = self.sensor.atoms.shape, CHUNKS if sums else 1
        second, cross = np.zeros((chunks, M, M)), np.zeros((chunks, M if self._partial else 0, N))
        known = np.zeros((chunks, M if len(in_data) else 0, M))
        self._in_codes(g, found, in_codes, second, cross, sums)
        self._in_data(g, found, in_data, known, sums)
        if not sums:
            return found, None
        lower = second.sum(axis=0)
        whole = lower + np.tril(lower, -1).T
        if len(in_data):
            whole += known.sum(axis=0) + _uncorrelated(g[in_data], found.mean[in_data])
        products = codes_times(found.mean, self.readings.y).astype(np.float64)
        return found, (whole, products + cross.sum(axis=0) if self._partial else products)

    @property
    def _partial(self) -> bool:
        return self.readings.seen is not None

    def _spaces(self, g: Any) -> "tuple[Rows, Rows]":
        """Return the samples whose posterior is found in the space of their atoms, and of their entries."""
        counts, seen = np.count_nonzero(g, axis=1), self.readings.seen
        many = counts > MANY * self.sensor.atoms.shape[1]
        if seen is not None:
            many &= seen.all(axis=1)
        rows = np.flatnonzero(~many if seen is None else ~many & seen.any(axis=1))
        return rows[np.argsort(counts[rows], kind="stable")], np.flatnonzero(many)

    def _in_codes(self, g: Any, found: Posterior, order: Rows, second: Any, cross: Any, sums: bool) -> None:
        sensor, seen, counts = self.sensor, self.readings.seen, np.count_nonzero(g, axis=1)
        seen = np.zeros((0, 0), bool) if seen is None else seen
        data = order, counts, g, self.pull, self.energy, sensor.atoms, sensor.gram, seen, float(sensor.noise), sums
        write = partial(encode, *data, found.mean, found.variance, found.ratio, found.evidence)
        _dealt_out(len(order), sums, lambda i, first, last: write(second[i], cross[i], first, last))

    def _in_data(self, g: Any, found: Posterior, order: Rows, known: Any, sums: bool) -> None:
        data = order, g, self.readings.y, self.energy, self.sensor.atoms, float(self.sensor.noise), sums
        write = partial(encode_dense, *data, found.mean, found.variance, found.ratio, found.evidence)
        if len(order):
            _dealt_out(len(order), sums, lambda i, first, last: write(known[i], first, last))

    def _batched(self, g: Array, sums: bool) -> tuple[Posterior, tuple[Array, Array] | None]:
        fields, totals = encode_batched(self.sensor, self.readings, self.pull, self.energy, g, sums)
        return Posterior(*fields), totals


def _uncorrelated(g: Any, mean: Any) -> Any:
    """Return the sum of mu mu' + diag(g)."""
    return codes_times(mean, mean).astype(np.float64) + np.diag(g.sum(axis=0, dtype=np.float64))


def _dealt_out(n: int, sums: bool, write: Callable[[int, int, int], None]) -> None:
    """Have parts of n samples worked on by threads; each part has a place of its own for its sums."""
    edges = np.append(np.arange(CHUNKS) * (n // CHUNKS // TILE) * TILE, n)

    def work(first: int, last: int) -> None:
        for part in SPREAD_OUT[first:last]:
            write(part if sums else 0, int(edges[part]), int(edges[part + 1]))

    in_threads(work, CHUNKS, least=1 if n >= ALONE else CHUNKS)
