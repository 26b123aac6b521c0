"""Planted factors are found again: with noise, missing entries, several starts, by both solvers."""

import numpy as np
import pytest

from laconic import SparseNMF
from laconic.datasets import make_factors

HASTY = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def small(seed=0, snr=30.0):
    return make_factors(400, 25, 8, 2, snr=snr, random_state=seed)


def cosines(model, planted):
    """The best match of each planted atom."""
    rows = model.components_ / np.linalg.norm(model.components_, axis=1, keepdims=True)
    return (rows @ planted.components.T).max(axis=0)


def density(codes):
    return np.mean(codes > 0)


def found_again(seed):
    planted = make_factors(random_state=seed)
    model = SparseNMF(30, random_state=seed).fit(planted.X)
    assert np.mean(cosines(model, planted) > 0.99) >= 0.95
    assert model.density_ <= 1.3 * density(planted.codes)
    assert 0.8 < model.noise_ / planted.noise < 1.2
    assert model.gap_ <= 1e-4


def test_factors_of_the_papers_size_are_found():
    found_again(0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 11))
def test_factors_are_found_from_ten_seeds(seed):
    found_again(seed)


@pytest.mark.parametrize("prior", ["rgdp", "student_t"])
@pytest.mark.parametrize("seed", range(3))
def test_small_problems_are_found(prior, seed):
    planted = small(seed)
    model = SparseNMF(8, prior=prior, random_state=seed).fit(planted.X)
    assert cosines(model, planted).min() > 0.99
    assert model.density_ <= 1.3 * density(planted.codes)
    assert 0.8 < model.noise_ / planted.noise < 1.2


@HASTY
def test_the_papers_updates_find_them_too():
    planted = make_factors(200, 20, 5, 2, random_state=1)
    model = SparseNMF(5, solver="multiplicative", max_iter=600, random_state=0).fit(planted.X)
    assert cosines(model, planted).min() > 0.99


@HASTY
@pytest.mark.slow
@pytest.mark.parametrize("prior", ["rgdp", "student_t"])
def test_the_papers_updates_find_them_as_sparse_as_they_are(prior):
    planted = small(1)
    model = SparseNMF(8, prior=prior, solver="multiplicative", max_iter=4000, random_state=0).fit(planted.X)
    assert cosines(model, planted).min() > 0.99
    assert model.density_ <= 1.3 * density(planted.codes)


def test_priors_are_sparser_than_none():
    planted = small()
    models = {prior: SparseNMF(8, prior=prior, random_state=0).fit(planted.X) for prior in (None, "laplacian", "rgdp")}
    assert models["rgdp"].density_ < models["laplacian"].density_ < models[None].density_


@pytest.mark.parametrize("snr", [10.0, 20.0, 40.0])
def test_noise_is_found(snr):
    planted = small(3, snr)
    found = SparseNMF(8, random_state=0).fit(planted.X).noise_
    assert (0.8 if snr > 15 else 0.5) < found / planted.noise < 1.2  # what was cut at zero is no noise


def test_no_noise_at_all():
    planted = small(0, None)
    model = SparseNMF(8, random_state=0, tol=1e-6, max_iter=5000).fit(planted.X)
    assert cosines(model, planted).min() > 0.999
    assert model.density_ <= 1.3 * density(planted.codes)
    assert model.relative_error_ < 1e-4
    assert model.noise_ > 0


# Missing entries ----------------------------------------------------------------------------------------------------


def with_holes(planted, share, seed=0):
    lost = np.random.default_rng(seed).random(planted.X.shape) < share
    return np.where(lost, np.nan, planted.X), lost


@pytest.mark.parametrize("prior", [None, "rgdp", "student_t"])
def test_missing_entries_are_made_up_well(prior):
    planted = small(1)
    X, lost = with_holes(planted, 0.1)
    model = SparseNMF(8, prior=prior, random_state=0)
    codes = model.fit_transform(X)
    assert cosines(model, planted).min() > (0.99 if prior else 0.95)
    truth = (planted.codes @ planted.components)[lost]
    for found in (codes, model.transform(X)):
        error = (found @ model.components_)[lost] - truth
        assert np.linalg.norm(error) < 0.1 * np.linalg.norm(truth)


def test_a_mask_is_as_good_as_nan():
    planted = small(1)
    X, lost = with_holes(planted, 0.1)
    marked = SparseNMF(8, random_state=0).fit(np.where(lost, 77.0, X), mask=lost)
    plain = SparseNMF(8, random_state=0).fit(X)
    assert np.array_equal(marked.components_, plain.components_)
    assert np.array_equal(marked.transform(np.where(lost, 77.0, X), mask=lost), plain.transform(X))


@HASTY
@pytest.mark.parametrize("solver", ["hals", "multiplicative"])
def test_the_objective_over_what_is_there_falls(solver):
    X, lost = with_holes(small(2), 0.3)
    model = SparseNMF(8, prior=None, solver=solver, max_iter=100, random_state=0)
    codes = model.fit_transform(X)
    last = model.trace_[-model.result_.stages[-1] :]
    assert np.mean(np.diff(last) <= 1e-9 * last[0]) > 0.85
    error = np.sum(((X - codes @ model.components_)[~lost]) ** 2)
    assert model.result_.error == pytest.approx(error, rel=1e-9)
    assert error <= model.trace_[-1] * (1 + 1e-6)


def test_what_is_missing_does_not_matter():
    X, lost = with_holes(small(1), 0.1)
    one, two = (SparseNMF(8, random_state=0).fit(np.where(lost, fill, X), mask=lost).components_ for fill in (0.0, 1e6))
    assert np.array_equal(one, two)


# Several starts -----------------------------------------------------------------------------------------------------


def test_starts_agree_on_planted_factors_and_the_best_is_kept():
    planted = small(1)
    model = SparseNMF(8, init="random", n_init=4, random_state=0)
    codes = model.fit_transform(planted.X)
    assert model.stability_.shape == (8,)
    assert model.consensus_ == pytest.approx(model.stability_.mean())
    assert model.consensus_ > 0.99
    alone = SparseNMF(8, init="random", random_state=0).fit(planted.X)
    assert model.result_.objective <= alone.result_.objective
    assert alone.stability_ is None
    assert alone.consensus_ is None
    assert np.sum((planted.X - codes @ model.components_) ** 2) == pytest.approx(model.result_.error, rel=1e-9)
    found = model.transform(planted.X)
    assert np.mean(np.abs(found - codes).max(axis=1) < 0.02) > 0.97


def test_the_best_of_several_starts_has_the_lowest_objective(monkeypatch):
    import laconic.factorize.consensus as room

    seen, real = [], room.factorize

    def watched(*arguments, **options):
        seen.append(real(*arguments, **options))
        return seen[-1]

    monkeypatch.setattr(room, "factorize", watched)
    X = np.random.default_rng(0).random((60, 12))
    for _ in range(4):
        seen.clear()
        model = SparseNMF(4, init="random", n_init=5, random_state=_, tol=1e-2)
        codes = model.fit_transform(X)
        objectives = [one.objective for one in seen]
        assert len(objectives) == 5
        assert model.result_.objective == min(objectives)
        assert np.sum((X - codes @ model.components_) ** 2) == pytest.approx(model.result_.error, rel=1e-9)
        assert len({one.noise for one in seen}) == 1  # they minimise the same


def test_parts_of_mere_noise_are_not_stable():
    X = np.random.default_rng(0).exponential(size=(80, 15))
    model = SparseNMF(4, prior=None, init="random", n_init=4, random_state=0).fit(X)
    assert model.consensus_ < 0.95
    assert np.all(model.stability_ <= 1 + 1e-12)


# Noise, ratio and scale ---------------------------------------------------------------------------------------------


def test_the_more_noise_the_sparser():
    planted = small(1)
    models = [SparseNMF(8, noise=planted.noise * factor, random_state=0).fit(planted.X) for factor in (0.1, 1, 10, 100)]
    densities = [model.density_ for model in models]
    assert densities == sorted(densities, reverse=True)
    assert densities[0] > 1.2 * densities[-1]
    assert [model.noise_ for model in models] == pytest.approx([planted.noise * f for f in (0.1, 1, 10, 100)])


def test_a_ratio_is_a_noise():
    X = small(1).X
    for decibels in (10.0, 30.0):
        ratio = SparseNMF(8, snr=decibels, random_state=0).fit(X)
        variance = np.mean(X**2) / (1 + 10 ** (decibels / 10))
        assert ratio.noise_ == pytest.approx(variance)
        given = SparseNMF(8, noise=variance, random_state=0).fit(X)
        np.testing.assert_allclose(ratio.components_, given.components_, atol=1e-9)


def test_the_scale_is_the_unit_of_the_prior():
    X = small(1).X
    found = SparseNMF(8, random_state=0).fit(X)
    scale = found.result_.calibration.codes * found.result_.unit
    given = SparseNMF(8, scale=scale, random_state=0).fit(X)
    np.testing.assert_allclose(given.components_, found.components_, atol=1e-12)
    assert not np.allclose(SparseNMF(8, scale=scale * 30, random_state=0).fit(X).components_, found.components_)


def test_a_good_start_is_kept_and_a_poor_one_is_left():
    planted = small(1)
    model = SparseNMF(8, init=planted.components).fit(planted.X)
    assert np.all(np.sum(model.components_ * planted.components, axis=1) > 0.99)  # in their places
    both = SparseNMF(8, init=(planted.codes, planted.components * 3)).fit(planted.X)
    assert np.all(np.sum(both.components_ * planted.components, axis=1) > 0.99)
    alike = SparseNMF(8, init=np.ones((8, 25)) + 0.01 * np.random.default_rng(0).random((8, 25))).fit(planted.X)
    assert alike.relative_error_ < 0.3
