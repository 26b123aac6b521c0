"""The E-step skeleton keeps the promises that CONTRIBUTING.md asks of a new E-step."""

from dataclasses import replace

import numpy as np
import pytest
from orthant_cases import Case, planted, quadrature, small

from laconic.core.checks import ParameterError
from laconic.sbl import ESTEPS, Diagonal, rectified_sbl
from laconic.sbl.moments import rectified_moments
from laconic.sbl.records import Problem
from laconic.structured.dictionary import as_dictionary
from skeletons.e_step import MeanField

FINE = MeanField(sweeps=200)


@pytest.mark.parametrize("seed", range(4))
def test_two_coefficients_are_near_those_of_quadrature(seed):
    case = small(seed)
    assert case.moments(FINE).mean[0] == pytest.approx(quadrature(case)[0], rel=0.1)


def test_exact_where_columns_are_orthogonal():
    A = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 3)))[0]
    case = Case(A, A @ [1.0, -2.0, 0.1], np.array([1.0, 1.0, 0.1]), 0.05)
    found, exact = case.moments(FINE), case.moments(Diagonal())
    assert found.mean == pytest.approx(exact.mean)
    assert found.variance == pytest.approx(exact.variance)


def test_each_factor_is_the_best_given_the_others():
    """The definition: no coefficient's mean changes when it alone is computed again."""
    case = small(1, n=12, m=6)
    found, noise = case.moments(FINE), case.noise
    for j, column in enumerate(case.A.T):
        others = case.y - case.A @ found.mean[0] + column * found.mean[0, j]
        spread = 1 / (column @ column / noise + 1 / case.gamma[j])
        assert rectified_moments(spread * column @ others / noise, spread)[0] == pytest.approx(found.mean[0, j])


def test_goes_on_from_where_it_was():
    case = small(2, n=12, m=6)
    settled = case.moments(FINE)
    assert case.moments(MeanField(1), settled).mean == pytest.approx(settled.mean, rel=1e-9)


def test_a_scale_of_zero_gives_zero():
    case = small(3, m=3)
    pruned = replace(case, gamma=np.array([1.0, 0.0, 1.0])).moments(FINE, case.moments(FINE))
    assert pruned.mean[0, 1] == pruned.variance[0, 1] == 0
    assert np.isfinite(pruned.mean).all()


def test_each_signal_is_as_if_alone_and_missing_entries_do_not_count():
    A, Y, _ = planted("normal", 10, 6, 2, seed=0, n_signals=3)
    mask = (np.random.default_rng(1).random((3, 10)) > 0.2).astype(float)
    problem = Problem(np.arange(3), Y.T * mask, mask, as_dictionary("test", A))
    together = MeanField(50).moments(problem, np.ones((1, 6)), np.array([0.01]), None)
    for i in range(3):
        alone = Case(A[mask[i] > 0], Y[mask[i] > 0, i], np.ones(6), 0.01).moments(MeanField(50))
        assert together.mean[i] == pytest.approx(alone.mean[0])


def test_stays_in_its_library_and_type():
    torch = pytest.importorskip("torch")
    A, Y, _ = planted("normal", 10, 6, 2, seed=0)
    result = rectified_sbl(torch.tensor(A, dtype=torch.float32), Y[:, 0], MeanField(), noise=0.01)
    assert result.std.dtype == torch.float32


def test_its_line_makes_it_known_by_name_and_it_learns(monkeypatch):
    monkeypatch.setitem(ESTEPS, MeanField.name, MeanField)
    A, Y, X = planted("normal", 20, 30, 2, seed=0, noise=1e-4)
    result = rectified_sbl(A, Y[:, 0], "mean_field", noise=1e-4)
    assert result.x == pytest.approx(X[:, 0], abs=0.05)


@pytest.mark.parametrize("bad", [0, 1.5, True])
def test_bad_options_are_named(bad):
    with pytest.raises(ParameterError, match="MeanField: sweeps must be a whole number of at least 1"):
        MeanField(bad)
