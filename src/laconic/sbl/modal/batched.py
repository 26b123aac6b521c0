"""The exact Gaussian posterior of one modality with array-API operations: for torch, also on a GPU."""

from typing import Any

from laconic.core.arrays import Array, array_namespace, device
from laconic.core.linalg import log_two_pi
from laconic.sbl.modal.sensor import Readings, Sensor

AT_ONCE = 2**25
"""Entries of the matrices of a batch."""

SPARSE = 0.7
"""Share of the atoms under which only those that a sample uses are computed with."""

Totals = tuple[Array, Array]
Fields = tuple[Array, Array, Array, Array]


def encode_batched(
    sensor: Sensor, readings: Readings, pull: Array, energy: Array, g: Array, sums: bool
) -> tuple[Fields, Totals | None]:
    """Return mean, variance, ratio and evidence as in `laconic.sbl.modal.tile`, and the sums if they are wanted."""
    xp, (n, m) = array_namespace(g), g.shape
    most = max(1, int(xp.max(xp.sum(xp.astype(g > 0, xp.int64), axis=1)))) if n > 0 else m
    most = m if most > SPARSE * m else most
    size = max(1, AT_ONCE // (most * max(m, readings.y.shape[1])))
    parts, totals = [], None
    for first in range(0, n, size):
        rows = slice(first, min(first + size, n))
        seen = None if readings.seen is None else readings.seen[rows, :]
        part = _Part(sensor, readings.y[rows, :], seen, pull[rows, :], energy[rows], g[rows, :], most)
        fields, roots = part.encode()
        parts.append(fields)
        if sums:
            found = part.sums(fields[0], roots)
            totals = found if totals is None else (totals[0] + found[0], totals[1] + found[1])
    return tuple(xp.concat(list(columns)) for columns in zip(*parts, strict=True)), totals


class _Part:
    """Some of the samples, of which each uses `most` of the atoms at most."""

    def __init__(
        self, sensor: Sensor, y: Array, seen: Array | None, pull: Array, energy: Array, g: Array, most: int
    ) -> None:
        self.sensor, self.y, self.seen, self.pull, self.energy, self.g = sensor, y, seen, pull, energy, g
        self.xp = xp = array_namespace(g)
        unused = xp.astype(g <= 0, xp.int64)
        self.places = None if most == g.shape[1] else xp.argsort(unused, axis=1, stable=True)[:, :most]

    def encode(self) -> tuple[Fields, Array]:
        """Return the fields, and matrices R, (n, most, M), whose R'R are the covariances."""
        xp, noise, scale = self.xp, self.sensor.noise, self.xp.sqrt(self._used(self.g))
        pull = self._used(self.pull)
        eye = xp.eye(scale.shape[1], dtype=self.g.dtype, device=device(self.g))
        root = xp.linalg.cholesky(eye + self._gram() * (scale[:, :, None] * scale[:, None, :] / noise))
        lower = self._inverse(root, eye)
        inverse = xp.matrix_transpose(lower) @ lower
        weights = (inverse @ (scale * pull / noise)[:, :, None])[:, :, 0]
        share, mean = xp.linalg.diagonal(inverse), scale * weights
        log_det = 2 * xp.sum(xp.log(xp.linalg.diagonal(root)), axis=1)
        fit = (self.energy - xp.sum(mean * pull, axis=1)) / noise
        n = self._n_seen()
        evidence = -(fit + log_det + log_two_pi(n) + n * float(xp.log(xp.asarray(noise, dtype=xp.float64)))) / 2
        ratio = xp.where(self.g > 0, self._placed(weights**2 + share), xp.ones_like(self.g))
        fields = self._placed(mean), self.g * self._placed(share), ratio, evidence
        return fields, self._placed(lower * scale[:, None, :])

    def sums(self, mean: Array, roots: Array) -> Totals:
        """Return the sums of second moments and of products with y over the samples that have the modality."""
        xp = self.xp
        cross = xp.astype(mean.T @ self.y, xp.float64)
        rows = xp.concat([roots, mean[:, None, :]], axis=1)
        if self.seen is not None:
            rows = rows * xp.astype(xp.any(self.seen, axis=1), mean.dtype)[:, None, None]
            missing = xp.astype(~self.seen, mean.dtype)[:, None, :]
            made_up = _long(rows).T @ _long((rows @ self.sensor.atoms) * missing)
            cross = cross + xp.astype(made_up, xp.float64)
        return xp.astype(_long(rows).T @ _long(rows), xp.float64), cross

    def _used(self, values: Array) -> Array:
        """Return the values of the atoms in use, (n, most), from those of all."""
        return values if self.places is None else self.xp.take_along_axis(values, self.places, axis=1)

    def _placed(self, values: Array) -> Array:
        """Return values of the atoms in use, the last axis, in their places among all; zero elsewhere."""
        if self.places is None:
            return values
        xp, active = self.xp, self.g > 0
        order = xp.clip(xp.cumulative_sum(xp.astype(active, xp.int64), axis=1) - 1, 0, values.shape[-1] - 1)
        shape = (*values.shape[:-1], active.shape[1])
        if len(shape) == 3:
            order, active = (xp.broadcast_to(one[:, None, :], shape) for one in (order, active))
        found = xp.take_along_axis(values, order, axis=-1)
        return xp.where(active, found, xp.zeros_like(found))

    def _gram(self) -> Array:
        """Return D D' over the entries that are there, of the atoms in use."""
        xp, atoms, places = self.xp, self.sensor.atoms, self.places
        if self.seen is None:
            return self.sensor.gram[None, :, :] if places is None else _pairs(self.sensor.gram, places)
        own = atoms[None, :, :] if places is None else _rows(atoms, places)
        return (own * xp.astype(self.seen, self.g.dtype)[:, None, :]) @ xp.matrix_transpose(own)

    def _n_seen(self) -> Any:
        return self.y.shape[1] if self.seen is None else self.xp.sum(self.xp.astype(self.seen, self.g.dtype), axis=1)

    def _inverse(self, root: Array, eye: Array) -> Array:
        if hasattr(self.xp.linalg, "solve_triangular"):
            return self.xp.linalg.solve_triangular(root, self.xp.broadcast_to(eye, root.shape), upper=False)
        return self.xp.linalg.inv(root)


def _rows(atoms: Array, places: Array) -> Array:
    """Return the atoms of each sample, (n, most, N)."""
    xp = array_namespace(atoms)
    return xp.reshape(xp.take(atoms, xp.reshape(places, (-1,)), axis=0), (*places.shape, atoms.shape[1]))


def _pairs(gram: Array, places: Array) -> Array:
    """Return the products of the atoms of each sample, (n, most, most)."""
    xp = array_namespace(gram)
    flat = places[:, :, None] * gram.shape[0] + places[:, None, :]
    return xp.reshape(xp.take(xp.reshape(gram, (-1,)), xp.reshape(flat, (-1,))), flat.shape)


def _long(rows: Array) -> Array:
    """Return a row for each sample and atom in use."""
    return array_namespace(rows).reshape(rows, (-1, rows.shape[2]))
