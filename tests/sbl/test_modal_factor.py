"""Cholesky factors of eight matrices side by side, beside SciPy's of each."""

import numpy as np
import pytest
import scipy.linalg

from laconic.core.lanes import LANES
from laconic.sbl.modal.factor import apply, cholesky, invert, square, substitute

SIZES = [1, 2, 3, 4, 5, 8, 11, 30]


def drawn(n, room=3):
    """Return matrices (LANES, n, n), their factors in arrays with some room around, and determinants."""
    A = np.random.default_rng(n).standard_normal((LANES, n, n + 2))
    matrices = A @ A.transpose(0, 2, 1) + np.eye(n)
    root, log_det = np.full((n + room, n + room, LANES), np.nan), np.full(LANES, np.nan)
    root[:n, :n] = np.moveaxis(matrices, 0, -1)
    cholesky(root, log_det, n, 1e-300)
    return matrices, root, log_det


@pytest.mark.parametrize("n", SIZES)
def test_factors_and_determinants(n):
    matrices, root, log_det = drawn(n)
    for t, matrix in enumerate(matrices):
        lower = np.tril(root[:n, :n, t])
        lower[np.diag_indices(n)] = 1 / np.diagonal(lower)
        np.testing.assert_allclose(lower, scipy.linalg.cholesky(matrix, lower=True), rtol=1e-10, atol=1e-12)
        assert log_det[t] == pytest.approx(np.linalg.slogdet(matrix)[1], rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("rows", [1, 3, 4, 9])
@pytest.mark.parametrize("n", SIZES)
def test_substitution(n, rows):
    matrices, root, _ = drawn(n)
    x = np.random.default_rng(rows).standard_normal((rows, n + 1, LANES))
    before = x.copy()
    substitute(root, x, rows, n)
    for t, matrix in enumerate(matrices):
        lower = scipy.linalg.cholesky(matrix, lower=True)
        expected = scipy.linalg.solve_triangular(lower, before[:, :n, t].T, lower=True).T
        np.testing.assert_allclose(x[:, :n, t], expected, rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(x[:, n:], before[:, n:])


@pytest.mark.parametrize("n", SIZES)
def test_inverses(n):
    matrices, root, _ = drawn(n)
    inverse, product, diagonal = (np.zeros((n + 2, n + 2, LANES)) for _ in range(3))
    invert(root, inverse, n)
    square(inverse, product, n, True)
    square(inverse, diagonal, n, False)
    y, solved = np.random.default_rng(9).standard_normal((1, n, LANES)), np.zeros((1, n, LANES))
    x = y.copy()
    substitute(root, x, 1, n)
    apply(inverse, x, solved, n)
    for t, matrix in enumerate(matrices):
        expected = np.linalg.inv(matrix)
        np.testing.assert_allclose(np.tril(product[:n, :n, t]), np.tril(expected), rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(np.diagonal(diagonal[:n, :n, t]), np.diagonal(expected), rtol=1e-8)
        np.testing.assert_allclose(solved[0, :, t], expected @ y[0, :, t], rtol=1e-7, atol=1e-9)


def test_pivots_are_held():
    """Where rounding, or what is not a number, would end the factor, it goes on with the least pivot."""
    root, log_det = np.zeros((2, 2, LANES)), np.zeros(LANES)
    root[0, 0], root[1, 0], root[1, 1] = 4.0, 4.0, 4.0 - 1e-9
    root[0, 0, 3] = np.nan
    cholesky(root, log_det, 2, 1.0)
    assert np.all(np.isfinite(root[1, 1, [0, 1, 2, 4]]))
    np.testing.assert_allclose(root[1, 1, 0], 1.0)
    np.testing.assert_allclose(log_det[0], np.log(4))
    assert np.isfinite(root[0, 0, 3])
