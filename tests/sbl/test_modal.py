"""Several modalities: posteriors, sums, steps over scales and predictions against dense matrices by definition."""

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbl.modal_problems import COUPLINGS, PATTERNS, drawn, each_exact, exact, exact_step, exact_sums, joint
from threadpoolctl import threadpool_limits

from laconic.sbl.coupling import OneToOne, Separate
from laconic.sbl.modal import Readings, Sensor, Update, View, infer, predict, started, updated
from laconic.sbl.modal.posterior import ALONE, CHUNKS

try:
    import torch
except ImportError:  # the sparse half needs no torch, nor do its tests
    torch = None

LIBRARIES = {"numpy": np.asarray, "strict": array_api_strict.asarray}
if torch is not None:
    LIBRARIES["torch"] = torch.tensor
PUT = pytest.mark.parametrize("put", LIBRARIES.values(), ids=LIBRARIES)
COUPLED = pytest.mark.parametrize("name", COUPLINGS)
MISSING = pytest.mark.parametrize("pattern", PATTERNS)
PRUNED = {"none pruned": 0.0, "some pruned": 0.3, "most pruned": 0.8}
FIELDS = ("mean", "variance", "ratio", "evidence")
SAME = {"rtol": 1e-8, "atol": 1e-10}


def problem(name, pattern="none", **options):
    coupling, n_atoms = COUPLINGS[name]
    return drawn(coupling, n_atoms, pattern=pattern, **options)


def found(one, put, sums=True):
    """The library's posteriors of each modality, and its sums."""
    pairs = enumerate(one.views(put))
    return [view.posterior(one.links.variances(j, put(one.gamma)), sums=sums) for j, view in pairs]


def assert_exact(posterior, one, j, **tolerance):
    """Mean, variance, ratio and likelihood of every sample are those of the formulas."""
    for i, expected in enumerate(each_exact(one, j)[0]):
        g = one.variances(j)[i]
        second = np.diagonal(expected.second)
        ratio = np.where(g > 0, second / np.where(g > 0, g, 1), 1.0)
        values = expected.mean, np.diagonal(expected.covariance), ratio, expected.evidence
        for field, value in zip(FIELDS, values, strict=True):
            np.testing.assert_allclose(
                np.asarray(getattr(posterior, field))[i], value, **tolerance, err_msg=f"{field} {i}"
            )


# The posterior ------------------------------------------------------------------------------------------------------


@PUT
@COUPLED
@MISSING
def test_posterior_and_sums_by_definition(put, name, pattern):
    for pruned in PRUNED.values():
        assert_posterior_and_sums(problem(name, pattern, pruned=pruned, n=9), put)


def assert_posterior_and_sums(one, put):
    for j, (posterior, (second, cross)) in enumerate(found(one, put)):
        assert_exact(posterior, one, j, **SAME)
        expected = exact_sums(one, j)
        np.testing.assert_allclose(np.asarray(second), expected[0], rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(np.asarray(cross), expected[1], rtol=1e-8, atol=1e-8)
    view = one.views(put)[0]
    (plain, nothing), (posterior, _) = (view.posterior(put(one.variances(0)), sums) for sums in (False, True))
    assert nothing is None
    for field in FIELDS:
        np.testing.assert_array_equal(np.asarray(getattr(plain, field)), np.asarray(getattr(posterior, field)))


@given(
    n=st.integers(1, 40),
    widths=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    n_atoms=st.tuples(st.integers(1, 24), st.integers(1, 24)),
    pattern=st.sampled_from(PATTERNS),
    pruned=st.floats(0, 1),
    seed=st.integers(0, 2**20),
)
@settings(max_examples=60)
def test_posterior_and_sums_of_any_sizes(n, widths, n_atoms, pattern, pruned, seed):
    one = drawn(Separate(), n_atoms, widths, n, pattern, pruned, seed)
    for j, (posterior, (second, cross)) in enumerate(found(one, np.asarray)):
        assert_exact(posterior, one, j, **SAME)
        for value, expected in zip((second, cross), exact_sums(one, j), strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-8, atol=1e-8)


@COUPLED
@MISSING
def test_modalities_are_one_model_with_block_diagonal_matrices(name, pattern):
    one = problem(name, pattern)
    parts = [posterior for posterior, _ in found(one, np.asarray)]
    for i in range(len(one.gamma)):
        expected = joint(one, i)
        np.testing.assert_allclose(np.concatenate([p.mean[i] for p in parts]), expected.mean, **SAME)
        variance = np.concatenate([p.variance[i] for p in parts])
        np.testing.assert_allclose(variance, np.diagonal(expected.covariance), **SAME)
        assert sum(p.evidence[i] for p in parts) == pytest.approx(expected.evidence, rel=1e-8)


@PUT
@pytest.mark.parametrize("pruned", PRUNED.values(), ids=PRUNED)
@pytest.mark.parametrize("pattern", ["none", "everything"])
def test_labels_are_more_columns_of_the_same_model(put, pruned, pattern):
    """y = D'x + v and h = W'x + e with e ~ N(0, b²) is the model of [y, (s/b) h] with [D, (s/b) W] and noise s²."""
    one, b = problem("one-to-one", pattern, pruned=pruned), 0.7
    rng = np.random.default_rng(5)
    n, (m, width) = len(one.gamma), one.atoms[1].shape
    labels, heads, share = rng.normal(size=(n, 3)), rng.normal(size=(m, 3)), float(np.sqrt(one.noises[1])) / b
    seen = np.ones((n, width), bool) if one.seen[1] is None else one.seen[1]
    there = np.hstack([seen, np.repeat(rng.random((n, 1)) < 0.7, 3, axis=1)])
    stacked = np.where(there, np.hstack([one.y[1], share * labels]), 0)
    sensor = Sensor(put(np.hstack([one.atoms[1], share * heads])), one.noises[1])
    view = View.of(sensor, Readings(put(stacked), put(there)))
    posterior, _ = view.posterior(put(one.variances(1)))
    noise = np.r_[np.full(width, one.noises[1]), np.full(3, b**2)]
    for i in range(n):
        y = np.r_[one.y[1][i], labels[i]]
        expected = exact(np.hstack([one.atoms[1], heads]), noise, y, there[i], one.variances(1)[i])
        np.testing.assert_allclose(np.asarray(posterior.mean)[i], expected.mean, **SAME)
        np.testing.assert_allclose(np.asarray(posterior.variance)[i], np.diagonal(expected.covariance), **SAME)
        shrunk = there[i, width:].sum() * np.log(share)  # density of (s/b) h, not of h
        assert float(posterior.evidence[i]) + shrunk == pytest.approx(expected.evidence, rel=1e-8)


@PUT
@pytest.mark.parametrize("pattern", ["none", "everything"])
@pytest.mark.parametrize("pruned", PRUNED.values(), ids=PRUNED)
def test_single_precision_within_its_precision(put, pattern, pruned):
    one = problem("one-to-one", pattern, pruned=pruned)
    short = [view_in_single(view, put) for view in one.views()]
    gamma = put(one.gamma.astype(np.float32))
    for j, view in enumerate(short):
        posterior, (second, cross) = view.posterior(one.links.variances(j, gamma), sums=True)
        assert all("float32" in str(getattr(posterior, field).dtype) for field in FIELDS)
        assert "float64" in str(second.dtype) == str(cross.dtype)
        assert_exact(posterior, one, j, rtol=2e-4, atol=2e-4)
        for value, expected in zip((second, cross), exact_sums(one, j), strict=True):
            np.testing.assert_allclose(np.asarray(value), expected, atol=1e-4 * np.abs(expected).max())


def view_in_single(view, put):
    seen = view.readings.seen
    readings = Readings(put(view.readings.y.astype(np.float32)), None if seen is None else put(seen))
    return View.of(Sensor(put(view.sensor.atoms.astype(np.float32)), view.sensor.noise), readings)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("noise", [1e-6, 1e-10])
def test_hardly_any_noise_and_atoms_that_are_there_twice(dtype, noise):
    """Codes of twins cannot be told from each other, but what they make together can."""
    rng = np.random.default_rng(0)
    half = rng.normal(size=(5, 12)) / np.sqrt(12)
    atoms, x = np.concatenate([half, half]).astype(dtype), rng.normal(size=(9, 5))
    y = (x @ half).astype(dtype)
    view = View.of(Sensor(atoms, noise), Readings(y))
    posterior, _ = view.posterior(np.ones((9, 10), dtype))
    for field in FIELDS:
        assert np.all(np.isfinite(getattr(posterior, field))), field
    assert np.all(posterior.variance >= 0)
    tolerance = 1e-5 if dtype is np.float64 else 5e-2
    np.testing.assert_allclose(posterior.mean[:, :5] + posterior.mean[:, 5:], x, atol=tolerance)


# Neighbours, threads, chunks ----------------------------------------------------------------------------------------


@MISSING
def test_no_sample_knows_its_neighbours(pattern):
    """Alone, among others and in another order, a sample's posterior is the same to the last bit."""
    one = problem("one-to-one", pattern, n=61)
    for j, view in enumerate(one.views()):
        g = one.links.variances(j, one.gamma)
        whole, _ = view.posterior(g)
        for rows in (np.array([7]), np.arange(60, -1, -1), np.arange(3, 40, 5)):
            part, _ = view.take(rows).posterior(g[rows])
            for field in FIELDS:
                np.testing.assert_array_equal(getattr(part, field), getattr(whole, field)[rows], err_msg=field)


@pytest.mark.parametrize("pattern", ["none", "everything"])
@pytest.mark.parametrize("pruned", PRUNED.values(), ids=PRUNED)
def test_threads_change_nothing(pattern, pruned):
    one, results = problem("one-to-one", pattern, n=6 * ALONE + 5, pruned=pruned), []
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"):
            everything = []
            for j, (view, (posterior, sums)) in enumerate(zip(one.views(), found(one, np.asarray), strict=True)):
                g = one.links.variances(j, one.gamma)
                everything += [posterior.mean, posterior.variance, posterior.ratio, posterior.evidence, *sums]
                everything += predict(view, g, view.sensor.atoms)
            everything.append(infer(one.links, one.views(), Update(2.0, 1.0), max_iter=5))
            results.append(everything)
    for alone, together in zip(*results, strict=True):
        np.testing.assert_array_equal(alone, together)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 8 * CHUNKS - 1, 8 * CHUNKS, 8 * CHUNKS + 1, 300])
def test_sums_take_every_sample_once(n):
    one = problem("one-to-one", "entries", n=n, seed=n)
    for (_, (second, cross)), j in zip(found(one, np.asarray), range(3), strict=True):
        for value, expected in zip((second, cross), exact_sums(one, j), strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-8, atol=1e-8)


# What is expected of other entries ----------------------------------------------------------------------------------


@PUT
@MISSING
@pytest.mark.parametrize("pruned", PRUNED.values(), ids=PRUNED)
def test_predictions_by_definition(put, pattern, pruned):
    one = problem("one-to-one", pattern, pruned=pruned)
    targets = np.random.default_rng(9).normal(size=(12, 6))
    for j, view in enumerate(one.views(put)):
        mean, variance = predict(view, put(one.variances(j)), put(targets))
        for i, expected in enumerate(each_exact(one, j)[0]):
            np.testing.assert_allclose(np.asarray(mean)[i], expected.mean @ targets, **SAME)
            around = np.diagonal(targets.T @ expected.covariance @ targets)
            np.testing.assert_allclose(np.asarray(variance)[i], around, **SAME)


# Scales -------------------------------------------------------------------------------------------------------------


@PUT
@COUPLED
@MISSING
def test_a_step_over_scales_by_definition(put, name, pattern):
    one = problem(name, pattern, n=9, seed=1)
    views, posteriors = one.views(put), [posterior for posterior, _ in found(one, put)]
    new = updated(put(one.gamma), one.links, views, posteriors, Update())
    np.testing.assert_allclose(np.asarray(new), exact_step(one), rtol=1e-8, atol=1e-10)


@COUPLED
def test_a_step_that_goes_further_and_one_that_prunes(name):
    one = problem(name, "everything", seed=2)
    views, posteriors = one.views(), [posterior for posterior, _ in found(one, np.asarray)]
    plain = updated(one.gamma, one.links, views, posteriors, Update())
    there = one.gamma > 0
    factor = np.where(there, plain / np.where(there, one.gamma, 1), 0)
    further = updated(one.gamma, one.links, views, posteriors, Update(relaxation=2.0))
    np.testing.assert_allclose(further, one.gamma * np.clip(factor, 1e-3, 1e3) ** 2, rtol=1e-10)
    pruned = updated(one.gamma, one.links, views, posteriors, Update(prune=2.0))
    np.testing.assert_array_equal(pruned, np.where(plain >= 2 * _least_noise(one, views), plain, 0))


def _least_noise(one, views):
    """Of the modalities that a sample has and that a scale is one of; nothing is pruned where there is none."""
    least = np.full(one.gamma.shape, np.inf)
    for j, view in enumerate(views):
        present = view.readings.present()
        there = np.ones(len(least), bool) if present is None else present
        knows = there[:, None] & (one.links.counts(j) > 0)[None, :]
        least = np.where(knows, np.minimum(least, view.sensor.noise), least)
    return np.where(np.isfinite(least), least, 0)


@COUPLED
@pytest.mark.parametrize("pattern", ["none", "everything"])
def test_the_likelihood_of_no_sample_falls_under_plain_em(name, pattern):
    one = problem(name, pattern, n=30, seed=3, pruned=0.1)
    views, gamma, last = one.views(), one.gamma, -np.inf
    for _ in range(40):
        posteriors = [view.posterior(one.links.variances(j, gamma))[0] for j, view in enumerate(views)]
        now = sum(posterior.evidence for posterior in posteriors)
        assert np.all(now >= last - 1e-9 * np.abs(now))
        gamma, last = updated(gamma, one.links, views, posteriors, Update()), now


@pytest.mark.parametrize("put", [np.asarray, LIBRARIES.get("torch", np.asarray)], ids=["numpy", "torch"])
@COUPLED
def test_scales_settle_where_steps_of_em_do(put, name):
    """`infer` is repeated steps: until each sample has settled, from where it is told or from equal scales."""
    one = problem(name, "everything", n=12, seed=4)
    views = one.views(put)
    begin = started(one.links, views)
    energy = np.mean([np.mean(np.sum(y**2, axis=1)) for y in one.y])
    least = 4 * min(view.sensor.noise for view in views)
    np.testing.assert_allclose(np.asarray(begin), max(energy / one.links.n_scales, least))
    np.testing.assert_allclose(np.asarray(started(one.links, views, 1e3)), 1e3 / one.links.n_scales)
    np.testing.assert_allclose(np.asarray(started(one.links, views, 1e-9)), least)
    expected = np.asarray(begin)
    for _ in range(4):
        one.gamma = expected
        expected = exact_step(one)
    few = infer(one.links, views, Update(), max_iter=4, tol=0.0)
    np.testing.assert_allclose(np.asarray(few), expected, rtol=1e-7, atol=1e-10)
    one.gamma = np.asarray(infer(one.links, views, Update(), gamma=few, max_iter=4000, tol=3e-3))
    moved = np.abs(np.sqrt(exact_step(one)) - np.sqrt(one.gamma)).max(axis=1)
    assert np.max(moved / np.sqrt(one.gamma).max(axis=1)) < 3.3e-3


def test_samples_that_settle_leave_without_a_trace():
    """Each sample's scales are those that it would have had alone, though the others take other numbers of steps."""
    one = problem("one-to-one", "everything", n=40, seed=6)
    views, how = one.views(), Update(2.0, 1.0)
    begin = started(one.links, views, 1.0)
    whole = infer(one.links, views, how, gamma=begin, max_iter=200, tol=1e-3)
    for i in range(0, 40, 7):
        alone = [view.take(np.array([i])) for view in views]
        found_alone = infer(one.links, alone, how, gamma=begin[i : i + 1], max_iter=200, tol=1e-3)
        np.testing.assert_array_equal(found_alone[0], whole[i])


def test_a_sample_that_says_nothing_keeps_its_scales():
    one = drawn(OneToOne(), (6, 6), (4, 5), 10, "sample", 0.0)
    lost = ~one.seen[0].any(axis=1)
    assert lost.any()
    new = infer(one.links, one.views(), Update(), gamma=one.gamma, max_iter=5, tol=0.0)
    np.testing.assert_array_equal(new[lost], one.gamma[lost])
    posterior, _ = one.views()[0].posterior(one.gamma)
    np.testing.assert_array_equal(posterior.mean[lost], 0)
    np.testing.assert_array_equal(posterior.variance[lost], one.gamma[lost])
    np.testing.assert_array_equal(posterior.evidence[lost], 0)


def test_a_noisy_modality_gets_its_scales_from_a_clean_one():
    """What coupling is for: apart, the noisy modality cannot tell which atoms are in use; together it can."""
    rng = np.random.default_rng(0)
    atoms = [rng.normal(size=(20, 12)) / np.sqrt(12) for _ in range(2)]
    support = np.argsort(rng.random((200, 20)), axis=1)[:, :2]
    codes = [np.zeros((200, 20)) for _ in range(2)]
    for x in codes:
        np.put_along_axis(x, support, rng.normal(size=(200, 2)), axis=1)
    noises = [1e-4, 0.05]
    y = [x @ a + np.sqrt(s) * rng.normal(size=(200, 12)) for x, a, s in zip(codes, atoms, noises, strict=True)]
    views = [View.of(Sensor(a, s), Readings(one)) for a, s, one in zip(atoms, noises, y, strict=True)]
    errors = []
    for coupling in (OneToOne(), Separate()):
        links = coupling.links((20, 20))
        gamma = infer(links, views, Update(2.0, 1.0), max_iter=100)
        mean = views[1].posterior(links.variances(1, gamma))[0].mean
        errors.append(np.sum((mean - codes[1]) ** 2) / np.sum(codes[1] ** 2))
    assert errors[0] < 0.5 * errors[1]
