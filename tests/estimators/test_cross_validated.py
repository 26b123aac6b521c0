"""Cross-validated twins: the grid, the errors of the folds, the choice."""

import numpy as np
import pytest
from estimators.planted import planted
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_score

from laconic.estimators import RectifiedSBL, RectifiedSBLCV, SparseNNLS, SparseNNLSCV
from laconic.priors import Laplacian, StudentT

TWINS = [
    (RectifiedSBLCV, RectifiedSBL, {}),
    (RectifiedSBLCV, RectifiedSBL, {"estimate": "mean", "fit_intercept": True}),
    (RectifiedSBLCV, RectifiedSBL, {"shared_support": True}),
    (SparseNNLSCV, SparseNNLS, {}),
    (SparseNNLSCV, SparseNNLS, {"prior": "laplacian", "fit_intercept": True}),
]


@pytest.mark.parametrize(("kind", "plain", "options"), TWINS, ids=lambda value: getattr(value, "__name__", repr(value)))
def test_errors_are_those_of_separate_fits(kind, plain, options):
    data, folds, levels = planted(k=2), KFold(3), np.array([1.0, 1e-2, 1e-4])
    chosen = kind(noises=levels, cv=folds, **options).fit(data.X, data.y)
    for level, errors in zip(levels, chosen.mse_path_, strict=True):
        scores = cross_val_score(
            plain(noise=level, **options), data.X, data.y, cv=folds, scoring="neg_mean_squared_error"
        )
        assert errors == pytest.approx(-scores, rel=0.02)  # signals of one batch settle together
    assert chosen.noise_ == levels[np.argmin(chosen.mse_path_.mean(axis=1))]
    twin = plain(noise=chosen.noise_, **options).fit(data.X, data.y)
    assert np.array_equal(chosen.coef_, twin.coef_)
    assert np.array_equal(chosen.intercept_, twin.intercept_)


@pytest.mark.parametrize("kind", [RectifiedSBLCV, SparseNNLSCV])
def test_a_list_of_priors(kind):
    data = planted()
    priors = [StudentT(1e-4), "gdp", Laplacian(1e9)]
    chosen = kind(prior=priors, noises=4, cv=2).fit(data.X, data.y)
    assert chosen.mse_path_.shape == (3, 4, 2)
    best = np.unravel_index(np.argmin(chosen.mse_path_.mean(axis=2)), (3, 4))
    assert chosen.prior_ is priors[best[0]]
    assert best[0] != 2
    assert chosen.noise_ == chosen.noises_[best[1]]
    alone = kind(prior=priors[best[0]], noises=4, cv=2).fit(data.X, data.y)
    assert alone.mse_path_ == pytest.approx(chosen.mse_path_[best[0]])


def test_no_penalty_is_a_choice():
    data = planted()
    chosen = SparseNNLSCV([Laplacian(1e9), None], noises=2, cv=2).fit(data.X, data.y)
    assert chosen.prior_ is None
    assert np.array_equal(chosen.coef_, SparseNNLS(None).fit(data.X, data.y).coef_)


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_the_grid(fit_intercept):
    data = planted(k=2)
    y = data.y + 5
    chosen = SparseNNLSCV(noises=4, eps=1e-3, cv=2, fit_intercept=fit_intercept).fit(data.X, y)
    power = np.mean(np.var(y, axis=0)) if fit_intercept else np.mean(y**2)
    assert chosen.noises_ == pytest.approx(power / 2 * np.array([1, 1e-1, 1e-2, 1e-3]))
    given = SparseNNLSCV(noises=[1e-3, 1.0], cv=2).fit(data.X, y)
    assert given.noises_.tolist() == [1.0, 1e-3]


def test_weights_count_in_errors():
    data = planted()
    weights = np.random.default_rng(0).uniform(0.1, 5, size=40)
    chosen = SparseNNLSCV(noises=[1e-2], cv=2).fit(data.X, data.y, sample_weight=weights)
    for i, (train, test) in enumerate(KFold(2).split(data.X)):
        fitted = SparseNNLS(noise=1e-2).fit(data.X[train], data.y[train], sample_weight=weights[train])
        missed = (data.y[test] - fitted.predict(data.X[test])) ** 2
        assert chosen.mse_path_[0, i] == pytest.approx(np.average(missed, weights=weights[test]))


@pytest.mark.parametrize("estimator", [RectifiedSBLCV(noises=3), SparseNNLSCV(noises=3)], ids=repr)
def test_threads_do_not_change_the_answer(estimator):
    data = planted()
    one, two = (clone(estimator).set_params(n_jobs=n).fit(data.X, data.y) for n in (None, 2))
    assert np.array_equal(one.mse_path_, two.mse_path_)
    assert np.array_equal(one.coef_, two.coef_)


def test_fewer_samples_than_folds_are_refused():
    data = planted(n=3)
    with pytest.raises(ValueError, match="n_splits=5"):
        RectifiedSBLCV().fit(data.X, data.y)


def test_it_finds_the_noise_that_predicts():
    data = planted(n=60, m=80, size=5, noise=0.1)
    unseen = planted(n=500, m=80, size=5, noise=0.1).X
    chosen = RectifiedSBLCV().fit(data.X, data.y)
    wrong = RectifiedSBL(noise=1e-4).fit(data.X, data.y)
    errors = [np.mean((unseen @ (one.coef_ - data.coef)) ** 2) for one in (chosen, wrong)]
    assert errors[0] < errors[1] / 2
