"""The rectified Gaussian's moments, mass, quantiles and intervals against their definitions in 60 digits."""

import array_api_strict
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laconic.core.checks import ParameterError
from laconic.sbl.moments import log_mass, rectified_moments, rectified_variance
from laconic.sbl.quantiles import rectified_interval, rectified_quantile

try:
    import torch
except ImportError:
    torch = None

RATIOS = np.concatenate(
    [-np.logspace(-3, 3, 60), np.linspace(-30, 30, 121), [-5 - 1e-9, -5 + 1e-9, -2.5 - 1e-6, -2.5 + 1e-6]]
)
SCALES = (1e-150, 1e-3, 1.0, 7e5, 1e150)
KINDS = ("highest_density", "equal_tailed")
LIBRARIES = [np, array_api_strict] + ([torch] if torch else [])


def exact(mean, variance):
    """First and second moment, variance and log mass by the closed formulas, with digits to spare."""
    with mp.workdps(60):
        mu, S = mp.mpf(float(mean)), mp.mpf(float(variance))
        s = mp.sqrt(S)
        with mp.workdps(60 + 4 * int(mp.log10(1 + abs(mu / s)))):
            mass = mp.erfc(-mu / s / mp.sqrt(2)) / 2
            first = mu + s * mp.exp(-((mu / s) ** 2) / 2) / mp.sqrt(2 * mp.pi) / mass
            second = S + mu * first
            return first, second, second - first**2, mp.log(mass)


def integrated(mean, variance):
    """The same by numerical integration of the definition, which shares nothing with the formulas."""
    with mp.workdps(30):
        mu, s = mp.mpf(mean), mp.sqrt(mp.mpf(variance))
        reach = max(mu, 0) + 12 * s
        points = [0, max(mu, s / 100), reach]

        def moment(power):
            return mp.quad(lambda x: x**power * mp.npdf(x, mu, s), points)

        mass = moment(0)
        return moment(1) / mass, moment(2) / mass, mp.log(mass)


def relative_error(got, wanted):
    return max(abs(float(mp.mpf(float(g)) / w - 1)) for g, w in zip(got, wanted, strict=True))


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-5)])
def test_moments_are_exact_from_far_below_zero_to_far_above(dtype, tolerance):
    mean, variance = RATIOS.astype(dtype), np.ones(RATIOS.size, dtype)
    wanted = [exact(m, 1) for m in mean]
    results = (*rectified_moments(mean, variance), rectified_variance(mean, variance))
    for result, values in zip(results, zip(*wanted, strict=True), strict=False):
        assert result.dtype == dtype
        assert relative_error(result, values) <= tolerance


def test_log_mass_is_exact():
    mean = RATIOS[RATIOS < 5]
    wanted = [exact(m, 1)[3] for m in mean]
    assert relative_error(log_mass(mean, np.ones_like(mean)), wanted) <= 1e-12
    assert log_mass(np.asarray(40.0), np.asarray(1.0)) == 0


@pytest.mark.parametrize("mean", [-3.0, -0.4, 0.0, 2.0])
def test_formulas_are_the_integrals(mean):
    first, second, log_of_mass = integrated(mean, 0.7)
    got = (*rectified_moments(mean, 0.7), log_mass(mean, 0.7))
    assert relative_error(got, (first, second, log_of_mass)) <= 1e-12


@pytest.mark.parametrize("scale", SCALES)
def test_scales_from_tiny_to_huge(scale):
    ratios = np.array([-100.0, -6, -1, 0, 0.5])
    mean, variance = ratios * scale, np.full(5, scale) ** 2
    unit = (*rectified_moments(ratios, np.ones(5)), rectified_variance(ratios, np.ones(5)))
    got = (*rectified_moments(mean, variance), rectified_variance(mean, variance))
    for value, one, power in zip(got, unit, (1, 2, 2), strict=True):
        np.testing.assert_allclose(value, one * scale**power, rtol=1e-9)


@given(st.floats(-1e150, 1e150), st.floats(0, 1e300))
def test_finite_ordered_and_consistent_for_every_input(mean, variance):
    first, second = rectified_moments(mean, variance)
    spread = rectified_variance(mean, variance)
    assert np.all(np.isfinite([first, second, spread]))
    assert first >= max(mean, 0) * (1 - 1e-12)
    assert 0 <= spread <= variance
    np.testing.assert_allclose(second, spread + first**2, rtol=1e-9, atol=1e-300)


def test_no_variance_is_a_point():
    mean = np.array([-2.0, -1e-200, 0, 1e-200, 3])
    first, second = rectified_moments(mean, np.zeros(5))
    np.testing.assert_array_equal(first, np.maximum(mean, 0))
    np.testing.assert_array_equal(second, np.maximum(mean, 0) ** 2)
    np.testing.assert_array_equal(rectified_variance(mean, np.zeros(5)), 0)
    np.testing.assert_array_equal(rectified_quantile(mean, np.zeros(5), 0.3), np.maximum(mean, 0))


@pytest.mark.parametrize("function", [rectified_moments, rectified_variance, log_mass, rectified_interval])
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda x: x.__name__)
def test_every_array_library_gives_the_same_numbers_in_its_own_type(function, library):
    mean, variance = np.linspace(-9, 9, 12).reshape(4, 3), np.array([[0.1, 1, 5]])
    got = in_a_tuple(function(library.asarray(mean), library.asarray(variance)))
    for mine, theirs in zip(in_a_tuple(function(mean, variance)), got, strict=True):
        np.testing.assert_allclose(np.asarray(theirs), mine, rtol=1e-12)
    small = function(library.asarray(mean, dtype=library.float32), library.asarray(variance, dtype=library.float32))
    assert all(x.dtype == library.float32 for x in in_a_tuple(small))


def in_a_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def test_gradients_pass_through_the_moments():
    pytest.importorskip("torch")
    mean = torch.linspace(-30, 30, 25, dtype=torch.float64, requires_grad=True)
    variance = torch.ones(25, dtype=torch.float64)
    rectified_moments(mean, variance)[0].sum().backward()
    np.testing.assert_allclose(mean.grad, rectified_variance(mean.detach(), variance), rtol=1e-8)  # d<x>/dmu = var / S


@pytest.mark.parametrize("level", [1e-3, 0.05, 0.5, 0.95, 1 - 1e-9])
def test_quantiles_invert_the_distribution(level):
    mean = np.array([-1e5, -1e3, -30, -4.01, -3.99, -1, 0, 2, 8])
    for m, x in zip(mean, rectified_quantile(mean, 1.0, level), strict=True):
        with mp.workdps(60):
            rest = mp.erfc((mp.mpf(x) - m) / mp.sqrt(2)) / mp.erfc(-mp.mpf(m) / mp.sqrt(2))
            density = mp.exp(-((mp.mpf(x) - m) ** 2) / 2 + mp.mpf(m) ** 2 / 2)
            density *= mp.sqrt(2 / mp.pi) / (mp.erfc(-mp.mpf(m) / mp.sqrt(2)) * mp.exp(mp.mpf(m) ** 2 / 2))
            error = (1 - rest - mp.mpf(level)) / density / x
        assert abs(float(error)) <= 1e-11


def test_ends_of_the_quantile():
    mean = np.array([-30.0, -1, 1])
    np.testing.assert_array_equal(rectified_quantile(mean, 1.0, 0), 0)
    assert np.all(np.isinf(rectified_quantile(mean, 1.0, 1)))


def held(low, high, mean):
    with mp.workdps(40):
        low, high, mean = mp.mpf(low), mp.mpf(high), mp.mpf(mean)
        return float((mp.ncdf(high - mean) - mp.ncdf(low - mean)) / mp.ncdf(mean))


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_what_they_promise(kind):
    mean = np.array([-6.0, -1, 0, 0.5, 1.3, 2, 9])
    for m, low, high in zip(mean, *rectified_interval(mean, 1.0, 0.9, kind), strict=True):
        assert 0 <= low < high
        np.testing.assert_allclose(held(low, high, m), 0.9, rtol=1e-9)


def test_highest_density_is_the_shorter_interval():
    mean = np.linspace(-6, 9, 31)
    shortest, central = (np.subtract(*rectified_interval(mean, 1.0, 0.8, kind)[::-1]) for kind in KINDS)
    assert np.all(shortest <= central * (1 + 1e-12))


@pytest.mark.parametrize(("level", "kind"), [(1.2, "equal_tailed"), (0.9, "central")])
def test_bad_levels_and_kinds_are_named(level, kind):
    with pytest.raises(ParameterError, match="rectified_interval"):
        rectified_interval(0.0, 1.0, level, kind)
