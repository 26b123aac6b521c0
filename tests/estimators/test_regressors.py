"""The regressors: what they find, the attributes they keep, the data they take and refuse."""

import inspect
import pickle
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from estimators.planted import planted
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from laconic.core.checks import DataError, ParameterError
from laconic.estimators import RectifiedSBL, RectifiedSBLCV, SparseNNLS, SparseNNLSCV
from laconic.nnls import nnls, sparse_nnls
from laconic.priors import Flat, StudentT
from laconic.sbl import rectified_sbl

RECTIFIED = [
    RectifiedSBL(noise=1e-2),
    RectifiedSBL(),
    RectifiedSBL("lmmse", noise=1e-2, estimate="mean"),
    RectifiedSBLCV(noises=3, cv=2, tol=1e-2),
]
SPARSE = [SparseNNLS(), SparseNNLS(None), SparseNNLS("gdp", snr=20), SparseNNLSCV(noises=3, cv=2)]
ALL = [*RECTIFIED, *SPARSE]


def each(estimators: list[Any]) -> Any:
    return pytest.mark.parametrize("estimator", [clone(one) for one in estimators], ids=repr)


def both(test: Any) -> Any:
    return pytest.mark.parametrize("fit_intercept", [False, True])(test)


# What is found ----------------------------------------------------------------------------------------------------


@each(ALL)
def test_planted_coefficients_are_found(estimator):
    data = planted()
    fitted = estimator.fit(data.X, data.y)
    assert fitted.coef_.shape == (12,)
    assert np.all(fitted.coef_ >= 0)
    assert np.abs(fitted.coef_ - data.coef).max() < 0.15
    assert fitted.intercept_ == 0.0
    assert fitted.score(data.X, data.y) > 0.99
    assert np.array_equal(fitted.predict(data.X), data.X @ fitted.coef_)


@each(ALL)
def test_targets_are_rows_of_coefficients(estimator):
    data = planted(k=3)
    fitted = estimator.fit(data.X, data.y)
    assert fitted.coef_.shape == (3, 12)
    assert fitted.predict(data.X).shape == (40, 3)
    assert np.abs(fitted.coef_ - data.coef).max() < 0.15


@each([*RECTIFIED[:3], *SPARSE[:3]])
def test_targets_do_not_change_each_other(estimator):
    data = planted(k=3)
    together = estimator.fit(data.X, data.y).coef_
    for j in range(3):
        assert estimator.fit(data.X, data.y[:, j]).coef_ == pytest.approx(together[j], abs=1e-3)


@each(ALL)
def test_a_negative_intercept(estimator):
    data = planted()
    fitted = estimator.set_params(fit_intercept=True).fit(data.X + 3, data.y - 7)
    assert fitted.intercept_ == pytest.approx(-7 - 3 * data.coef.sum(), abs=0.6)
    assert np.abs(fitted.coef_ - data.coef).max() < 0.15
    moved = clone(estimator).fit(data.X, data.y)
    assert fitted.coef_ == pytest.approx(moved.coef_, rel=1e-6, abs=1e-9)


def test_plain_is_least_squares_of_other_libraries():
    data = planted(k=4, alike=2.0)
    for fit_intercept in (False, True):
        twin = LinearRegression(positive=True, fit_intercept=fit_intercept).fit(data.X, data.y)
        for prior in (None, "flat", Flat()):
            fitted = SparseNNLS(prior, fit_intercept=fit_intercept).fit(data.X, data.y)
            assert fitted.coef_ == pytest.approx(twin.coef_, abs=1e-9)
            assert fitted.intercept_ == pytest.approx(twin.intercept_, abs=1e-9)
            assert fitted.noise_ is None


def test_they_are_the_functions_underneath():
    data = planted(k=2)
    rectified = RectifiedSBL(noise=[0.01, 0.02], prior="student_t").fit(data.X, data.y)
    result = rectified_sbl(data.X, data.y, noise=[0.01, 0.02], prior="student_t")
    for name, values in {"coef_": result.x, "coef_std_": result.std, "scales_": result.scales}.items():
        assert np.array_equal(getattr(rectified, name), values.T)
    assert np.array_equal(rectified.noise_, result.noise)
    assert np.array_equal(rectified.n_iter_, result.n_iter)
    assert np.array_equal(rectified.result_.trace, result.trace, equal_nan=True)
    sparse = SparseNNLS(StudentT(1e-3), noise=0.01).fit(data.X, data.y)
    assert np.array_equal(sparse.coef_, sparse_nnls(data.X, data.y, prior=StudentT(1e-3), noise=0.01).x.T)
    assert np.array_equal(SparseNNLS(None).fit(data.X, data.y).coef_, nnls(data.X, data.y).x.T)


@pytest.mark.parametrize(
    ("estimator", "function", "apart"), [(RectifiedSBL, rectified_sbl, set()), (SparseNNLS, sparse_nnls, {"noise"})]
)
def test_defaults_are_those_of_the_functions(estimator, function, apart):
    theirs = inspect.signature(function).parameters
    for name, parameter in inspect.signature(estimator).parameters.items():
        if name in theirs and name not in apart:
            assert parameter.default == theirs[name].default, name
    twin = inspect.signature({RectifiedSBL: RectifiedSBLCV, SparseNNLS: SparseNNLSCV}[estimator]).parameters
    for name in set(twin) & set(inspect.signature(estimator).parameters):
        assert twin[name].default == inspect.signature(estimator).parameters[name].default, name


def test_a_shared_support():
    data = planted(k=3)
    fitted = RectifiedSBL(shared_support=True).fit(data.X, data.y)
    assert np.ptp(fitted.scales_, axis=0) == pytest.approx(0)
    chosen = RectifiedSBLCV(shared_support=True, noises=[1e-2], cv=2).fit(data.X, data.y)
    assert np.ptp(chosen.scales_, axis=0) == pytest.approx(0)


# Weights ----------------------------------------------------------------------------------------------------------


@both
@each(ALL[:2] + ALL[4:7])
def test_weights_are_repeats(estimator, fit_intercept):
    data, weights = planted(), np.arange(40) % 4
    estimator.set_params(fit_intercept=fit_intercept)
    weighted = clone(estimator).fit(data.X, data.y, sample_weight=weights)
    repeated = estimator.fit(data.X.repeat(weights, axis=0), data.y.repeat(weights))
    assert weighted.coef_ == pytest.approx(repeated.coef_, abs=1e-7)
    assert weighted.intercept_ == pytest.approx(repeated.intercept_, abs=1e-7)
    if weighted.noise_ is not None:
        assert weighted.noise_ == pytest.approx(repeated.noise_, rel=1e-6)
    if isinstance(estimator, RectifiedSBL):
        stds = [one.predict(data.X, return_std=True)[1] for one in (weighted, repeated)]
        assert stds[0] == pytest.approx(stds[1], rel=1e-6)


@each(ALL)
def test_a_sample_without_weight_is_left_out(estimator):
    data, weights = planted(), np.r_[np.zeros(4), np.ones(36)]
    folds = [(np.arange(0, 40, 2), np.arange(1, 40, 2)), (np.arange(1, 40, 2), np.arange(0, 40, 2))]
    fewer = [(train[2:] - 4, test[2:] - 4) for train, test in folds]
    without = clone(estimator)
    if "cv" in estimator.get_params():
        estimator.set_params(cv=folds, noises=[1e-3, 1e-2])
        without.set_params(cv=fewer, noises=[1e-3, 1e-2])
    fitted = estimator.fit(data.X, data.y, sample_weight=weights)
    without.fit(data.X[4:], data.y[4:])
    assert fitted.coef_ == pytest.approx(without.coef_, rel=1e-9, abs=1e-12)
    if hasattr(fitted, "mse_path_"):
        assert fitted.mse_path_ == pytest.approx(without.mse_path_, rel=1e-9)


def test_weights_are_precisions():
    data, rng = planted(n=200), np.random.default_rng(1)
    variances = np.exp(rng.normal(size=200) * 2)
    y = data.X @ data.coef + np.sqrt(variances) * rng.normal(size=200)
    weighted = RectifiedSBL(noise=1.0).fit(data.X, y, sample_weight=1 / variances)
    alike = RectifiedSBL().fit(data.X, y)
    assert np.sum((weighted.coef_ - data.coef) ** 2) < 0.1 * np.sum((alike.coef_ - data.coef) ** 2)
    assert np.all(np.abs(weighted.coef_ - data.coef) < 4 * weighted.coef_std_ + 1e-9)


@pytest.mark.parametrize("estimator", [RectifiedSBL(memory="1MB"), SparseNNLS()], ids=repr)
def test_weights_that_count_too_many_are_refused(estimator):
    data = planted()
    with pytest.raises(DataError, match="40 samples weigh 4e\\+08.*give noise"):
        estimator.fit(data.X, data.y, sample_weight=np.full(40, 1e7))
    estimator.set_params(noise=1.0).fit(data.X, data.y, sample_weight=np.full(40, 1e7))


def test_no_weight_at_all_is_refused():
    data = planted()
    with pytest.raises(ValueError, match="weight"):
        RectifiedSBL().fit(data.X, data.y, sample_weight=np.zeros(40))


# How sure ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alike", [0.0, 2.0])
@pytest.mark.parametrize(("estimate", "fit_intercept"), [("mode", False), ("mean", True)])
def test_standard_deviations_are_those_of_the_errors(alike, estimate, fit_intercept):
    data = planted(n=300, m=30, k=20, size=4, noise=1.0, alike=alike)
    fitted = RectifiedSBL(noise=1.0, estimate=estimate, fit_intercept=fit_intercept).fit(data.X[:60], data.y[:60])
    mean, std = fitted.predict(data.X[60:], return_std=True)
    assert np.array_equal(mean, fitted.predict(data.X[60:]))
    assert mean.shape == std.shape == (240, 20)
    errors = (data.y[60:] - mean) / std
    assert 0.95 < np.sqrt(np.mean(errors**2)) < 1.15
    assert 0.86 < np.mean(np.abs(errors) < 1.645) < 0.92


def test_the_covariance_is_that_of_the_gaussian():
    data = planted()
    fitted = RectifiedSBL(noise=data.noise, fit_intercept=True).fit(data.X, data.y)
    on = fitted.scales_ > 0
    X = data.X - data.X.mean(axis=0)
    covariance = np.linalg.inv(X[:, on].T @ X[:, on] / data.noise + np.diag(1 / fitted.scales_[on]))
    explained = np.einsum("ij,jk,ik->i", X[:, on], covariance, X[:, on])
    std = fitted.predict(data.X, return_std=True)[1]
    assert std**2 == pytest.approx(explained + data.noise * (1 + 1 / 40), rel=1e-9)


def test_too_large_a_covariance_is_replaced_by_deviations():
    data = planted(k=4, m=24)
    fitted = RectifiedSBL(noise=data.noise, memory="1KB", prune=0.0).fit(data.X, data.y)
    std = fitted.predict(data.X, return_std=True)[1]
    assert std**2 == pytest.approx(data.noise + data.X**2 @ fitted.coef_std_.T**2, rel=1e-9)


def test_intervals_of_coefficients():
    data = planted(k=2)
    fitted = RectifiedSBL(noise=data.noise).fit(data.X, data.y)
    lower, upper = fitted.coef_interval(0.999)
    assert lower.shape == upper.shape == (2, 12)
    assert np.all((lower <= data.coef + 1e-12) & (data.coef <= upper + 0.05))
    narrow = RectifiedSBL(noise=data.noise).fit(data.X, data.y[:, 0]).coef_interval(0.5, "equal_tailed")
    assert narrow[0].shape == (12,)
    assert np.all(narrow[1] <= upper[0] + 1e-9)


# What data --------------------------------------------------------------------------------------------------------


@both
@each(ALL)
def test_sparse_matrices(estimator, fit_intercept):
    data = planted()
    X = np.where(np.abs(data.X) > 0.7, data.X, 0.0)
    estimator.set_params(fit_intercept=fit_intercept)
    dense = clone(estimator).fit(X, data.y, sample_weight=np.ones(40))
    for kind in (scipy.sparse.csr_array, scipy.sparse.csc_matrix):
        fitted = estimator.fit(kind(X), data.y, sample_weight=np.ones(40))
        assert fitted.coef_ == pytest.approx(dense.coef_, abs=1e-8)
        assert fitted.predict(kind(X)) == pytest.approx(dense.predict(X), abs=1e-7)
        if isinstance(estimator, (RectifiedSBL, RectifiedSBLCV)):
            assert fitted.predict(kind(X), return_std=True)[1] == pytest.approx(
                dense.predict(X, return_std=True)[1], rel=1e-6
            )


@both
@each(ALL)
def test_float32_stays(estimator, fit_intercept):
    data = planted()
    estimator.set_params(fit_intercept=fit_intercept)
    fitted = estimator.fit(data.X.astype(np.float32), data.y.astype(np.float32), sample_weight=np.ones(40))
    assert fitted.coef_.dtype == fitted.predict(data.X.astype(np.float32)).dtype == np.float32
    assert np.abs(fitted.coef_ - data.coef).max() < 0.15
    if isinstance(estimator, (RectifiedSBL, RectifiedSBLCV)):
        assert fitted.coef_std_.dtype == fitted.scales_.dtype == np.float32
        assert fitted.predict(data.X.astype(np.float32), return_std=True)[1].dtype == np.float32


@each(ALL)
def test_tensors(estimator):
    torch = pytest.importorskip("torch")
    data = planted()
    X, y = torch.tensor(data.X), torch.tensor(data.y)
    expected = clone(estimator).fit(data.X, data.y).predict(data.X)
    assert clone(estimator).fit(X, y).predict(X) == pytest.approx(expected, abs=1e-9)
    with config_context(array_api_dispatch=True):
        estimator.set_params(fit_intercept=True).fit(X, y, sample_weight=torch.ones(40, dtype=X.dtype))
        fitted = estimator.set_params(fit_intercept=False).fit(X, y)
        assert isinstance(fitted.coef_, torch.Tensor)
        assert isinstance(fitted.predict(X), torch.Tensor)
        assert np.asarray(fitted.predict(X)) == pytest.approx(expected, abs=1e-7)
        if isinstance(estimator, (RectifiedSBL, RectifiedSBLCV)):
            assert isinstance(fitted.predict(X, return_std=True)[1], torch.Tensor)


def test_names_of_columns():
    pandas = pytest.importorskip("pandas")
    data = planted(m=3)
    frame = pandas.DataFrame(data.X, columns=["a", "b", "c"])
    fitted = RectifiedSBL().fit(frame, pandas.Series(data.y))
    assert fitted.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[["b", "a", "c"]])


EDGES: dict[str, Any] = {
    "one sample": lambda X, y: (X[:1], y[:1]),
    "one feature": lambda X, y: (X[:, :1], y),
    "more features than samples": lambda X, y: (X[:6], y[:6]),
    "a column of zeros": lambda X, y: (X * np.r_[0, np.ones(11)], y),
    "a constant column": lambda X, y: (np.c_[np.full(40, 0.1), X], y),
    "columns that are alike": lambda X, y: (np.c_[X, X], y),
    "all columns zero": lambda X, y: (X * 0, y),
    "constant y": lambda X, y: (X, np.full(40, 0.1)),
    "y of zeros": lambda X, y: (X, y * 0),
    "zeros and nothing else": lambda X, y: (X * 0, y * 0),
    "nothing that fits": lambda X, y: (np.abs(X), -np.abs(y)),
    "huge X": lambda X, y: (X * 1e100, y),
    "tiny X": lambda X, y: (X * 1e-100, y),
    "huge y": lambda X, y: (X, y * 1e100),
    "tiny y": lambda X, y: (X, y * 1e-100),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@both
@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize(
    "estimator",
    [RectifiedSBL(), SparseNNLS(), SparseNNLS(None), RectifiedSBLCV(noises=2, tol=0.05), SparseNNLSCV(noises=2)],
    ids=repr,
)
def test_edges(estimator, edge, fit_intercept):
    data = planted()
    X, y = EDGES[edge](data.X, data.y)
    if "cv" in estimator.get_params():
        estimator.set_params(cv=2 if len(y) > 1 else [([0], [0])])
    fitted = estimator.set_params(fit_intercept=fit_intercept).fit(X, y)
    assert np.all(np.isfinite(fitted.coef_))
    assert np.all(fitted.coef_ >= 0)
    scale = np.abs(y).max()
    assert np.abs(fitted.predict(X) - y).max() <= 3 * scale
    if fit_intercept:
        assert np.mean(fitted.predict(X)) == pytest.approx(np.mean(y), rel=1e-9, abs=1e-9 * scale)
    if isinstance(estimator, (RectifiedSBL, RectifiedSBLCV)):
        std = fitted.predict(X, return_std=True)[1]
        assert np.all(np.isfinite(std) & (std >= 0))


@pytest.mark.parametrize("unit", [1e-100, 1e100])
@each([RectifiedSBL(), SparseNNLS(), RectifiedSBLCV(noises=3, cv=2), SparseNNLSCV(noises=3, cv=2)])
def test_units_do_not_matter(estimator, unit):
    data = planted()
    plain = clone(estimator).fit(data.X, data.y).coef_
    assert estimator.fit(data.X, data.y * unit).coef_ / unit == pytest.approx(plain, rel=1e-5, abs=1e-7)
    assert estimator.fit(data.X * unit, data.y).coef_ * unit == pytest.approx(plain, rel=1e-5, abs=1e-7)


@each(ALL)
def test_missing_entries_are_refused(estimator):
    data = planted()
    data.y[3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        estimator.fit(data.X, data.y)


WRONG = [
    (RectifiedSBL(e_step="magic"), "e_step"),
    (RectifiedSBL(noise=-1.0), "noise"),
    (RectifiedSBL(noise=0.1, snr=10), "snr"),
    (RectifiedSBL(estimate="median"), "estimate"),
    (RectifiedSBL(prior="power_exponential"), "prior"),
    (RectifiedSBL(memory="much"), "memory"),
    (RectifiedSBL(fit_intercept="no"), "fit_intercept"),
    (SparseNNLS("ridge"), "prior"),
    (SparseNNLS(solver="magic"), "solver"),
    (SparseNNLS(noise="cv"), "noise"),
    (SparseNNLS(tol=-1), "tol"),
    (RectifiedSBLCV(noises=0), "noises"),
    (RectifiedSBLCV(noises=[0.1, np.nan]), "noises"),
    (RectifiedSBLCV(noises="many"), "noises"),
    (RectifiedSBLCV(eps=1.0), "eps"),
    (SparseNNLSCV([]), "prior"),
    (SparseNNLSCV(["laplacian", "ridge"]), "prior"),
]


@pytest.mark.parametrize(("estimator", "parameter"), WRONG, ids=repr)
def test_what_is_not_allowed_is_refused_by_name(estimator, parameter):
    data = planted()
    with pytest.raises(ParameterError, match=f"^{type(estimator).__name__}: {parameter} must be"):
        estimator.fit(data.X, data.y)


def test_one_that_is_not_fitted_says_so():
    for ask in (lambda: RectifiedSBL().coef_interval(), lambda: SparseNNLS().predict(planted().X)):
        with pytest.raises(NotFittedError):
            ask()


@pytest.mark.parametrize(
    "estimator",
    [RectifiedSBL(max_iter=2), SparseNNLS(max_iter=2), RectifiedSBLCV(max_iter=2), SparseNNLSCV(max_iter=2)],
    ids=repr,
)
def test_iterations_that_run_out_are_warned_of_once(estimator):
    data = planted()
    with pytest.warns(ConvergenceWarning, match=f"^{type(estimator).__name__}: .*max_iter") as seen:
        estimator.fit(data.X, data.y)
    assert len(seen) == 1
    assert seen[0].filename == __file__


# scikit-learn's tools -----------------------------------------------------------------------------------------------


@each(ALL)
def test_pickles(estimator):
    data = planted()
    fitted = estimator.fit(data.X, data.y)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.predict(data.X), fitted.predict(data.X))
    assert repr(clone(fitted)) == repr(estimator)


def test_inside_tools():
    data = planted(k=2)
    pipeline = make_pipeline(MaxAbsScaler(), RectifiedSBL()).fit(data.X, data.y)
    mean, std = pipeline.predict(data.X, return_std=True)
    assert mean.shape == std.shape
    search = GridSearchCV(SparseNNLS(), {"prior": [None, "student_t"], "noise": [1e-2]}, cv=2).fit(data.X, data.y)
    assert search.best_score_ > 0.99
    assert cross_val_score(RectifiedSBL(), data.X, data.y, cv=3).min() > 0.99
    several = MultiOutputRegressor(RectifiedSBLCV(noises=2, cv=2)).fit(data.X, data.y)
    assert several.predict(data.X).shape == (40, 2)
