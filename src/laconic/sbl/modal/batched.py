"""The exact Gaussian posterior of one modality with array-API operations: for torch, also on a GPU."""

from typing import Any

from laconic.core.arrays import Array, array_namespace, device
from laconic.core.linalg import log_two_pi
from laconic.sbl.modal.sensor import Readings, Sensor

AT_ONCE = 2**25
"""Entries of the matrices of a batch."""

Totals = tuple[Array, Array]
Fields = tuple[Array, Array, Array, Array]


def encode_batched(
    sensor: Sensor, readings: Readings, pull: Array, energy: Array, g: Array, sums: bool
) -> tuple[Fields, Totals | None]:
    """Return mean, variance, ratio and evidence as in `laconic.sbl.modal.tile`, and the sums if they are wanted."""
    xp, (n, m) = array_namespace(g), g.shape
    size = max(1, AT_ONCE // (m * m))
    parts, totals = [], None
    for first in range(0, n, size):
        rows = slice(first, min(first + size, n))
        seen = None if readings.seen is None else readings.seen[rows, :]
        part = _Part(sensor, readings.y[rows, :], seen, pull[rows, :], energy[rows], g[rows, :])
        fields, moments = part.encode()
        parts.append(fields)
        if sums:
            found = part.sums(fields, moments)
            totals = found if totals is None else (totals[0] + found[0], totals[1] + found[1])
    return tuple(xp.concat(list(columns)) for columns in zip(*parts, strict=True)), totals


class _Part:
    """Some of the samples."""

    def __init__(self, sensor: Sensor, y: Array, seen: Array | None, pull: Array, energy: Array, g: Array) -> None:
        self.sensor, self.y, self.seen, self.pull, self.energy, self.g = sensor, y, seen, pull, energy, g
        self.xp = array_namespace(g)

    def encode(self) -> tuple[Fields, Array]:
        xp, noise, scale = self.xp, self.sensor.noise, self.xp.sqrt(self.g)
        eye = xp.eye(self.g.shape[1], dtype=self.g.dtype, device=device(self.g))
        root = xp.linalg.cholesky(eye + self._gram() * (scale[:, :, None] * scale[:, None, :] / noise))
        lower = self._inverse(root, eye)
        inverse = xp.matrix_transpose(lower) @ lower
        weights = (inverse @ (scale * self.pull / noise)[:, :, None])[:, :, 0]
        share = xp.linalg.diagonal(inverse)
        mean = scale * weights
        log_det = 2 * xp.sum(xp.log(xp.linalg.diagonal(root)), axis=1)
        fit = (self.energy - xp.sum(mean * self.pull, axis=1)) / noise
        n = self._n_seen()
        evidence = -(fit + log_det + log_two_pi(n) + n * float(xp.log(xp.asarray(noise, dtype=xp.float64)))) / 2
        ratio = xp.where(self.g > 0, weights**2 + share, xp.ones_like(share))
        return (mean, self.g * share, ratio, evidence), scale[:, :, None] * inverse * scale[:, None, :]

    def sums(self, fields: Fields, covariance: Array) -> Totals:
        xp, mean = self.xp, fields[0]
        moments = covariance + mean[:, :, None] * mean[:, None, :]
        cross = xp.astype(mean.T @ self.y, xp.float64)
        if self.seen is None:
            return xp.astype(xp.sum(moments, axis=0), xp.float64), cross
        there = xp.astype(xp.any(self.seen, axis=1), mean.dtype)
        moments = moments * there[:, None, None]
        missing = xp.astype(~self.seen, mean.dtype)
        made_up = xp.sum((moments @ self.sensor.atoms[None, :, :]) * missing[:, None, :], axis=0)
        return xp.astype(xp.sum(moments, axis=0), xp.float64), cross + xp.astype(made_up, xp.float64)

    def _gram(self) -> Array:
        if self.seen is None:
            return self.sensor.gram[None, :, :]
        atoms, seen = self.sensor.atoms, self.xp.astype(self.seen, self.g.dtype)
        return (atoms[None, :, :] * seen[:, None, :]) @ atoms.T

    def _n_seen(self) -> Any:
        return self.y.shape[1] if self.seen is None else self.xp.sum(self.xp.astype(self.seen, self.g.dtype), axis=1)

    def _inverse(self, root: Array, eye: Array) -> Array:
        if hasattr(self.xp.linalg, "solve_triangular"):
            return self.xp.linalg.solve_triangular(root, self.xp.broadcast_to(eye, root.shape), upper=False)
        return self.xp.linalg.inv(root)
