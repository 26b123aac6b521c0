"""Codes and dictionary in turn never raise the objective, whatever the prior and the rows; sums say what it is."""

import numpy as np
import pytest
import scipy.sparse
from factorize.problems import EVERY, objective, penalty_of, problem, unit_rows

from laconic.core.blocks import LocalPool, as_source
from laconic.factorize.dictionaries import Atoms, improved
from laconic.factorize.dictionaries import objective as from_sums
from laconic.factorize.finish import dictionary_gap
from laconic.factorize.nmf import surveyed
from laconic.factorize.penalty import NONE
from laconic.factorize.solvers import SOLVERS, Multiplicative
from laconic.factorize.steps import Encode, Weigh

BOTH = pytest.mark.parametrize("solver", [kind() for kind in SOLVERS.values()], ids=list(SOLVERS))
ROWS = ("free", "penalised", "of length one")


def posed(seed):
    """A small problem: samples, weights, a start, and what is penalised; primes, ones and missing entries among it."""
    rng = np.random.default_rng(seed)
    n, p, k = rng.integers(1, 12, 3)
    X, C, D = problem(n, k, p, seed)
    C, D = np.maximum(C, 1e-2), np.maximum(D, 1e-2)
    if seed % 3 == 0:
        X[rng.random(X.shape) < 0.2] = np.nan
    weight = rng.integers(0, 4, n).astype(float) if seed % 5 == 0 else np.ones(n)
    codes = penalty_of(EVERY[seed % len(EVERY)], rng.exponential())
    rows = ROWS[seed // len(EVERY) % 3]
    atoms = Atoms(rows == "of length one", penalty_of(EVERY[seed // 7 % len(EVERY)]) if rows == "penalised" else NONE)
    return X, weight, C, unit_rows(D) if atoms.unit_length else D, codes, atoms


def alternated(solver, seed, turns=6):
    """The dense objective before and after each turn of either factor."""
    X, weight, C, D, codes, atoms = posed(seed)
    pool = LocalPool(as_source("test", X, weight=weight, block_size=3))
    first = [slice(a, b) for a, b in zip(pool.source.edges[:-1], pool.source.edges[1:], strict=True)]
    pool.restore(iter([C[rows] for rows in first]))
    values = [objective(X, C, D, codes, atoms.penalty, weight)]
    for _ in range(turns):
        total = pool.run(Encode(D, 1.0, solver, codes))
        C = np.concatenate(list(pool.states()))
        values.append(objective(X, C, D, codes, atoms.penalty, weight))
        D = improved(solver, total, D, atoms).dictionary
        values.append(objective(X, C, D, codes, atoms.penalty, weight))
    return np.array(values)


def never_rises(solver, seeds):
    falls = 0
    for seed in seeds:
        values = alternated(solver, seed)
        assert np.all(np.diff(values) <= 1e-10 * np.abs(values).max()), (seed, posed(seed)[-2:])
        falls += values[-1] < values[0]
    assert falls > 0.9 * len(seeds)


@BOTH
def test_the_objective_never_rises(solver):
    never_rises(solver, range(120))


@pytest.mark.slow
@BOTH
def test_the_objective_never_rises_over_a_thousand_problems(solver):
    never_rises(solver, range(1000, 2000))


# Sums -------------------------------------------------------------------------------------------------------------


def weighed(X, C, D, penalty, *, weight=None, size=None, unit=1.0):
    """The audit of a pair, by blocks."""
    source = as_source("test", X, weight=weight, block_size=size)
    pool = LocalPool(source)
    pool.restore(iter([C[a:b] / unit for a, b in zip(source.edges[:-1], source.edges[1:], strict=True)]))
    return pool.run(Weigh(D, unit, penalty)), surveyed("test", pool)


@pytest.mark.parametrize("lost", [0.0, 0.3])
@pytest.mark.parametrize("weighs", [False, True])
@pytest.mark.parametrize("hold", [np.asarray, scipy.sparse.csr_array], ids=["dense", "sparse"])
def test_sums_are_their_dense_formulas(hold, weighs, lost):
    X, C, D = problem(23, 4, 7, seed=1)
    rng = np.random.default_rng(2)
    X[rng.random(X.shape) < lost] = np.nan
    weight = rng.integers(0, 4, 23).astype(float) if weighs else None
    w = np.ones(23) if weight is None else weight
    filled = np.where(np.isnan(X), C @ D, X)
    for prior in EVERY:
        penalty = penalty_of(prior)
        for size in (None, 1, 5):
            audit, survey = weighed(hold(X), C, D, penalty, weight=weight, size=size)
            total = audit.statistics
            expected = {
                "gram": (C * w[:, None]).T @ C,
                "cross": (C * w[:, None]).T @ filled,
                "made_up": np.sum(w[:, None] * np.isnan(X) * filled**2),
                "penalty": np.sum(w * penalty.rows(C)),
                "size": np.sum(w[:, None] * C**2 * np.sum(D**2, axis=1)),
                "squares": np.sum(w[:, None] * C**2),
                "quartics": np.sum(w[:, None] * C**4),
            }
            for name, value in expected.items():
                np.testing.assert_allclose(getattr(total, name), value, rtol=1e-12, atol=1e-12, err_msg=name)
            dense = objective(X, C, D, penalty, weight=w)
            atoms = Atoms(unit_length=False)
            assert from_sums(total, survey.energy_in_units * survey.unit**2, D, atoms) == pytest.approx(
                dense, rel=1e-11
            )
            assert audit.errors == pytest.approx(objective(X, C, D, weight=w), rel=1e-11)


def test_the_unit_changes_the_sums_by_its_powers():
    X, C, D = problem(23, 4, 7, seed=1)
    X[3, 2] = np.nan
    plain, scaled = (weighed(X, C, D, NONE, unit=unit)[0] for unit in (1.0, 8.0))
    powers = {"gram": 2, "cross": 2, "made_up": 2, "size": 2, "squares": 2, "quartics": 4, "moved": 2, "used": 0}
    for name, power in powers.items():
        one, two = (getattr(audit.statistics, name) for audit in (plain, scaled))
        np.testing.assert_allclose(two, one / 8**power, rtol=1e-12)
    assert scaled.errors == pytest.approx(plain.errors / 64)


@pytest.mark.parametrize("prior", EVERY, ids=repr)
def test_sums_over_blocks_are_those_of_one(prior):
    X, C, D = problem(40, 5, 9, seed=4)
    whole, _ = weighed(X, C, D, penalty_of(prior))
    for size in (1, 7, 39):
        parts, _ = weighed(X, C, D, penalty_of(prior), size=size)
        for name in ("gram", "cross", "penalty", "moved", "size", "used", "squares", "quartics"):
            one, two = (getattr(audit.statistics, name) for audit in (whole, parts))
            np.testing.assert_allclose(two, one, rtol=1e-12, err_msg=name)


def test_single_precision_sums_are_near_those_of_double():
    X, C, D = (one.astype(np.float32) for one in problem(300, 5, 9, seed=4))
    small, _ = weighed(X, C, D, NONE, size=40)
    large, _ = weighed(*(one.astype(float) for one in (X, C, D)), NONE, size=40)
    assert small.statistics.gram.dtype == np.float64
    for name in ("gram", "cross", "moved", "size", "squares", "quartics"):
        one, two = (getattr(audit.statistics, name) for audit in (small, large))
        np.testing.assert_allclose(one, two, rtol=2e-5)


@BOTH
def test_a_stationary_pair_has_no_gap(solver):
    X, C, D = problem(30, 2, 6, seed=5, empty=0.0)
    pool = LocalPool(as_source("test", X, block_size=11))
    pool.restore(iter(np.split(C, [11, 22])))
    atoms, gaps = Atoms(unit_length=False), []
    for _ in range(2000 if isinstance(solver, Multiplicative) else 300):
        total = pool.run(Encode(D, 1.0, solver, NONE))
        gaps.append(max(total.change, dictionary_gap(total, D, atoms)))
        D = improved(solver, total, D, atoms).dictionary
    assert gaps[0] > 1e-2
    assert gaps[-1] < 1e-4
