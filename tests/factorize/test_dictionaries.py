"""The dictionary's half: free rows, penalised entries, rows of length one, by either solver."""

import numpy as np
import pytest
from factorize.problems import EVERY, of_rows, penalty_of, problem, unit_rows
from scipy.optimize import brentq

from laconic.factorize.dictionaries import Atoms, improved, normalised
from laconic.factorize.penalty import NONE
from laconic.factorize.solvers import SOLVERS, Hals, Multiplicative
from laconic.factorize.solvers.gap import best_unit, stationary_step, unit_step
from laconic.factorize.solvers.multiplicative import _on_sphere, smallest, updated

BOTH = pytest.mark.parametrize("solver", [kind() for kind in SOLVERS.values()], ids=list(SOLVERS))


def posed(seed, n=30, k=4, p=9, empty=0.3):
    """C'C, C'X and a dictionary."""
    X, C, D = problem(n, k, p, seed, empty)
    return C.T @ C, C.T @ X, np.maximum(D, 1e-3)


def value(gram, cross, D, penalty=NONE):
    return of_rows(gram, cross.T, D.T, penalty).sum()


@BOTH
@pytest.mark.parametrize("prior", EVERY, ids=repr)
def test_entries_never_raise_the_objective(solver, prior):
    penalty = penalty_of(prior)
    for seed in range(12):
        gram, cross, D = posed(seed)
        values = [value(gram, cross, D, penalty)]
        for _ in range(5):
            D = solver.atoms(gram, cross, D, penalty).x
            values.append(value(gram, cross, D, penalty))
        assert np.all(np.diff(values) <= 1e-11 * np.abs(values).max())
        assert np.all(D >= 0)


@BOTH
def test_rows_of_length_one_never_raise_the_objective(solver):
    for seed in range(100):
        gram, cross, D = posed(seed)
        D = unit_rows(D)
        values = [value(gram, cross, D)]
        for _ in range(5):
            D = solver.unit_atoms(gram, cross, D).x
            values.append(value(gram, cross, D))
            np.testing.assert_allclose(np.linalg.norm(D, axis=1), 1, rtol=1e-12)
        assert np.all(np.diff(values) <= 1e-11 * np.abs(values).max())
        assert np.all(D >= 0)


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_stay(solver, dtype):
    gram, cross, D = (one.astype(dtype) for one in posed(0))
    for found in (solver.atoms(gram, cross, D, NONE), solver.unit_atoms(gram, cross, unit_rows(D))):
        assert found.x.dtype == found.moved.dtype == dtype


@BOTH
def test_an_atom_that_is_not_used_stays_a_row_of_length_one(solver):
    gram, cross, D = posed(1)
    gram[1], gram[:, 1], cross[1] = 0, 0, 0
    found = solver.unit_atoms(gram, cross, unit_rows(D)).x
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)


def test_free_rows_come_to_the_least_squares_answer():
    from scipy.optimize import nnls

    X, C, D = problem(40, 4, 9, 5)
    gram, cross = C.T @ C, C.T @ X
    expected = np.stack([nnls(C, column)[0] for column in X.T], axis=1)
    found = D
    for _ in range(200):
        found = Hals().atoms(gram, cross, found, NONE).x
    np.testing.assert_allclose(found, expected, atol=1e-8)
    slow = Multiplicative(updates=20_000).atoms(gram, cross, np.maximum(D, 0.1), NONE).x
    np.testing.assert_allclose(slow, expected, atol=1e-2)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_row_of_length_one_is_that_of_brute_force(seed):
    rng = np.random.default_rng(seed)
    wanted = rng.normal(size=5) * 10.0 ** rng.uniform(-200, 150)
    best = best_unit(wanted, np.zeros(5))
    tries = unit_rows(np.abs(rng.normal(size=(20_000, 5))) * (rng.random((20_000, 5)) < 0.7))
    assert np.linalg.norm(best) == pytest.approx(1)
    assert best @ wanted >= (tries @ wanted).max()


def test_where_nothing_is_wanted_a_row_stays():
    row = unit_rows(np.ones((1, 3)))[0]
    assert np.array_equal(best_unit(np.array([-1.0, 0.0, -2.0]), row), row)


def on_sphere_by_bisection(a, b):
    """The minimiser of sum a d^2 - 2 b d over d of length one, from its secular equation in ln s."""
    above = a - a.min()

    def longer(t):
        return np.linalg.norm(b / (above + np.exp(t))) - 1

    low = np.log(b[above <= 0].max()) - 1e-6
    return b / (above + np.exp(brentq(longer, low, np.log(np.linalg.norm(b)) + 1e-9, xtol=1e-14, rtol=1e-15)))


@pytest.mark.parametrize("seed", range(4))
def test_the_step_on_the_sphere_is_the_exact_minimiser_of_its_majoriser(seed):
    rng = np.random.default_rng(seed)
    for _ in range(100):
        p = rng.integers(2, 12)
        d = unit_rows(rng.random((1, p)) ** rng.integers(1, 8) + 1e-30)
        b = rng.random((1, p)) ** rng.integers(1, 60) * 10.0 ** rng.uniform(-5, 5)
        b[rng.random((1, p)) < 0.2] = 0
        a = rng.random((1, p)) ** rng.integers(1, 8) * 10.0 ** rng.uniform(-5, 5)
        a, b = a * d / d, np.maximum(b, smallest(d))
        found = _on_sphere(a * d, b, d)
        best = on_sphere_by_bisection(a[0], b[0])
        values = [np.sum(a * one**2 - 2 * b * one) for one in (found, best)]
        assert values[0] <= values[1] + 1e-11 * (a.max() + np.linalg.norm(b))
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-14)
        tries = unit_rows(np.abs(rng.normal(size=(300, p))) ** 3)
        assert values[0] <= np.sum(a * tries**2 - 2 * b * tries, axis=1).min() + 1e-11 * (a.max() + np.linalg.norm(b))


def test_a_feature_that_is_nowhere_is_no_trouble_on_the_sphere():
    """The smallest a may belong to a feature without data: then s is far below any rounding of a."""
    d = unit_rows(np.array([[0.9, 0.3, 0.3]]))
    for small in (0.0, 1e-100, 1e-20, 1e-10):
        found = _on_sphere(np.array([[1.0, 2.0, 3.0]]) * d, np.array([[small, 0.1, 0.1]]), d)
        np.testing.assert_allclose(found[0, 1:], [0.1, 0.05], rtol=1e-9)
        assert np.linalg.norm(found) == pytest.approx(1)


@pytest.mark.parametrize("size", [1.0, 1e-20, 1e-70, 1e-150])
def test_codes_that_all_but_vanish_are_no_trouble_on_the_sphere(size):
    gram, cross, D = posed(3)
    found, plain = (
        _on_sphere(part @ unit_rows(D), row, unit_rows(D))
        for part, row in ((gram * size**2, cross * size), (gram * size, cross))
    )
    np.testing.assert_allclose(found, plain, rtol=1e-12)


@pytest.mark.parametrize("prior", EVERY, ids=repr)
def test_an_update_is_the_papers(prior):
    """H <- H * W'X / (W'W H + lambda z/2 Omega H^(z-1)), written out."""
    X, C, D = problem(6, 3, 5, 1)
    C, penalty = C + 0.1, penalty_of(prior)
    W, H = D.T, C.T
    slope = 0.0 if penalty.is_flat else penalty.strength * prior.z / 2 * prior.weight(H) * H ** (prior.z - 1)
    expected = H * (W.T @ X.T) / (W.T @ W @ H + slope)
    np.testing.assert_allclose(updated(D @ D.T, X @ D.T, C, penalty), expected.T, rtol=1e-12, atol=1e-150)


@BOTH
def test_a_stationary_dictionary_does_not_move(solver):
    """And what `moved` says of it is what the step to the best place says."""
    gram, cross, D = posed(7)
    D = unit_rows(D)
    first = solver.unit_atoms(gram, cross, D)
    assert first.moved.sum() > 1e-3
    for _ in range(1000 if isinstance(solver, Multiplicative) else 100):
        D = solver.unit_atoms(gram, cross, D).x
    again = solver.unit_atoms(gram, cross, D)
    assert again.moved.sum() < 1e-4 * first.moved.sum()
    assert np.abs(unit_step(gram, cross, D)).max() < 0.01
    assert improved(solver, _Sums(gram, cross), D, Atoms(unit_length=True)).change < 0.01


class _Sums:
    def __init__(self, gram, cross):
        self.gram, self.cross = gram, cross


def test_the_stationary_step_is_zero_at_the_answer_alone():
    gram, cross, D = posed(3)
    start = stationary_step(gram, cross.T, D.T, NONE)
    for _ in range(300):
        D = Hals().atoms(gram, cross, D, NONE).x
    assert np.abs(start).max() > 0.1
    assert np.abs(stationary_step(gram, cross.T, D.T, NONE)).max() < 1e-9


@pytest.mark.parametrize(("dtype", "scale"), [(float, 1e-200), (float, 1.0), (float, 1e200), (np.float32, 1e30)])
def test_rows_of_length_one_at_any_scale(dtype, scale):
    rows = (np.array([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0]]) * scale).astype(dtype)
    found, lengths = normalised(rows)
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0], [1, 0]], rtol=1e-6)
    np.testing.assert_allclose(lengths, np.array([5 * scale, 1, scale]), rtol=1e-6)
