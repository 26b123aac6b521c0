"""Coordinate descent in tiles: a plain loop, its twin for other libraries, brute force; each row as if alone."""

import numpy as np
import pytest
from factorize.problems import EVERY, PRIORS, Custom, of_rows, penalty_of, problem

from laconic.factorize.penalty import NONE
from laconic.factorize.solvers import Hals, Multiplicative, everywhere
from laconic.factorize.solvers.hals import swept
from laconic.nnls.descent import KNOWN
from laconic.nnls.penalised import lowest
from laconic.priors import Flat, GeneralisedDoublePareto, Laplacian, PowerExponential

LINES = [Flat(), Laplacian(2.0), PowerExponential(1.0, 0.5), PowerExponential(2.0)]
EXACT_EVERYWHERE = [*LINES, GeneralisedDoublePareto(0.1), GeneralisedDoublePareto(1e-2)]
"""Priors whose line or parabola is the penalty itself, or whose one-dimensional problem takes a formula."""


def posed(n, k, seed=0, dtype=np.float64):
    X, C, D = problem(n, k, seed=seed)
    return tuple(np.ascontiguousarray(one, dtype=dtype) for one in (D @ D.T, X @ D.T, C))


def looped(gram, pull, x, penalty, sweeps):
    """One coordinate after the other, in float64; with the size of the steps of the first sweep."""
    gram, pull, x = (one.astype(float) for one in (gram, pull, x))
    kind, factor, offset, exponent = KNOWN[type(penalty.prior)](penalty.prior)
    moved = np.zeros(len(x))
    for i in range(len(x)):
        for sweep in range(sweeps):
            for j in range(len(gram)):
                d, before = gram[j, j], x[i, j]
                wanted = pull[i, j] - gram[j] @ x[i] + d * before
                x[i, j] = lowest(d, wanted, penalty.strength * factor / 2, kind, offset, exponent) if d > 0 else 0.0
                moved[i] += d * (x[i, j] - before) ** 2 * (sweep == 0)
    return x, moved


@pytest.fixture
def threads(monkeypatch):
    monkeypatch.setattr("laconic.core.threads.n_threads", lambda: 3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("prior", PRIORS, ids=repr)
@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 5), (63, 3), (64, 4), (65, 5), (3, 64), (2, 65)])
def test_tiles_are_a_plain_loop(n, k, prior, dtype):
    gram, pull, x = posed(n, k, dtype=dtype)
    penalty = penalty_of(prior)
    for sweeps in (1, 3):
        found = swept(gram, pull, x, penalty, sweeps, 0.0)
        expected, moved = looped(gram, pull, x, penalty, sweeps)
        assert found.x.dtype == found.moved.dtype == dtype
        if dtype == np.float64:
            np.testing.assert_allclose(found.x, expected, rtol=1e-6, atol=1e-9)  # some minima are flat
            np.testing.assert_allclose(found.moved, moved, rtol=1e-6, atol=1e-9)
        else:  # of two minima that are alike rounding may choose either
            values = [of_rows(gram.astype(float), pull.astype(float), one, penalty) for one in (found.x, expected)]
            np.testing.assert_allclose(*values, rtol=1e-4, atol=1e-4 * np.abs(values[1]).max())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("prior", EXACT_EVERYWHERE, ids=repr)
@pytest.mark.parametrize(("n", "k"), [(1, 1), (65, 5), (64, 64), (1200, 4)])
def test_tiles_are_their_twin_of_other_libraries(n, k, prior, dtype, threads):
    gram, pull, x = posed(n, k, dtype=dtype)
    one, two = (run(gram, pull, x, penalty_of(prior), 4, 0.0) for run in (swept, everywhere.descend))
    tolerance = {"rtol": 1e-8, "atol": 1e-10} if dtype == np.float64 else {"rtol": 2e-2, "atol": 2e-3}
    np.testing.assert_allclose(one.x, two.x, **tolerance)
    np.testing.assert_allclose(one.moved, two.moved, **tolerance)


@pytest.mark.parametrize("prior", EVERY, ids=repr)
@pytest.mark.parametrize("run", [swept, everywhere.descend])
def test_no_sweep_raises_the_objective_of_any_row(prior, run):
    penalty, last = penalty_of(prior), None
    for seed in range(6):
        gram, pull, x = posed(120, 7, seed=seed)
        values = [of_rows(gram, pull, run(gram, pull, x, penalty, sweeps, 0.0).x, penalty) for sweeps in range(1, 8)]
        values = np.stack([of_rows(gram, pull, x, penalty), *values])
        assert np.all(np.diff(values, axis=0) <= 1e-11 * np.abs(values).max())
        last = values
    assert np.mean(last[0] - last[-1]) > 0.1


@pytest.mark.parametrize("prior", EVERY, ids=repr)
def test_many_sweeps_end_where_the_gradient_says(prior):
    gram, pull, x = posed(50, 6, seed=3)
    penalty = penalty_of(prior)
    x = np.maximum(x, 1e-3)
    found = swept(gram, pull, x, penalty, 1000, 0.0).x
    here, lift = of_rows(gram, pull, found, penalty), 1e-4 * np.maximum(found, 1e-2)
    for j in range(6):
        for sign in (1, -1):
            moved = found.copy()
            moved[:, j] = np.maximum(found[:, j] + sign * lift[:, j], 0)
            assert np.all(of_rows(gram, pull, moved, penalty) >= here - 1e-10)


@pytest.mark.parametrize("prior", PRIORS, ids=repr)
def test_one_coordinate_is_found_by_brute_force(prior):
    rng = np.random.default_rng(1)
    penalty = penalty_of(prior, 0.5)
    gram, pull = np.array([[1.7]]), np.concatenate([rng.normal(size=150), rng.exponential(size=149), [0.0]])[:, None]
    found = swept(gram, pull, np.full_like(pull, 0.3), penalty, 1, 0.0).x

    def of(h):
        many = np.repeat(pull, h.shape[1], axis=0)
        return of_rows(gram, many, h.reshape(-1, 1), penalty).reshape(h.shape)

    top = np.maximum(pull, 0) / 1.7 + 1e-9
    grid = np.concatenate([0 * top, np.geomspace(1e-9, 1, 400) * top], axis=1)
    best = np.take_along_axis(grid, of(grid).argmin(axis=1)[:, None], axis=1)
    near = best * np.linspace(0.94, 1.06, 500)
    assert np.all(of(found)[:, 0] <= np.minimum(of(near).min(axis=1), of(grid).min(axis=1)) + 1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("prior", PRIORS, ids=repr)
def test_each_row_comes_out_as_if_alone(prior, dtype, threads):
    gram, pull, x = posed(1200, 5, dtype=dtype)
    together = swept(gram, pull, x, penalty_of(prior), 3, 0.0)
    for i in (0, 1, 63, 64, 399, 400, 401, 447, 448, 1199):
        rows = slice(i, i + 1)
        alone = swept(gram, pull[rows], x[rows], penalty_of(prior), 3, 0.0)
        assert np.array_equal(alone.x, together.x[rows])
        assert np.array_equal(alone.moved, together.moved[rows])


@pytest.mark.parametrize("prior", EVERY, ids=repr)
@pytest.mark.parametrize("run", [swept, everywhere.descend])
def test_an_atom_of_zeros_gets_no_code(prior, run):
    gram, pull, x = posed(70, 4)
    gram[2], gram[:, 2], pull[:, 2] = 0, 0, 0
    found = run(gram, pull, x, penalty_of(prior), 3, 0.0)
    expected = x[:, 2] if penalty_of(prior).is_flat else 0  # where it costs nothing it may stay
    assert np.all(found.x[:, 2] == expected)
    others = [0, 1, 3]
    without = run(gram[np.ix_(others, others)], pull[:, others], x[:, others], penalty_of(prior), 3, 0.0)
    np.testing.assert_allclose(found.x[:, others], without.x, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.moved, without.moved, rtol=1e-6, atol=1e-9)


def test_what_comes_in_is_left_as_it_is():
    gram, pull, x = posed(70, 4)
    before = [one.copy() for one in (gram, pull, x)]
    for prior in (Laplacian(), Custom(1e-2)):
        swept(gram, pull, x, penalty_of(prior), 3, 0.0)
        Hals().atoms(gram, pull.T, x.T, penalty_of(prior))
    Hals().unit_atoms(gram, pull.T, x.T)
    for one, was in zip((gram, pull, x), before, strict=True):
        assert np.array_equal(one, was)


def test_sweeps_end_when_steps_are_short():
    gram, pull, x = posed(40, 6)
    long = swept(gram, pull, x, NONE, 2000, 0.0).x
    errors = [np.abs(swept(gram, pull, x, NONE, 2000, settled).x - long).max() for settled in (0.5, 0.05, 1e-3, 1e-8)]
    assert errors[0] > errors[1] > errors[2] > errors[3]
    assert errors[3] < 1e-6


@pytest.mark.parametrize("prior", [PowerExponential(0.5)], ids=repr)
def test_the_exact_kernel_leaves_local_minima_that_a_line_stays_in(prior):
    gram, pull, x = posed(200, 5, seed=2)
    exact, lines = (run(gram, pull, 0 * x, penalty_of(prior), 50, 0.0).x for run in (swept, everywhere.descend))
    values = [of_rows(gram, pull, one, penalty_of(prior)).sum() for one in (exact, lines)]
    assert values[0] <= values[1]


def paths(prior):
    return (penalty_of(prior, 0.02), penalty_of(prior, 0.2))


@pytest.mark.parametrize("solver", [Hals(), Multiplicative()], ids=lambda solver: solver.name)
@pytest.mark.parametrize("prior", PRIORS, ids=repr)
def test_codes_found_from_nothing_are_those_of_each_sample_alone(prior, solver):
    gram, pull, _ = posed(66, 5)
    together = solver.encode(gram, pull, paths(prior))
    for i in (0, 63, 65):
        alone = solver.encode(gram, pull[i : i + 1], paths(prior))
        np.testing.assert_allclose(alone, together[i : i + 1], rtol=1e-9, atol=1e-12)
