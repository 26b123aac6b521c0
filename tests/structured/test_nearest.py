"""`nearest` against the best that is known, against random members, and on members themselves."""

import numpy as np
import pytest
from structured.instances import LIBRARIES, TEMPLATES, member

from laconic.core.arrays import array_namespace, device, to_numpy
from laconic.structured import (
    EmbeddedMatrix,
    HybridKroneckerMatrix,
    KroneckerMatrix,
    LowRankMatrix,
    MaskedMatrix,
    SumMatrix,
    nearest,
)
from laconic.structured.kronecker import rearranged

EVERY = pytest.mark.parametrize("name", TEMPLATES)
SCALES = pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])


def gaussian(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def error(matrix, structure):
    return np.linalg.norm(to_numpy(matrix).astype(float) - to_numpy(structure.dense()).astype(float))


def error_at_best_scale(matrix, direction):
    """Distance to the nearest multiple of a matrix: a harder rival than the matrix itself."""
    unit = direction / (np.linalg.norm(direction) or 1)
    return np.linalg.norm(matrix - (matrix * unit).sum() * unit)


@EVERY
def test_no_random_member_is_nearer(name):
    matrix = gaussian(TEMPLATES[name].shape)
    found = error(matrix, nearest(matrix, TEMPLATES[name]))
    rivals = [error_at_best_scale(matrix, member(name, seed=seed).dense()) for seed in range(100)]
    assert found <= min(rivals) * (1 + 1e-12)


@EVERY
@pytest.mark.parametrize("size", [1e-1, 1e-2, 1e-3])
def test_no_neighbour_of_the_answer_is_nearer(name, size):
    matrix, rng = gaussian(TEMPLATES[name].shape, seed=1), np.random.default_rng(2)
    found = nearest(matrix, TEMPLATES[name])
    for _ in range(30):
        moved = {key: a + size * rng.standard_normal(a.shape) for key, a in found.parameters.items()}
        assert error(matrix, found) <= error(matrix, found.with_arrays(moved)) * (1 + 1e-7)


# Not among them: a doped product, which is met where its spikes stand out (the next test).
@pytest.mark.parametrize("name", [name for name in TEMPLATES if name not in ("doped", "rows, mixed")])
@pytest.mark.parametrize("seed", range(3))
def test_members_are_met_exactly(name, seed):
    W = member(name, seed=seed).dense()
    assert error(W, nearest(W, TEMPLATES[name])) <= 1e-9 * np.linalg.norm(W)


@pytest.mark.parametrize("seed", range(5))
def test_a_product_doped_with_a_few_spikes_is_met_exactly(seed):
    rng = np.random.default_rng(seed)
    product = KroneckerMatrix.zeros(((4, 5), (6, 4))).random(rng, 1.0)
    W = product.dense()
    spikes = rng.choice(W.size, 5, replace=False)
    W.ravel()[spikes] += 50 * rng.choice([-1, 1], 5)
    found = nearest(W, SumMatrix(KroneckerMatrix.zeros(product.shapes), MaskedMatrix.zeros(W.shape, 5)))
    assert error(W, found) <= 1e-4 * np.linalg.norm(W)
    assert set(np.flatnonzero(found.terms[1].mask)) == set(spikes)


@EVERY
@pytest.mark.parametrize("library", LIBRARIES)
def test_library_type_and_device_are_kept(name, library):
    like = LIBRARIES[library]
    matrix = array_namespace(like).asarray(gaussian(TEMPLATES[name].shape), dtype=like.dtype)
    found = nearest(matrix, TEMPLATES[name])
    assert type(found) is type(TEMPLATES[name])
    assert found.formula == TEMPLATES[name].formula
    for array in found.parameters.values():
        assert (type(array), array.dtype, device(array)) == (type(like), like.dtype, device(like))
    assert not any(np.shares_memory(to_numpy(a), to_numpy(matrix)) for a in found.parameters.values())


# Against the best there is --------------------------------------------------------------------------------------------


def tail(matrix, kept):
    return np.linalg.norm(np.linalg.svd(matrix, compute_uv=False)[kept:])


@SCALES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shapes", [((3, 2), (4, 5)), ((1, 7), (3, 2)), ((5, 1), (1, 5)), ((2, 2), (6, 6))])
def test_one_product_has_the_error_of_the_rearranged_matrix(shapes, dtype, scale):
    template = KroneckerMatrix.zeros(shapes)
    W = (scale * gaussian(template.shape)).astype(dtype)
    best = tail(rearranged(W.astype(float), shapes), 1)
    assert error(W, nearest(W, template)) == pytest.approx(best, rel=1e-5, abs=0)


@SCALES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [2, 3])
def test_a_sum_of_products_has_the_error_of_the_truncated_decomposition(count, dtype, scale):
    product = KroneckerMatrix.zeros(((3, 2), (4, 5)))
    W = (scale * gaussian(product.shape)).astype(dtype)
    best = tail(rearranged(W.astype(float), product.shapes), count)
    assert error(W, nearest(W, SumMatrix([product] * count))) == pytest.approx(best, rel=1e-5, abs=0)


@SCALES
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rank", [1, 3])
def test_low_rank_has_the_error_of_the_truncated_decomposition(rank, dtype, scale):
    W = (scale * gaussian((7, 5))).astype(dtype)
    found = nearest(W, LowRankMatrix.zeros((7, 5), rank))
    assert error(W, found) == pytest.approx(tail(W.astype(float), rank), rel=1e-5, abs=0)


@SCALES
def test_the_others_by_their_definition(scale):
    W = scale * gaussian((8, 6))
    sizes = np.sort(np.abs(W).ravel())
    masked = nearest(W, MaskedMatrix.zeros((8, 6), 10))
    assert error(W, masked) == pytest.approx(np.linalg.norm(sizes[:-10]), rel=1e-10, abs=0)
    hybrid = nearest(W, HybridKroneckerMatrix.zeros(2, ((2, 3), (3, 2))))
    assert error(W, hybrid) == pytest.approx(tail(rearranged(W[2:], ((2, 3), (3, 2))), 1), rel=1e-10, abs=0)
    block = nearest(W, EmbeddedMatrix.zeros((8, 6), [1, 4], [5, 0]))
    np.testing.assert_array_equal(block.block, W[np.ix_([1, 4], [5, 0])])


@pytest.mark.parametrize("seed", range(5))
def test_three_factors_are_no_worse_than_two_nested_fits(seed):
    W = gaussian((12, 12), seed)
    outer = nearest(W, KroneckerMatrix.zeros(((2, 3), (6, 4))))
    inner = nearest(outer.factors[1], KroneckerMatrix.zeros(((3, 2), (2, 2))))
    nested = KroneckerMatrix(outer.factors[0], *inner.factors)
    assert error(W, nearest(W, KroneckerMatrix.zeros(nested.shapes))) <= error(W, nested) * 1.1


# Awkward matrices -----------------------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("constant", [0.0, 1.0, -2.5])
def test_constant_matrices(name, constant):
    W = np.full(TEMPLATES[name].shape, constant)
    found = nearest(W, TEMPLATES[name])
    assert np.isfinite(found.dense()).all()
    if constant == 0:
        np.testing.assert_array_equal(found.dense(), W)


@pytest.mark.parametrize("shapes", [((2, 2), (3, 3)), ((3, 3), (2, 2)), ((2, 2), (1, 3), (3, 1))])
def test_equal_singular_values_leave_the_error_at_its_least(shapes):
    W = np.eye(6)[np.random.default_rng(3).permutation(6)]
    found = nearest(W, KroneckerMatrix.zeros(shapes))
    if len(shapes) == 2:
        assert error(W, found) == pytest.approx(tail(rearranged(W, shapes), 1))
    assert error(W, found) < np.linalg.norm(W)


@EVERY
@pytest.mark.parametrize("scale", [1e-30, 1e-42, 1e30, 1e37])
def test_the_scale_does_not_matter_in_float32(name, scale):
    W = (scale * gaussian(TEMPLATES[name].shape)).astype(np.float32)
    found, same = nearest(W, TEMPLATES[name]), nearest((W.astype(float) / scale), TEMPLATES[name])
    assert error(W, found) / scale == pytest.approx(error(W.astype(float) / scale, same), rel=1e-3, abs=1e-2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_fitted_and_kept(dtype):
    torch = pytest.importorskip("torch")
    W = torch.ones(4, 6, dtype=getattr(torch, dtype))
    found = nearest(W, KroneckerMatrix.zeros(((2, 3), (2, 2))))
    assert found.dtype == W.dtype
    torch.testing.assert_close(found.dense(), W, rtol=0.02, atol=0)


def test_the_answer_is_detached_from_torchs_gradients():
    torch = pytest.importorskip("torch")
    W = torch.ones(4, 6, requires_grad=True)
    assert not any(a.requires_grad for a in nearest(W, LowRankMatrix.zeros((4, 6), 1)).parameters.values())
