"""Each prior by its definition: the density by quadrature over scales, derivatives and maximisers by numbers."""

import array_api_strict
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from laconic.core.checks import ParameterError
from laconic.priors import (
    PRIORS,
    PROMISES,
    Flat,
    GeneralisedDoublePareto,
    Laplacian,
    PowerExponential,
    StudentT,
    as_prior,
)

INSTANCES = [
    Flat(),
    Laplacian(0.7),
    StudentT(0.3, 1.5),
    StudentT(1e-4),
    GeneralisedDoublePareto(0.2, 0.6),
    GeneralisedDoublePareto(1e-2),
    PowerExponential(0.5, 2.0),
    PowerExponential(2.0, 0.3),
]
LEARNED = [prior for prior in INSTANCES if "type II" in prior.families]
X = np.array([1e-3, 0.1, 0.9, 4.0, 30.0])

each = pytest.mark.parametrize("prior", INSTANCES, ids=repr)
each_learned = pytest.mark.parametrize("prior", LEARNED, ids=repr)


@each
def test_weight_is_the_slope_of_the_penalty(prior):
    step = 1e-6 * X
    slope = (prior.penalty(X + step) - prior.penalty(X - step)) / (2 * step)
    assert prior.weight(X) == pytest.approx(slope / (prior.z * X ** (prior.z - 1)), rel=1e-6, abs=1e-12)


@each
def test_penalty_rises_and_starts_at_its_least(prior):
    values = prior.penalty(np.concatenate([[0.0], X]))
    assert np.all(np.diff(values) >= 0)


def _mixed(prior, x):
    """Return p(x) by integrating the power exponential over g^-z = u ~ Gamma(tau/z, rate tau), in units of scale."""
    z, tau = prior.z, prior.tau
    gamma = stats.gamma(tau / z, scale=1 / tau)
    value, _ = integrate.quad(lambda u: u ** (1 / z) * np.exp(-u * (x / prior.scale) ** z) * gamma.pdf(u), 0, np.inf)
    return value


@pytest.mark.parametrize("prior", [StudentT(1.3, 1.5), GeneralisedDoublePareto(1.2, 0.6)], ids=repr)
def test_penalty_is_that_of_the_mixture(prior):
    ratios = np.log([_mixed(prior, x) for x in X[:-1]]) + prior.penalty(X[:-1])
    assert ratios == pytest.approx(ratios[0], abs=1e-6)


@pytest.mark.parametrize("prior", [StudentT(1.3, 1.5), GeneralisedDoublePareto(1.2, 0.6), Laplacian(0.7)], ids=repr)
def test_both_families_integrate_to_the_same_density(prior):
    """The prior of the scales, integrated over, gives the density that the penalty is minus the logarithm of."""

    gamma = np.geomspace(1e-14, 1e9, 4001)
    scales = np.exp(_log_scale_density(prior, gamma))

    def density(x):
        return _integral(np.exp(-(x**2) / (2 * gamma)) * scales / np.sqrt(gamma), gamma)

    ratios = np.log([density(x) for x in X[1:-1]]) + prior.penalty(X[1:-1])
    assert ratios == pytest.approx(ratios[0], abs=1e-3)


def _integral(values, places):
    return np.trapezoid(values * places, np.log(places), axis=-1)


def _log_scale_density(prior, gamma):
    if not isinstance(prior, GeneralisedDoublePareto):
        return prior.log_hyperprior(gamma)
    u, tau = np.geomspace(1e-9, 1e9, 4001), prior.tau
    return np.log(_integral(u ** (tau + 1) * np.exp(-(u**2) * gamma[:, None] / 2 - tau * prior.scale * u), u))


@each_learned
@pytest.mark.parametrize("second", [1e-6, 0.03, 1.0, 250.0])
def test_m_step_ends_at_the_maximum(prior, second):
    """Repeated, it ends where the expected log posterior of the scale has no slope."""
    gamma = np.array([second])
    for _ in range(3000):
        gamma = prior.m_step(np.array([second]), gamma)

    def loss(log_gamma):
        g = np.exp(log_gamma)
        return float(log_gamma / 2 + second / (2 * g) - prior.log_hyperprior(np.array([g]))[0])

    best = optimize.minimize_scalar(loss, bracket=(np.log(gamma[0]) - 0.1, np.log(gamma[0]) + 0.1))
    assert loss(np.log(gamma[0])) <= best.fun + 1e-9


@each_learned
@given(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3))
def test_m_step_never_lowers_the_posterior(prior, second, gamma):
    def loss(g):
        return float(np.log(g[0]) / 2 + second / (2 * g[0]) - prior.log_hyperprior(g)[0])

    before = np.array([gamma])
    after = prior.m_step(np.array([second]), before)
    assert loss(after) <= loss(before) + 1e-9 * (1 + abs(loss(before)))


@each
@given(st.floats(0.01, 100.0))
def test_rescaled_is_the_prior_in_other_units(prior, factor):
    before, after = prior.penalty(X), prior.rescaled(factor).penalty(factor * X)
    assert after - after[0] == pytest.approx(before - before[0], rel=1e-9, abs=1e-12)


@each
def test_annealing_ends_at_the_prior_itself(prior):
    assert prior.annealed(1.0).weight(X) == pytest.approx(prior.weight(X))
    with pytest.raises(ParameterError, match="progress"):
        prior.annealed(1.5)


@each
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_library_and_type(prior, dtype):
    xp = array_api_strict
    x = xp.asarray(X, dtype=getattr(xp, dtype))
    methods = [prior.penalty, prior.weight]
    if "type II" in prior.families:
        methods += [prior.log_hyperprior, lambda g: prior.m_step(g, g)]
    for method in methods:
        assert method(x).dtype == x.dtype
        assert np.asarray(method(x)) == pytest.approx(method(X), rel=1e-4)


def test_promises_are_kept():
    assert PROMISES["type I"] == tuple(PRIORS)
    for name in PROMISES["type II"]:
        assert as_prior("f", name, "type II").m_step(X, X).shape == X.shape
    for name in set(PRIORS) - set(PROMISES["type II"]):
        with pytest.raises(NotImplementedError):
            PRIORS[name]().m_step(X, X)


@pytest.mark.parametrize(
    ("value", "family", "words"),
    [
        ("lapacian", "type I", "one of 'flat', 'laplacian'"),
        ("power_exponential", "type II", "one of 'flat'"),
        (PowerExponential(), "type II", "made for type II learning"),
        (3, "type I", "or a Prior"),
    ],
)
def test_what_is_not_promised_is_refused(value, family, words):
    with pytest.raises(ParameterError, match=words):
        as_prior("somebody", value, family)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Laplacian(0),
        lambda: Laplacian(float("nan")),
        lambda: StudentT(-1),
        lambda: StudentT(1, 0),
        lambda: GeneralisedDoublePareto(float("inf")),
        lambda: PowerExponential(2.1),
        lambda: PowerExponential(1, -1),
        lambda: PowerExponential(True),
    ],
)
def test_hyperparameters_have_limits(make):
    with pytest.raises(ParameterError, match="must be a number in"):
        make()
