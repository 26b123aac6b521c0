"""Non-negative orthogonal matching pursuit against a plain loop over SciPy's solver."""

import numpy as np
import pytest
import scipy.optimize

from laconic.nnls import nn_omp, nnls


def naive(A, y, n_nonzero):
    unit, support, x = A / np.linalg.norm(A, axis=0), [], np.zeros(A.shape[1])
    for _ in range(n_nonzero):
        pull = unit.T @ (y - A @ x)
        pull[support] = -np.inf
        if pull.max() <= 1e-12:
            break
        support.append(int(np.argmax(pull)))
        x = np.zeros(A.shape[1])
        x[support] = scipy.optimize.nnls(A[:, support], y)[0]
    return x


@pytest.mark.parametrize("seed", range(5))
def test_as_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    A, Y = rng.standard_normal((30, 50)) * rng.exponential(size=50), rng.standard_normal((30, 4))
    expected = np.stack([naive(A, y, 3) for y in Y.T], axis=1)
    np.testing.assert_allclose(nn_omp(A, Y, n_nonzero=3).x, expected, atol=1e-10)


def test_recovery_and_its_limits():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((100, 400))
    x = np.zeros((400, 3))
    x[rng.choice(400, 8, replace=False)] = 1 + rng.random((8, 3))
    by_count, by_size = nn_omp(A, A @ x, n_nonzero=8), nn_omp(A, A @ x, tol=1e-9)
    np.testing.assert_allclose(by_count.x, x, atol=1e-9)
    np.testing.assert_allclose(by_size.x, x, atol=1e-9)
    assert by_size.gap.max() < 1e-9
    loose = nn_omp(A, A @ x, tol=0.5)
    assert np.all(np.count_nonzero(loose.x, axis=0) < 8)
    assert np.all(np.sqrt(loose.objective) <= 0.5 * np.linalg.norm(A @ x, axis=0))


def test_missing_entries_are_rows_less():
    rng = np.random.default_rng(1)
    A, Y = rng.standard_normal((40, 20)), rng.standard_normal((40, 3))
    Y[rng.random(Y.shape) < 0.3] = np.nan
    found = nn_omp(A, Y, n_nonzero=4)
    for i, y in enumerate(Y.T):
        there = ~np.isnan(y)
        alone = nn_omp(A[there], y[there], n_nonzero=4)
        np.testing.assert_allclose(found.x[:, i], alone.x, atol=1e-10)
        np.testing.assert_allclose(found.gap[i], alone.gap, atol=1e-10)


def test_with_all_columns_it_is_nnls():
    rng = np.random.default_rng(2)
    A, y = np.abs(rng.standard_normal((30, 6))), np.abs(rng.standard_normal(30))
    np.testing.assert_allclose(nn_omp(A, y, n_nonzero=6).x, nnls(A, y).x, atol=1e-10)
    assert np.all(nn_omp(A, -y).x == 0)
    assert np.all(nn_omp(A, 0 * y).x == 0)
    assert nn_omp(A.astype(np.float32), y).x.dtype == np.float32
