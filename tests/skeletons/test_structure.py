"""The structure skeleton keeps the promises that CONTRIBUTING.md asks of a new structure."""

import array_api_strict
import numpy as np
import pytest

from laconic.core.checks import DataError
from laconic.structured import KINDS, files, nearest
from skeletons.structure import DiagonalMatrix


@pytest.fixture
def structure():
    return DiagonalMatrix.zeros(5).random(np.random.default_rng(0), std=2.0)


def test_acts_like_its_dense_twin(structure):
    rng = np.random.default_rng(1)
    for shape in ((5,), (5, 3), (2, 4, 5, 3)):
        x = rng.standard_normal(shape)
        np.testing.assert_allclose(structure.matmul(x), structure.dense() @ x, rtol=1e-12)
        np.testing.assert_allclose(structure.rmatmul(x), structure.dense().T @ x, rtol=1e-12)


def test_float32_stays_float32():
    structure = DiagonalMatrix(np.ones(5, np.float32))
    assert structure.matmul(np.ones(5, np.float32)).dtype == structure.dense().dtype == np.float32


def test_torch_gradients_equal_the_dense_twin():
    torch = pytest.importorskip("torch")
    diagonal = torch.linspace(1, 2, 5, dtype=torch.float64, requires_grad=True)
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)
    structure = DiagonalMatrix(diagonal)
    (through_product,) = torch.autograd.grad(structure.matmul(x).square().sum(), diagonal)
    (through_matrix,) = torch.autograd.grad((structure.dense() @ x).square().sum(), diagonal)
    torch.testing.assert_close(through_product, through_matrix)


def test_uses_nothing_outside_the_array_api():
    structure = DiagonalMatrix(array_api_strict.asarray([1.0, 2.0]))
    x = array_api_strict.asarray([3.0, 4.0])
    assert array_api_strict.all(structure.matmul(x) == structure.dense() @ x)
    assert array_api_strict.all(structure.rmatmul(x) == structure.dense() @ x)


def test_costs_are_counted(structure):
    assert (structure.n_parameters, structure.n_macs, structure.max_rank, structure.scratch) == (5, 5, 5, 0)


def test_nearest_is_exact_on_members_and_best_of_its_kind(structure):
    member = nearest(structure.dense(), DiagonalMatrix.zeros(5))
    np.testing.assert_array_equal(member.dense(), structure.dense())
    rng = np.random.default_rng(2)
    matrix = rng.standard_normal((5, 5))
    others = [DiagonalMatrix.zeros(5).random(rng, 1.0) for _ in range(100)]
    errors = [np.linalg.norm(matrix - other.dense()) for other in others]
    assert np.linalg.norm(matrix - nearest(matrix, structure).dense()) <= min(errors)


def test_survives_a_file(structure, tmp_path):
    files.save_structure(structure, tmp_path / "diagonal.npz")
    read = files.load_structure_from(tmp_path / "diagonal.npz", {**KINDS, "diagonal": DiagonalMatrix})
    np.testing.assert_array_equal(read.dense(), structure.dense())


@pytest.mark.parametrize("bad", [np.ones((2, 2)), np.ones(0), np.ones(3, int)])
def test_bad_input_is_named(bad):
    with pytest.raises(DataError, match="DiagonalMatrix: diagonal must be a floating-point vector"):
        DiagonalMatrix(bad)
