"""rectified_sbl against planted truth, its own definition, and every kind of input."""

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls
from scipy.sparse.linalg import aslinearoperator

from laconic.core.checks import DataError, ParameterError
from laconic.core.result import Result
from laconic.datasets import make_sparse_codes
from laconic.priors import PRIORS, PROMISES, PowerExponential, StudentT
from laconic.sbl import ESTEPS, Diagonal, MonteCarlo, rectified_sbl
from laconic.sbl.moments import rectified_moments
from laconic.sbl.records import Problem
from laconic.structured import KroneckerMatrix
from laconic.structured.dictionary import as_dictionary

CLEAN = make_sparse_codes(n=50, m=120, n_nonzero=10, n_signals=6, random_state=0)
NOISY = make_sparse_codes(n=50, m=120, n_nonzero=6, n_signals=6, snr=25.0, random_state=1)
FAST = {"mcmc": {"max_iter": 25}}


def error(x, truth):
    return float(np.mean(((x - truth) ** 2).sum(0) / (truth**2).sum(0)))


@pytest.mark.parametrize("e_step", ESTEPS)
def test_planted_codes_are_found_without_noise(e_step):
    step = MonteCarlo(n_samples=50, burn_in=10) if e_step == "mcmc" else e_step
    signals = CLEAN.y[:, :2] if e_step == "mcmc" else CLEAN.y
    result = rectified_sbl(CLEAN.A, signals, step, noise=0.0, **FAST.get(e_step, {}))
    assert error(result.x, CLEAN.x[:, : signals.shape[1]]) < (1e-2 if e_step == "mcmc" else 1e-5)


@pytest.mark.parametrize("e_step", sorted(set(ESTEPS) - {"mcmc"}))
def test_better_than_least_squares_under_noise(e_step):
    result = rectified_sbl(NOISY.A, NOISY.y, e_step, noise=NOISY.noise)
    plain = np.stack([nnls(NOISY.A, y)[0] for y in NOISY.y.T], axis=1)
    assert error(result.x, NOISY.x) < 0.5 * error(plain, NOISY.x)
    assert result.converged


@pytest.mark.parametrize("noise", ["auto", "cv"])
def test_noise_is_found(noise):
    known = rectified_sbl(NOISY.A, NOISY.y, noise=NOISY.noise)
    found = rectified_sbl(NOISY.A, NOISY.y, noise=noise)
    assert error(found.x, NOISY.x) < 2 * error(known.x, NOISY.x)
    assert 0.1 < np.median(found.noise) / NOISY.noise < 10


def test_noise_from_a_ratio():
    result = rectified_sbl(NOISY.A, NOISY.y, snr=25.0)
    power = (NOISY.y**2).mean(axis=0)
    assert result.noise == pytest.approx(power / (1 + 10**2.5))


def test_plain_em_is_the_papers_fixed_point():
    """Without relaxation or pruning a step is gamma <- <x^2>, which orthogonal columns give in closed form."""
    A, y, noise = np.eye(4), np.array([2.0, 0.5, -0.3, 0.0]), 0.25
    gamma = np.full(4, (y @ y) / 4)
    for _ in range(500):
        shrink = gamma / (gamma + noise)
        gamma = rectified_moments(shrink * y, shrink * noise)[1]
    result = rectified_sbl(A, y, noise=noise, relaxation=1, prune=0, tol=1e-12, max_iter=500)
    assert result.scales == pytest.approx(gamma, rel=1e-6, abs=1e-12)


def test_evidence_rises_where_the_e_step_is_exact():
    """With orthogonal columns the diagonal approximation is none, and EM may not lower the evidence."""
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(20, 8)))[0]
    y = Q @ np.array([2.0, 1.0, 0, 0, 0, 0, 0.3, 0]) + 0.1 * np.random.default_rng(1).normal(size=20)
    trace = rectified_sbl(Q, y, noise=0.01, relaxation=1, prune=0, max_iter=60).trace
    assert np.all(np.diff(trace) >= -1e-10)
    assert trace[-1] > trace[0]


def test_mode_is_the_minimum_of_its_objective():
    result = rectified_sbl(NOISY.A, NOISY.y[:, 0], noise=NOISY.noise)
    active = result.scales > 0
    penalty = np.sqrt(NOISY.noise / result.scales[active])
    stacked = np.vstack([NOISY.A[:, active], np.diag(penalty)])
    expected = nnls(stacked, np.concatenate([NOISY.y[:, 0], np.zeros(active.sum())]))[0]
    assert result.mode[active] == pytest.approx(expected, abs=1e-8)
    assert np.all(result.mode[~active] == 0)
    assert result.effective_support == np.count_nonzero(result.mode)


def test_marginals_are_those_of_the_posterior():
    """Mean and deviation against long sampling at the learned scales."""
    result = rectified_sbl(NOISY.A, NOISY.y[:, 0], noise=NOISY.noise)
    problem = Problem(np.zeros(1, int), NOISY.y[:, :1].T, None, as_dictionary("f", NOISY.A))
    chain = MonteCarlo(n_samples=20_000).moments(problem, result.scales[None], np.array([NOISY.noise]), None)
    strong = result.mean > 0.1 * result.mean.max()
    assert result.mean[strong] == pytest.approx(np.asarray(chain.mean[0])[strong], rel=0.02)
    assert result.std[strong] == pytest.approx(np.sqrt(chain.variance[0])[strong], rel=0.04)


def test_intervals_hold_most_of_the_truth():
    result = rectified_sbl(NOISY.A, NOISY.y, noise=NOISY.noise)
    low, high = result.interval(0.9)
    assert np.all(low <= high)
    assert np.mean((low <= NOISY.x) & (NOISY.x <= high)) > 0.9
    assert np.all(result.interval(0.99)[1] >= high)


# How it is called ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("e_step", ["diagonal", "lmmse", "gamp"])
def test_many_signals_are_each_as_if_alone(e_step):
    together = rectified_sbl(NOISY.A, NOISY.y, e_step, noise=NOISY.noise)
    for j in range(2):
        alone = rectified_sbl(NOISY.A, NOISY.y[:, j], e_step, noise=NOISY.noise)
        assert alone.x == pytest.approx(together.x[:, j], abs=2e-3 * together.x[:, j].max())
        assert alone.x.shape == alone.std.shape == (120,)
        assert isinstance(alone.gap, float)
        assert isinstance(alone.n_iter, int)
        assert isinstance(alone, Result)


def test_batches_do_not_change_the_answer():
    whole = rectified_sbl(NOISY.A, NOISY.y, noise=NOISY.noise)
    seen = []
    parts = rectified_sbl(
        NOISY.A, NOISY.y, noise=NOISY.noise, memory="300KB", on_batch=lambda done, total: seen.append((done, total))
    )
    assert len(seen) > 1
    assert seen[-1] == (6, 6)
    assert parts.x == pytest.approx(whole.x, abs=1e-6)
    assert parts.trace.shape[1] == 6


def test_signals_that_share_their_support_help_each_other():
    data = make_sparse_codes(n=30, m=120, n_nonzero=12, n_signals=8, snr=20.0, shared_support=True, random_state=3)
    shared = rectified_sbl(data.A, data.y, noise=data.noise, shared_support=True)
    apart = rectified_sbl(data.A, data.y, noise=data.noise)
    assert error(shared.x, data.x) < 0.5 * error(apart.x, data.x)
    assert np.all(shared.scales == shared.scales[:, :1])


def test_missing_entries_do_not_count():
    y = NOISY.y[:, 0].copy()
    y[::7] = np.nan
    missing = rectified_sbl(NOISY.A, y, noise=NOISY.noise)
    there = ~np.isnan(y)
    dropped = rectified_sbl(NOISY.A[there], y[there], noise=NOISY.noise)
    assert missing.x == pytest.approx(dropped.x, abs=0.02 * dropped.x.max())


TWINS = {
    "csr": scipy.sparse.csr_array,
    "operator": aslinearoperator,
    "torch": torch.tensor,
    "list": lambda A: A.tolist(),
}


@pytest.mark.parametrize("wrap", TWINS.values(), ids=TWINS)
def test_every_kind_of_dictionary(wrap):
    expected = rectified_sbl(NOISY.A, NOISY.y, noise=NOISY.noise)
    found = rectified_sbl(wrap(NOISY.A), NOISY.y, noise=NOISY.noise)
    assert np.asarray(found.x) == pytest.approx(expected.x, abs=1e-6)
    assert np.asarray(found.std) == pytest.approx(expected.std, abs=1e-6)
    assert isinstance(found.x, torch.Tensor) == (wrap is torch.tensor)


@pytest.mark.parametrize("e_step", ["diagonal", "lmmse", "gamp"])
def test_products_are_enough(e_step):
    """A dictionary that is not allowed to be formed gives the codes of its dense twin."""
    rng = np.random.default_rng(0)
    K = KroneckerMatrix(rng.normal(size=(12, 16)), rng.normal(size=(12, 16)))
    x = np.zeros(256)
    x[rng.choice(256, 5, replace=False)] = rng.uniform(0.5, 2, 5)
    found = rectified_sbl(K, K.matmul(x), e_step, noise=1e-4, memory="200KB")
    assert error(found.x[:, None], x[:, None]) < 1e-3


@pytest.mark.parametrize("prior", PROMISES["type II"])
def test_every_promised_prior(prior):
    result = rectified_sbl(NOISY.A, NOISY.y, prior=prior, noise=NOISY.noise)
    assert np.isfinite(result.x).all()
    assert error(result.x, NOISY.x) < 0.1


@settings(max_examples=8)
@given(st.integers(-60, 60), st.integers(-60, 60), st.sampled_from(["diagonal", "lmmse", "gamp"]))
def test_units_do_not_matter(a, b, e_step):
    A, y = NOISY.A[:, :40] * 10.0**a, NOISY.y[:, :2] * 10.0**b
    scaled = rectified_sbl(A, y, e_step, noise=NOISY.noise * 100.0**b)
    plain = rectified_sbl(NOISY.A[:, :40], NOISY.y[:, :2], e_step, noise=NOISY.noise)
    assert scaled.x * 10.0 ** (a - b) == pytest.approx(plain.x, rel=1e-4, abs=1e-6)


def test_float32_stays():
    result = rectified_sbl(NOISY.A.astype("f"), NOISY.y.astype("f"), noise=NOISY.noise)
    for name in ("x", "std", "mean", "mode", "scales"):
        assert getattr(result, name).dtype == np.float32, name
    assert error(result.x, NOISY.x) < 0.02


def test_same_seed_same_answer():
    kinds = [
        rectified_sbl(NOISY.A, NOISY.y[:, :1], "mcmc", noise=NOISY.noise, max_iter=3, random_state=s) for s in (5, 5, 6)
    ]
    assert np.array_equal(kinds[0].x, kinds[1].x)
    assert not np.array_equal(kinds[0].x, kinds[2].x)


EDGES = {
    "one entry": (np.ones((1, 1)), np.ones(1)),
    "one column": (np.arange(1.0, 5.0)[:, None], np.arange(1.0, 5.0)),
    "one row": (np.ones((1, 5)), np.ones(1)),
    "zero column": (np.array([[1.0, 0.0], [0.0, 0.0]]), np.ones(2)),
    "zero dictionary": (np.zeros((3, 4)), np.ones(3)),
    "zero signal": (np.eye(3), np.zeros(3)),
    "constant": (np.ones((6, 3)), np.ones(6)),
    "twins": (np.repeat(np.eye(4), 2, axis=1), np.ones(4)),
    "wrong side": (np.eye(3), -np.ones(3)),
    "mixed scales": (np.diag([1e-12, 1.0, 1e12]), np.ones(3)),
}


@pytest.mark.parametrize(("A", "y"), EDGES.values(), ids=EDGES)
@pytest.mark.parametrize("e_step", [*sorted(set(ESTEPS) - {"mcmc"}), MonteCarlo(n_samples=10, burn_in=2)], ids=str)
@pytest.mark.parametrize("noise", [0.0, 0.01, "auto"])
def test_edges(A, y, e_step, noise):
    result = rectified_sbl(A, y, e_step, noise=noise, max_iter=20)
    for name in ("x", "std", "mean", "noise"):
        assert np.isfinite(getattr(result, name)).all(), name
    assert np.all(result.x >= 0)
    assert np.all(result.x[~A.any(axis=0)] == 0)
    low, high = result.interval()
    assert np.all(low <= high)


A, Y = NOISY.A, NOISY.y
BAD = {
    "e_step": ({"e_step": "diag"}, ParameterError, "e_step must be one of 'diagonal'"),
    "e_step kind": ({"e_step": 3}, ParameterError, "or an EStep"),
    "prior": ({"prior": "cauchy"}, ParameterError, "prior must be one of 'flat'"),
    "prior family": ({"prior": PowerExponential()}, ParameterError, "made for type II"),
    "noise": ({"noise": -1.0}, ParameterError, "noise must be a variance"),
    "noise nan": ({"noise": float("nan")}, ParameterError, "noise must be a variance"),
    "noise word": ({"noise": "known"}, ParameterError, "one of 'auto', 'cv'"),
    "noise shape": ({"noise": np.ones(3)}, ParameterError, "one for each signal"),
    "noise and snr": ({"noise": 0.1, "snr": 20}, ParameterError, "snr must be left out"),
    "snr": ({"snr": "20 dB"}, ParameterError, "snr must be a number"),
    "estimate": ({"estimate": "median"}, ParameterError, "estimate must be one of"),
    "marginals": ({"marginals": "gibbs"}, ParameterError, "marginals must be one of"),
    "prune": ({"prune": -0.1}, ParameterError, "prune must be a number"),
    "relaxation": ({"relaxation": 2}, ParameterError, "relaxation must be a number"),
    "max_iter": ({"max_iter": 0}, ParameterError, "max_iter must be a whole number"),
    "tol": ({"tol": -1}, ParameterError, "tol must be a number"),
    "memory": ({"memory": "lots"}, ParameterError, "memory must be a size"),
    "random_state": ({"random_state": "x"}, ParameterError, "random_state must be"),
    "shared_support": ({"shared_support": "yes"}, ParameterError, "shared_support must be one of"),
    "signals": ({"y": np.ones(3)}, DataError, "the signals must have shape"),
    "infinite": ({"y": np.full(50, np.inf)}, DataError, "must be finite"),
    "dictionary": ({"A": np.full((50, 3), np.nan)}, DataError, "the dictionary"),
}


@pytest.mark.parametrize(("given", "kind", "words"), BAD.values(), ids=BAD)
def test_bad_input(given, kind, words):
    with pytest.raises(kind, match=f"rectified_sbl: .*{words}"):
        rectified_sbl(given.pop("A", A), given.pop("y", Y), **given)


def test_each_e_step_and_prior_says_what_it_is():
    for kinds in (ESTEPS, PRIORS):
        for name, kind in kinds.items():
            assert kind.name == name
            assert kind.summary
    assert isinstance(Diagonal(), ESTEPS["diagonal"])
    assert StudentT().families == ("type I", "type II")
