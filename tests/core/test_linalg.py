"""Inverses of batches of symmetric positive definite matrices, against NumPy's."""

import array_api_strict
import numpy as np
import pytest
import torch

from laconic.core.linalg import invert, packed_places


def covariances(k, n, rank, noise, seed=0):
    F = np.random.default_rng(seed).normal(size=(k, n, rank))
    return F @ np.swapaxes(F, 1, 2) + noise * np.eye(n)


@pytest.mark.parametrize("library", [np, torch, array_api_strict])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inverse_and_determinant(library, dtype):
    C = covariances(3, 6, 8, 0.1)
    inverse = invert(library.asarray(C, dtype=getattr(library, dtype)))
    tolerance = 1e-3 if dtype == "float32" else 1e-9
    assert np.asarray(inverse.inverse) == pytest.approx(np.linalg.inv(C), rel=tolerance, abs=tolerance)
    assert np.asarray(inverse.log_determinant) == pytest.approx(np.linalg.slogdet(C)[1], abs=tolerance)
    assert str(inverse.inverse.dtype).endswith(dtype)


def test_solutions_keep_their_digits_where_noise_is_tiny():
    """C^-1 y for y in the range of a low-rank part is O(1) although C^-1 is 1e12 large."""
    F = np.random.default_rng(1).normal(size=(1, 20, 5))
    C = F @ np.swapaxes(F, 1, 2) + 1e-12 * np.eye(20)
    w = np.random.default_rng(2).normal(size=5)
    solved = invert(C).solve((F[0] @ w)[None])[0]
    U, s, _ = np.linalg.svd(F[0], full_matrices=False)
    exact = U @ ((U.T @ F[0] @ w) / (s**2 + 1e-12))
    assert solved == pytest.approx(exact, rel=1e-3, abs=1e-3)


def test_singular_matrices_get_a_little_jitter():
    inverse = invert(covariances(2, 5, 2, 0.0))
    assert np.isfinite(inverse.inverse).all()
    with pytest.raises(ArithmeticError, match="positive definite"):
        invert(-np.eye(3)[None])


@pytest.mark.parametrize("n", [1, 2, 5])
def test_packed_places(n):
    A = np.random.default_rng(0).normal(size=(n, n))
    S = A + A.T
    rows, columns, unpacked, weights = packed_places(n)
    packed = S[rows, columns]
    assert np.array_equal(packed[unpacked].reshape(n, n), S)
    assert np.dot(weights, packed) == pytest.approx(S.sum())
