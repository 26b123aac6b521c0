"""The Gaussian posterior against its definition, in each of the ways it is computed."""

import array_api_strict
import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from laconic.sbl.posterior import gaussian_posterior
from laconic.sbl.records import Problem
from laconic.structured.dictionary import as_dictionary

RNG = np.random.default_rng(0)
N, M, K = 12, 30, 11
A = RNG.normal(size=(N, M))
Y = RNG.normal(size=(K, N))
NOISE = RNG.uniform(0.1, 1.0, K)
DENSE = RNG.uniform(0.1, 2.0, (K, M))
FEW = DENSE * (RNG.random((K, M)) < 0.15)
MIXED = np.where(np.arange(K)[:, None] % 2 == 0, DENSE, FEW)
COLUMNS = DENSE * (np.arange(M) < 15)
MASK = (RNG.random((K, N)) < 0.8).astype(float)
NONE = np.zeros((K, M))


def by_definition(y, gamma, noise, there):
    a, y = A[there], y[there]
    C = noise * np.eye(len(y)) + (a * gamma) @ a.T
    mean = gamma * (a.T @ np.linalg.solve(C, y))
    variance = gamma - gamma**2 * np.einsum("ni,ni->i", a, np.linalg.solve(C, a))
    return mean, variance, multivariate_normal(np.zeros(len(y)), C).logpdf(y)


CASES = {
    "data space, pairs": (DENSE, NOISE, None),
    "data space, few signals": (DENSE[:3], NOISE[:3], None),
    "code space": (FEW, NOISE, None),
    "both": (MIXED, NOISE, None),
    "some columns": (COLUMNS, NOISE, None),
    "shared": (DENSE[:1], NOISE[:1], None),
    "shared, some columns": (COLUMNS[:1], NOISE[:1], None),
    "missing": (DENSE, NOISE, MASK),
    "missing, few": (FEW, NOISE, MASK),
    "shared, missing": (DENSE[:1], NOISE[:1], MASK),
    "all pruned": (NONE, NOISE, None),
}


@pytest.mark.parametrize(("gamma", "noise", "mask"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("library", [np, torch, array_api_strict])
def test_by_definition(library, gamma, noise, mask):
    k = 3 if len(gamma) == 3 else K
    y = Y[:k] if mask is None else Y * mask
    there = np.ones((k, N), bool) if mask is None else mask > 0
    put = library.asarray
    problem = Problem(np.arange(k), put(y), None if mask is None else put(mask), as_dictionary("f", put(A)))
    found = gaussian_posterior(problem, put(gamma), put(noise))
    for i in range(k):
        at = i if len(gamma) > 1 else 0
        expected = by_definition(y[i], gamma[at], noise[at], there[i])
        for part, value in zip(("mean", "variance", "log_evidence"), expected, strict=True):
            assert np.asarray(getattr(found, part))[i] == pytest.approx(value, rel=1e-8, abs=1e-10), part


def test_almost_no_noise_keeps_its_digits():
    """Fewer coefficients than data and noise of 1e-12: the mean is the least squares solution."""
    gamma = np.zeros((K, M))
    gamma[:, :6] = 1.0
    x = RNG.uniform(0.5, 1.0, (K, 6))
    for scales in (gamma, gamma + 1e-13):
        problem = Problem(np.arange(K), x @ A[:, :6].T, None, as_dictionary("f", A))
        found = gaussian_posterior(problem, scales, np.full(K, 1e-12))
        assert found.mean[:, :6] == pytest.approx(x, rel=1e-6)
        assert np.all(found.variance >= 0)


def test_float32_stays():
    problem = Problem(np.arange(K), Y.astype("f"), None, as_dictionary("f", A.astype("f")))
    for gamma in (DENSE, FEW, MIXED):
        found = gaussian_posterior(problem, gamma.astype("f"), NOISE.astype("f"))
        assert found.mean.dtype == found.variance.dtype == found.log_evidence.dtype == np.float32
