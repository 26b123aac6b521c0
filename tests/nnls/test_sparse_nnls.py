"""Sparse non-negative least squares: objectives by definition, monotone, both solvers, units, recovery."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import scipy.sparse
from scipy.optimize import minimize_scalar

from laconic.nnls import multiplicative, nnls, sparse_nnls
from laconic.nnls.descent import KNOWN
from laconic.nnls.penalised import lowest
from laconic.priors import Flat, GeneralisedDoublePareto, Laplacian, PowerExponential, StudentT
from laconic.structured import KroneckerMatrix
from laconic.structured.dictionary import Dictionary

PRIORS = [
    Flat(),
    Laplacian(2.0),
    StudentT(1e-2),
    StudentT(1e-4, 0.3),
    GeneralisedDoublePareto(1e-2),
    PowerExponential(0.5),
    PowerExponential(1.0, 0.5),
    PowerExponential(1.5),
    PowerExponential(2.0),
]
SOLVERS = ("active_set", "coordinate", "multiplicative")


@dataclass(frozen=True)
class Custom(StudentT):
    """A prior that coordinate descent does not know, and majorises."""

    name: ClassVar[str] = "custom"


def draw(seed, n=20, m=30, k=3, positive=False, active=4):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, m))
    A = np.abs(A) if positive else A
    x = np.where(rng.random((m, k)).argsort(axis=0) < active, np.abs(rng.standard_normal((m, k))), 0.0)
    Y = A @ x + 0.05 * rng.standard_normal((n, k))
    return A, np.abs(Y) if positive else Y


def objective(A, Y, found, strength):
    there = ~np.isnan(Y)
    fit = np.sum(np.where(there, A @ found.x - np.where(there, Y, 0), 0) ** 2, axis=0)
    return fit + strength * np.sum(found.prior.penalty(found.x / found.unit), axis=0)


def rises(trace):
    """Whether an objective goes up anywhere; NaN follows where a signal has left."""
    return np.any(np.diff(trace, axis=0) > 1e-9 * np.abs(trace[:-1]) + 1e-12)


@pytest.mark.parametrize("prior", PRIORS, ids=repr)
def test_one_coordinate_is_at_its_lowest(prior):
    rng = np.random.default_rng(0)
    kind, factor, offset, exponent = KNOWN[type(prior)](prior)
    for _ in range(200):
        d, c, s = rng.exponential(), rng.standard_normal() * 2, rng.exponential() ** 2

        def value(h, d=d, c=c, s=s):
            return d / 2 * h**2 - c * h + s * prior.penalty(np.asarray(h, dtype=float))

        found = lowest(d, c, s * factor, kind, offset, exponent)
        top = max(c, 0) / d
        grid = np.concatenate([[0.0], np.geomspace(1e-9, 1, 300) * top])
        best = grid[np.argmin(value(grid))]
        around = minimize_scalar(
            value, bounds=(best * 0.9, best * 1.1 + 1e-12), method="bounded", options={"xatol": 1e-12}
        )
        assert found >= 0
        assert value(found) <= min(around.fun, value(grid).min()) + 1e-12 * (1 + abs(around.fun))


@pytest.mark.parametrize("prior", [*PRIORS, Custom(1e-2)], ids=repr)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("positive", [True, False])
def test_the_objective_never_rises_and_is_what_it_is_said_to_be(prior, solver, positive):
    A, Y = draw(0, positive=positive)
    Y[3, 1] = np.nan
    found = sparse_nnls(A, Y, prior=prior, noise=0.01, solver=solver, anneal=False, scale=1.0, max_iter=100, tol=0)
    assert np.all(found.x >= 0)
    assert not rises(found.trace)
    np.testing.assert_allclose(np.fmin.reduce(found.trace), found.objective, rtol=1e-8, atol=1e-25)
    np.testing.assert_allclose(found.objective, objective(A, Y, found, 0.02), rtol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_objective_never_rises_over_a_thousand_random_problems(solver):
    rng = np.random.default_rng(0)
    for seed in range(40):
        n, m = rng.integers(2, 15, 2)
        A, Y = draw(seed, n, m, 25, positive=bool(seed % 2), active=3)
        prior = PRIORS[seed % len(PRIORS)]
        found = sparse_nnls(A, Y, prior=prior, noise=rng.exponential(), solver=solver, anneal=False, max_iter=40, tol=0)
        assert not rises(found.trace), (seed, prior)


@pytest.mark.parametrize("prior", [Flat(), Laplacian(1.0), PowerExponential(1.0), PowerExponential(2.0)], ids=repr)
@pytest.mark.parametrize("positive", [True, False])
def test_both_solvers_find_the_one_minimum_of_a_convex_objective(prior, positive):
    A, Y = draw(1, n=40, positive=positive)
    options = {"prior": prior, "noise": 0.02, "scale": 1.0}
    fast = sparse_nnls(A, Y, tol=1e-12, **options)
    slow = sparse_nnls(A, Y, tol=1e-8, solver="multiplicative", max_iter=5_000, **options)
    assert fast.gap.max() < 1e-8
    assert np.all(fast.objective <= slow.objective + 1e-12)
    np.testing.assert_allclose(fast.objective, slow.objective, rtol=1e-2)  # slow tail of the multiplicative rule
    if isinstance(prior, Flat):
        np.testing.assert_allclose(fast.x, nnls(A, Y).x, atol=1e-7)
    elif prior.z == 2:
        np.testing.assert_allclose(fast.x, nnls(A, Y, ridge=0.04).x, atol=1e-7)


def test_the_multiplicative_answer_is_stationary_for_the_fast_solver_too():
    A, Y = draw(2)
    options = {"noise": 0.01, "scale": 1.0, "prior": StudentT(1e-1), "anneal": False}
    slow = sparse_nnls(A, Y, solver="multiplicative", max_iter=5_000, tol=1e-8, **options)
    fast = sparse_nnls(A, Y, x0=slow.x, tol=1e-10, **options)
    assert slow.gap.max() < 1e-2
    assert np.all(fast.objective <= slow.objective + 1e-12)
    assert fast.gap.max() < 1e-6


@pytest.mark.parametrize("prior", ["student_t", "gdp", "laplacian", "power_exponential"])
@pytest.mark.parametrize("noise", [{"snr": 20.0}, {}], ids=["snr", "found"])
def test_the_answer_follows_units_of_signals_and_columns(prior, noise):
    A, Y = draw(3, n=40)
    plain = sparse_nnls(A, Y, prior=prior, **noise)
    factors = np.geomspace(1e-6, 1e6, A.shape[1])
    np.testing.assert_allclose(sparse_nnls(A, 1e5 * Y, prior=prior, **noise).x, 1e5 * plain.x, rtol=1e-4, atol=1e-2)
    rescaled = sparse_nnls(A * factors, Y, prior=prior, **noise).x * factors[:, None]
    np.testing.assert_allclose(rescaled, plain.x, rtol=1e-4, atol=1e-6)


def trials(K, n_trials, seed=0, n=100, m=400):
    rng = np.random.default_rng(seed)
    for _ in range(n_trials):
        A = rng.standard_normal((n, m))
        A /= np.linalg.norm(A, axis=0)
        x = np.zeros(m)
        x[rng.choice(m, K, replace=False)] = np.abs(rng.standard_normal(K))
        noise = np.sum((A @ x) ** 2) / n / 100
        yield A, x, A @ x + np.sqrt(noise) * rng.standard_normal(n), noise


def errors(solve, K, n_trials):
    return [np.sum((solve(A, y, noise).x - x) ** 2) / np.sum(x**2) for A, x, y, noise in trials(K, n_trials)]


@pytest.mark.parametrize(("K", "limit"), [(10, 3e-3), (30, 1.6e-2)])
def test_recovery_under_noise(K, limit):
    assert np.mean(errors(lambda A, y, noise: sparse_nnls(A, y, noise=noise), K, 12)) < limit


def test_noise_that_is_found_is_near_the_true_one():
    for A, x, y, noise in trials(10, 3):
        found = sparse_nnls(A, y)
        assert 0.4 < found.noise / noise < 2.5
        assert np.sum((found.x - x) ** 2) < 1e-2 * np.sum(x**2)
    A, Y = draw(4, n=200, m=20, k=4)
    np.testing.assert_allclose(sparse_nnls(A, Y).noise, 0.05**2, rtol=0.4)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_missing_entry_is_a_row_less(solver):
    A, Y = draw(5, n=30, positive=True)
    Y[::4] = np.nan
    there = ~np.isnan(Y[:, 0])
    options = {"noise": 0.01, "scale": 1.0, "prior": "laplacian", "solver": solver, "tol": 1e-9, "max_iter": 3000}
    found, rows = sparse_nnls(A, Y, **options), sparse_nnls(A[there], Y[there], **options)
    np.testing.assert_allclose(found.objective, rows.objective, rtol=1e-5)
    np.testing.assert_allclose(found.x, rows.x, atol=2e-3)


def test_float32_and_torch():
    torch = pytest.importorskip("torch")
    A, Y = draw(6)
    for solver in SOLVERS:
        options = {"noise": 0.01, "solver": solver, "prior": "laplacian", "max_iter": 500}
        plain = sparse_nnls(A, Y, **options)
        small = sparse_nnls(A.astype(np.float32), Y.astype(np.float32), **options)
        assert small.x.dtype == np.float32
        moved = sparse_nnls(torch.tensor(A), torch.tensor(Y), **options)
        assert isinstance(moved.x, torch.Tensor)
        assert ("CPU" in moved.message) == (solver != "multiplicative")
        np.testing.assert_allclose(moved.x.numpy(), plain.x, atol=1e-8)
        np.testing.assert_allclose(small.x, plain.x, atol=1e-2)


@pytest.mark.parametrize("positive", [True, False])
def test_by_products_alone(positive, monkeypatch):
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((5, 6)), rng.standard_normal((4, 5))
    left, right = (np.abs(left), np.abs(right)) if positive else (left, right)
    kronecker, A = KroneckerMatrix(left, right), np.kron(left, right)
    Y = A @ np.where(rng.random((30, 3)) < 0.1, 1.0, 0.0) + (0.01 if positive else 0.1 * rng.standard_normal((20, 3)))
    options = {"noise": 0.01, "solver": "multiplicative", "max_iter": 500, "prior": "laplacian", "scale": 1.0}
    plain = sparse_nnls(A, Y, **options)
    for form in (kronecker, kronecker.as_linear_operator(), scipy.sparse.csr_array(A)):
        found = sparse_nnls(form, Y, **options)
        np.testing.assert_allclose(found.objective, plain.objective, rtol=1e-3)
        assert not rises(found.trace)
    monkeypatch.setattr(multiplicative, "GRAM_LIMIT", 0)  # as for dictionaries that are too large for it
    found = sparse_nnls(kronecker, Y, **options)
    np.testing.assert_allclose(found.objective, plain.objective, rtol=1e-3 if positive else 0.5)
    assert not rises(found.trace)
    fast = sparse_nnls(kronecker, Y, **{**options, "solver": "coordinate"})
    assert np.all(fast.objective <= plain.objective + 1e-9)


def test_nothing_to_explain():
    for solver in SOLVERS:
        found = sparse_nnls(np.eye(4), np.zeros((4, 2)), noise=0.1, solver=solver)
        assert np.all(found.x < 1e-12)
        assert np.all(np.isfinite(found.gap))
    assert np.all(sparse_nnls(np.zeros((4, 3)), np.ones(4), noise=0.1).x == 0)
    assert np.all(sparse_nnls(np.eye(4), np.zeros(4)).x == 0)


def bumps(n=80, m=60, k=12, noise=1e-3, seed=0):
    """Spectra of broad overlapping bands: condition 1e7 and more, three of them in each signal."""
    rng = np.random.default_rng(seed)
    position = np.linspace(0, 1, n)[:, None]
    A = 0.2 + np.exp(-(((position - rng.random(m)) / rng.uniform(0.05, 0.3, m)) ** 2))
    x = np.where(rng.random((m, k)).argsort(axis=0) < 3, rng.uniform(0.2, 1, (m, k)), 0.0)
    return A, A @ x + noise * rng.standard_normal((n, k)), noise**2


@pytest.mark.parametrize("prior", ["gdp", "student_t", "laplacian", "power_exponential"])
def test_columns_that_resemble_each_other_are_no_trouble(prior):
    A, Y, noise = bumps()
    plain, found = nnls(A, Y), sparse_nnls(A, Y, prior=prior, noise=noise)
    swept = sparse_nnls(A, Y, prior=prior, noise=noise, solver="coordinate", max_iter=300)
    assert found.converged
    assert found.gap.max() < 1e-4
    assert np.mean(np.linalg.norm(A @ found.x - Y, axis=0) / np.sqrt(plain.objective)) < 1.06
    assert np.all(found.support.sum(axis=0) <= np.count_nonzero(plain.x, axis=0) + 1)
    assert not swept.converged
    assert swept.status == "max_iter"
    assert np.all(found.objective < swept.objective)
    assert not rises(found.trace[-1:])


def test_no_noise_still_has_a_prior():
    recovered = []
    for A, x, _, _ in trials(40, 4):
        for dtype, limit in ((np.float64, 1e-6), (np.float32, 1e-2)):
            found = sparse_nnls(A.astype(dtype), (A @ x).astype(dtype), noise=0)
            assert found.noise > 0
            recovered.append(np.sum((found.x - x) ** 2) < limit * np.sum(x**2))
    assert np.all(recovered)


def test_recovery_under_little_noise():
    def solve(A, y, noise):
        return sparse_nnls(A, y + np.sqrt(1e-3 * np.mean(y**2)) * np.sin(np.arange(len(y)) ** 2), snr=30.0)

    assert np.mean([np.sum((solve(A, A @ x, 0).x - x) ** 2) / np.sum(x**2) for A, x, *_ in trials(30, 4)]) < 1e-3


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_support_is_what_the_prior_takes_for_more_than_nothing(solver):
    for A, x, y, noise in trials(5, 3, n=60, m=80):
        found = sparse_nnls(A, y, noise=noise, solver=solver)
        width = np.sqrt(found.prior.tau) * found.prior.scale * found.unit
        lengths = np.linalg.norm(A, axis=0)
        assert np.array_equal(found.support, found.x * lengths > width)
        assert np.all(found.support[x > 0.5])
        assert np.count_nonzero(found.support) < 9
        sparse = sparse_nnls(A, y, noise=noise, solver=solver, prior="gdp")
        if solver != "multiplicative":
            assert np.array_equal(sparse.support, sparse.x > 0)
        many = sparse_nnls(A, np.stack([y, 2 * y], axis=1), noise=[noise, 4 * noise], solver=solver)
        assert many.support.shape == (80, 2)


def test_which_solver_is_chosen(monkeypatch):
    A, Y = draw(0, n=100)
    options = {"prior": "gdp", "max_iter": 60}
    assert "active_set" in sparse_nnls(A, Y, noise=0.1, **options).message
    monkeypatch.setattr("laconic.nnls.sparse.FEW", 29)
    assert "coordinate" in sparse_nnls(A, Y, noise=0.1, **options).message
    assert "active_set" in sparse_nnls(A, Y, noise=1e-6, **options).message
    assert "active_set" in sparse_nnls(np.abs(A), Y, noise=0.1, **options).message  # columns alike
    monkeypatch.setattr(Dictionary, "fits", lambda self, limit=0.0: False)
    assert "multiplicative" in sparse_nnls(A, Y, noise=0.1, scale=1.0, **options).message
