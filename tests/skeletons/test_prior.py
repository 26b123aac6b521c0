"""The prior skeleton keeps the promises that CONTRIBUTING.md asks of a new prior."""

import array_api_strict
import numpy as np
import pytest
from scipy import integrate, optimize

from laconic.core.checks import ParameterError
from laconic.nnls import sparse_nnls
from laconic.priors import PRIORS, PROMISES, as_prior
from laconic.sbl import rectified_sbl
from skeletons.prior import SmoothLaplacian

PRIOR = SmoothLaplacian(1.7)
X = np.array([1e-3, 0.1, 0.9, 4.0, 30.0])


def test_its_scales_integrated_out_give_its_density():
    def joint(gamma, x):
        return np.exp(-(x**2) / (2 * gamma) + PRIOR.log_hyperprior(np.array(gamma))) / np.sqrt(gamma)

    def density(x):
        return integrate.quad(joint, 0, np.inf, args=(x,), epsabs=0, limit=200)[0]

    ratios = np.log([density(x) for x in X[:-1]]) + PRIOR.penalty(X[:-1])
    assert ratios == pytest.approx(ratios[0], abs=1e-6)


def test_weight_is_the_slope_of_the_penalty():
    slope = (PRIOR.penalty(X + 1e-6 * X) - PRIOR.penalty(X - 1e-6 * X)) / (2e-6 * X)
    assert PRIOR.weight(X) == pytest.approx(slope / (PRIOR.z * X ** (PRIOR.z - 1)), rel=1e-5)
    assert np.isfinite(PRIOR.weight(np.zeros(1)))


@pytest.mark.parametrize("second", [0.0, 1e-6, 0.03, 250.0])
def test_m_step_is_the_maximum(second):
    def loss(log_gamma):
        gamma = np.exp(log_gamma)
        return float(log_gamma / 2 + second / (2 * gamma) - PRIOR.log_hyperprior(gamma))

    best = optimize.minimize_scalar(loss, bracket=(-3, 3))
    found = float(np.log(PRIOR.m_step(np.array([second]), np.ones(1))[0]))
    assert loss(found) <= best.fun + 1e-9


def test_rescaled_is_the_prior_in_other_units():
    assert PRIOR.rescaled(3.0).penalty(3 * X) == pytest.approx(PRIOR.penalty(X))


def test_float32_and_every_library():
    x = array_api_strict.asarray(X, dtype=array_api_strict.float32)
    for method in (PRIOR.penalty, PRIOR.weight, PRIOR.log_hyperprior, lambda g: PRIOR.m_step(g, g)):
        assert method(x).dtype == array_api_strict.float32
        assert np.asarray(method(x)) == pytest.approx(method(X), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), True, "1"])
def test_bad_hyperparameters_are_named(bad):
    with pytest.raises(ParameterError, match=r"SmoothLaplacian: rate must be a number in \(0, inf\)"):
        SmoothLaplacian(bad)


def test_its_line_makes_it_known_by_name(monkeypatch):
    monkeypatch.setitem(PRIORS, SmoothLaplacian.name, SmoothLaplacian)
    for family in SmoothLaplacian.families:
        monkeypatch.setitem(PROMISES, family, (*PROMISES[family], SmoothLaplacian.name))
        assert as_prior("somebody", "smooth_laplacian", family) == SmoothLaplacian()


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((20, 8))
    return A, A[:, 2] + 0.1 * rng.standard_normal(20)


@pytest.mark.parametrize("solver", ["coordinate", "multiplicative"])
def test_serves_type_one(problem, solver):
    result = sparse_nnls(*problem, prior=PRIOR, noise=0.01, scale=1.0, solver=solver, tol=1e-9, max_iter=20_000)
    assert result.gap < 1e-5


def test_serves_type_two(problem):
    result = rectified_sbl(*problem, prior=PRIOR, noise=0.01)
    assert result.converged
    assert result.x[2] == pytest.approx(1.0, abs=0.1)
