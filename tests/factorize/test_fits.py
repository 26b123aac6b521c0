"""Whole fits by definition: stationary in dense formulas, monotone, no worse than a peer, true in what they say."""

from dataclasses import replace

import numpy as np
import pytest
from factorize.problems import objective, unit_rows
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from laconic import SparseNMF
from laconic.datasets import make_factors
from laconic.factorize import Tick
from laconic.factorize.iteration import Factor, _back, begun
from laconic.factorize.penalty import NONE, Penalty
from laconic.priors import Flat, PowerExponential

PAIRS = [
    (None, None),
    ("rgdp", None),
    ("laplacian", None),
    ("student_t", None),
    ("power_exponential", None),
    (PowerExponential(1.0, 0.5), None),
    ("rgdp", "laplacian"),
    ("laplacian", "laplacian"),
    ("laplacian", "student_t"),
]
HASTY = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
EVERY = pytest.mark.parametrize(("prior", "own"), PAIRS, ids=str)


def planted(seed=1, **options):
    return make_factors(300, 20, 6, 2, random_state=seed, **options)


def fitted(X, prior, own=None, **options):
    options = {"random_state": 0, "max_iter": 3000, **options}
    model = SparseNMF(6, prior=prior, dictionary_prior=own, **options)
    return model, model.fit_transform(X)


def penalties_of(model, own):
    """What codes and dictionary cost at the end, in units of the fit."""
    calibration = model.result_.calibration
    if calibration is None:
        return NONE, NONE
    again = SparseNMF(prior=own)
    atoms = NONE if own is None else calibration.penalty(_prior(again), 1.0, atoms=True)
    return model.result_.penalty, atoms


def _prior(model):
    from laconic.estimators.nmf_settings import checked

    return checked(model)(1).prior


def slope(penalty: Penalty, x):
    """Half the derivative of the penalty by a complex step; 0 at 0, where the caller looks to one side only."""
    if penalty.is_flat:
        return np.zeros_like(x)
    step = 1e-30 * np.where(x > 0, x, 1.0)
    slopes = np.imag(penalty.prior.penalty(x + 1j * step)) / step
    return penalty.strength / 2 * slopes


def steps(gram, pull, x, penalty):
    """How far coordinates are from where their own gradients vanish, relative, in lengths that the gram gives them."""
    d = np.diagonal(gram)
    step = np.minimum(x, (x @ gram - pull + slope(penalty, x)) / d)
    return np.sqrt(np.sum(d * step**2) / np.sum(d * x**2))


def row_steps(gram, cross, D):
    """The same for rows of length one, each to the best one on the sphere."""
    wanted = cross - gram @ D + np.diagonal(gram)[:, None] * D
    step = unit_rows(np.maximum(wanted, 0)) - D
    return np.sqrt(np.sum(np.diagonal(gram) * np.sum(step**2, axis=1)) / np.sum(np.diagonal(gram)))


def dense_gap(model, X, C, own=None):
    """The distance from stationary of codes and dictionary, from nothing but them."""
    unit, D = model.result_.unit, model.components_
    X, C = X / unit, C / unit
    X = np.where(np.isnan(X), C @ D, X)
    codes, atoms = penalties_of(model, own)
    mine = steps(D @ D.T, X @ D.T, C, codes)
    theirs = row_steps(C.T @ C, C.T @ X, D) if own is None else steps(C.T @ C, X.T @ C, D.T, atoms)
    return max(mine, theirs)


@EVERY
def test_a_converged_fit_is_stationary(prior, own):
    X = planted().X
    model, C = fitted(X, prior, own)
    assert model.result_.converged
    assert model.n_iter_ < 3000
    assert dense_gap(model, X, C, own) == pytest.approx(model.gap_, rel=1e-3, abs=1e-9)
    assert model.gap_ <= 1e-4
    assert np.all(C >= 0)
    assert np.all(model.components_ >= 0)


@HASTY
@EVERY
def test_what_a_fit_says_of_itself(prior, own):
    X = planted().X
    model, C = fitted(X, prior, own, max_iter=100, tol=1e-2)
    unit, D, result = model.result_.unit, model.components_, model.result_
    codes, atoms = penalties_of(model, own)
    error = np.sum((X - C @ D) ** 2)
    assert result.error == pytest.approx(error, rel=1e-9)
    assert result.objective == pytest.approx(unit**2 * objective(X / unit, C / unit, D, codes, atoms), rel=1e-9)
    assert model.reconstruction_err_ == pytest.approx(np.sqrt(error))
    assert model.relative_error_ == pytest.approx(np.linalg.norm(X - C @ D) / np.linalg.norm(X))
    assert model.n_iter_ == len(model.trace_) == sum(result.stages)
    assert model.trace_[-1] >= result.objective * (1 - 1e-9)
    if prior != "student_t":  # whose peak at zero holds small codes
        assert model.density_ == pytest.approx(np.mean(C > 0), abs=1e-3)
    if own is None:
        np.testing.assert_allclose(np.linalg.norm(D, axis=1), 1, rtol=1e-12)
    if prior is not None:
        assert codes.strength == pytest.approx(2 * model.noise_ / unit**2)


def rises(trace):
    return np.any(np.diff(trace) > 1e-12 * trace[:-1] + 1e-13 * trace[0])


@HASTY
@EVERY
def test_the_multiplicative_objective_never_rises_within_a_stage(prior, own):
    model, _ = fitted(planted().X, prior, own, solver="multiplicative", max_iter=400, tol=2e-3)
    stages = np.split(model.trace_, np.cumsum(model.result_.stages)[:-1])
    assert not any(rises(stage) for stage in stages)
    assert stages[-1][-1] < stages[-1][0]


@EVERY
def test_the_extrapolated_objective_ends_lowest(prior, own):
    model, _ = fitted(planted().X, prior, own)
    last = model.trace_[-model.result_.stages[-1] :]
    assert last[-1] <= last.min() + 1e-9 * last[0]
    assert last[-1] < last[0]
    assert np.mean(np.diff(last) <= 1e-9 * last[0]) > 0.9


def test_an_answer_that_is_thrown_away_costs_momentum():
    good, ahead = Factor(np.eye(2)), Factor(np.ones((2, 2)))
    back = _back(replace(begun(np.eye(2)), best=good, ahead=ahead, momentum=0.6, limit=1.0))
    assert back.ahead is back.best is good
    assert back.momentum < back.ceiling == 0.6
    assert back.limit == np.inf  # the next one is taken as it comes


@HASTY
@pytest.mark.parametrize("prior", [None, "rgdp", "laplacian"])
def test_both_solvers_end_at_the_same_objective(prior):
    X = planted().X
    fast, _ = fitted(X, prior, noise=1e-3, scale=0.1)
    slow, C = fitted(X, prior, noise=1e-3, scale=0.1, solver="multiplicative", tol=1e-3)
    assert dense_gap(slow, X, C) < 1e-2
    assert slow.result_.objective == pytest.approx(fast.result_.objective, rel=0.05)
    assert np.abs(slow.components_ - fast.components_).max() < 0.1


@HASTY
@pytest.mark.parametrize(("n", "p", "k", "seed"), [(300, 20, 6, 1), (80, 60, 10, 2), (60, 100, 4, 3)])
def test_plain_is_no_worse_than_scikit_learn_from_the_same_start(n, p, k, seed):
    X = make_factors(n, p, k, 2, random_state=seed).X
    rng = np.random.default_rng(seed)
    W, H = rng.random((n, k)), unit_rows(rng.random((k, p)))
    theirs = NMF(k, init="custom", max_iter=3000, tol=1e-6)
    codes = theirs.fit_transform(X, W=W.copy(), H=H.copy())
    other = np.sum((X - codes @ theirs.components_) ** 2)
    ours = SparseNMF(k, prior=None, init=(W, H), max_iter=5000, tol=1e-5).fit(X)
    assert ours.result_.objective <= other * 1.001


@pytest.mark.parametrize(
    ("prior", "solver", "least"), [(None, "hals", 1e-6), ("rgdp", "hals", 1e-6), ("laplacian", "multiplicative", 1e-5)]
)
def test_a_relative_fall_of_the_objective_ends_it(prior, solver, least):
    models = [fitted(planted().X, prior, criterion="objective", tol=tol, solver=solver)[0] for tol in (1e-3, least)]
    assert models[0].n_iter_ < models[1].n_iter_
    for model, tol in zip(models, (1e-3, least), strict=True):
        assert model.result_.stages[-1] > 1  # the objective of another stage is no measure
        last = model.trace_[-2:]
        assert abs(last[0] - last[1]) / last[1] <= tol


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_iterations_that_run_out_are_warned_of_once(method):
    X, model = planted().X, SparseNMF(6, max_iter=20, random_state=0)
    with pytest.warns(ConvergenceWarning, match="^SparseNMF: .*max_iter") as seen:
        getattr(model, method)(X)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    assert model.n_iter_ == 20


@HASTY
@pytest.mark.parametrize("max_iter", [1, 2, 3, 5, 10, 31, 100])
@pytest.mark.parametrize("prior", [None, "rgdp"])
def test_no_more_iterations_than_are_allowed(max_iter, prior):
    model, C = fitted(planted().X, prior, max_iter=max_iter)
    assert model.n_iter_ == len(model.trace_)
    assert model.n_iter_ <= max(max_iter, 4)  # each stage takes one
    assert np.all(np.isfinite(C))


def test_someone_who_watches_sees_every_iteration():
    seen = []
    model = SparseNMF(6, random_state=0, on_iteration=seen.append).fit(planted().X)
    assert all(isinstance(tick, Tick) for tick in seen)
    assert [tick.iteration for tick in seen] == list(range(1, model.n_iter_ + 1))
    assert {tick.limit for tick in seen} == {1000}
    names = [tick.stage for tick in seen]
    assert names == sorted(names, key=["plain", "annealing", "final"].index)
    assert set(names) == {"plain", "annealing", "final"}
    energy = np.sum(planted().X ** 2)
    np.testing.assert_allclose([tick.objective * energy for tick in seen], model.trace_, rtol=1e-9)
    assert seen[-1].change <= 1e-4


def test_the_same_seed_gives_the_same_answer():
    X = planted().X
    for options in ({"init": "random"}, {"init": "nndsvd"}, {"n_init": 2}):
        one, two = (fitted(X, "rgdp", random_state=3, **options) for _ in range(2))
        assert np.array_equal(one[0].components_, two[0].components_)
        assert np.array_equal(one[1], two[1])
    assert not np.array_equal(*(fitted(X, "rgdp", init="random", random_state=s)[0].components_ for s in (0, 1)))


def test_codes_that_are_found_from_nothing_are_those_of_the_fit():
    X = planted().X
    for prior in (None, "laplacian"):
        model, C = fitted(X, prior, tol=1e-6)
        np.testing.assert_allclose(model.transform(X), C, atol=1e-3 * C.max())
    model, C = fitted(X, "rgdp")
    assert np.mean(np.abs(model.transform(X) - C).max(axis=1) < 1e-2 * C.max()) > 0.97  # of several minima
    assert model.inverse_transform(C) == pytest.approx(C @ model.components_)


def test_a_flat_prior_by_any_name_is_none():
    X = planted().X
    plain = fitted(X, None)[0]
    for prior in ("flat", Flat()):
        assert np.array_equal(fitted(X, prior)[0].components_, plain.components_)
    assert plain.noise_ is None
