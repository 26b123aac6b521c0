"""The rank-one tensor nearest to a given one."""

import math
from typing import Any

import numpy as np

Vector = np.ndarray[Any, Any]
_MOST_SWEEPS = 200


def nearest_rank_one(tensor: "np.ndarray[Any, Any]") -> list[Vector]:
    """Return vectors, one an axis and of equal norm, whose outer product is near `tensor`.

    With one or two axes it is the nearest (itself, the leading singular pair); with more, where the nearest is
    NP-hard to find, alternating least squares from the leading singular vectors of each unfolding: exact when
    `tensor` has rank one, and never worse than its start (De Lathauwer, De Moor, Vandewalle, SIAM J. Matrix Anal.
    21(4), 2000).
    """
    peak = np.max(np.abs(tensor))
    if tensor.ndim == 1:
        return [tensor.copy()]
    if not peak:
        return [np.zeros(size, tensor.dtype) for size in tensor.shape]
    units, norm = (_leading_pair if tensor.ndim == 2 else _fitted)(tensor / peak)
    return _balanced(units, norm, float(peak))


def _leading_pair(matrix: "np.ndarray[Any, Any]") -> tuple[list[Vector], float]:
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    return [left[:, 0], right[0]], float(values[0])


def _fitted(tensor: "np.ndarray[Any, Any]") -> tuple[list[Vector], float]:
    starts = (_leading_directions(tensor), _peak_directions(tensor))
    return max((_alternate(tensor, start) for start in starts), key=lambda found: found[1])


def _leading_directions(tensor: "np.ndarray[Any, Any]") -> list[Vector]:
    return [_leading_left(np.moveaxis(tensor, axis, 0)) for axis in range(tensor.ndim)]


def _leading_left(unfolded: "np.ndarray[Any, Any]") -> Vector:
    left: Vector = np.linalg.svd(unfolded.reshape(len(unfolded), -1), full_matrices=False)[0]
    return left[:, 0]


def _peak_directions(tensor: "np.ndarray[Any, Any]") -> list[Vector]:
    """Unit vectors at the largest entry: a start that captures something, whatever the symmetries."""
    peak = np.unravel_index(np.argmax(np.abs(tensor)), tensor.shape)
    return [np.eye(1, size, int(at), dtype=tensor.dtype)[0] for at, size in zip(peak, tensor.shape, strict=True)]


def _alternate(tensor: "np.ndarray[Any, Any]", units: list[Vector]) -> tuple[list[Vector], float]:
    """Fit one vector at a time until the captured norm, which never falls, stops growing."""
    captured = norm = 0.0
    for _ in range(_MOST_SWEEPS):
        for axis in range(tensor.ndim):
            fitted = _contract(tensor, units, axis)
            norm = float(np.linalg.norm(fitted))
            if norm == 0:
                return units, 0.0
            units[axis] = fitted / fitted.dtype.type(norm)
        if norm <= captured * (1 + 4 * float(np.finfo(tensor.dtype).eps)):
            break
        captured = norm
    return units, norm


def _contract(tensor: "np.ndarray[Any, Any]", units: list[Vector], axis: int) -> Vector:
    """Multiply the tensor by every unit vector but one."""
    for other in reversed(range(tensor.ndim)):
        if other != axis:
            tensor = np.tensordot(tensor, units[other], axes=(other, 0))
    return tensor


def _balanced(units: list[Vector], norm: float, scale: float) -> list[Vector]:
    """Spread the norm evenly over the vectors, so that no factor is huge beside a tiny one."""
    each = math.exp((math.log(norm) + math.log(scale)) / len(units))
    return [(unit * each).astype(unit.dtype, copy=False) for unit in units]
