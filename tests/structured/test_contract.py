"""Every structure acts as its dense twin does, in every library, and keeps the type of its numbers."""

import copy
import pickle

import numpy as np
import pytest
from structured.instances import LIBRARIES, TEMPLATES, member

from laconic.core.arrays import array_namespace, to_numpy
from laconic.structured import KINDS
from laconic.structured.nearest import moved

EVERY = pytest.mark.parametrize("name", TEMPLATES)
IN_EVERY_LIBRARY = pytest.mark.parametrize("library", LIBRARIES)
BATCHES = [(1,), (3,), (2, 3), (2, 1, 3), (0,), (0, 3)]


def drawn(shape, library, seed=1):
    values = np.random.default_rng(seed).standard_normal(shape)
    like = LIBRARIES[library]
    return array_namespace(like).asarray(values, dtype=like.dtype)


def assert_same(found, expected, library):
    assert type(found) is type(LIBRARIES[library])
    assert found.dtype == LIBRARIES[library].dtype
    assert tuple(found.shape) == expected.shape
    rtol = 1e-5 if "32" in library else 1e-12
    np.testing.assert_allclose(to_numpy(found), expected, rtol=rtol, atol=rtol * np.abs(expected).max(initial=0))


def every_kind_inside(structure):
    inner = [part for part in structure.parts.values() if hasattr(part, "kind")]
    return {structure.kind}.union(*(every_kind_inside(part) for part in inner))


def test_the_table_has_every_kind():
    assert set().union(*map(every_kind_inside, TEMPLATES.values())) == set(KINDS)
    assert {template.kind for template in TEMPLATES.values()} == set(KINDS)
    assert all(KINDS[template.kind] is type(template) for template in TEMPLATES.values())


@EVERY
@IN_EVERY_LIBRARY
def test_products_equal_the_dense_twins(name, library):
    structure = member(name, library)
    twin = to_numpy(structure.dense())
    assert_same(structure.dense(), twin, library)
    for product, matrix in ((structure.matmul, twin), (structure.rmatmul, twin.T), (structure.__matmul__, twin)):
        n = matrix.shape[1]
        for shape in [(n,), *((*outer, n, k) for *outer, k in BATCHES)]:
            x = drawn(shape, library)
            assert_same(product(x), matrix @ to_numpy(x), library)


@EVERY
@IN_EVERY_LIBRARY
def test_the_adjoint_identity_holds(name, library):
    structure = member(name, library)
    x, y = drawn(structure.shape[1:], library, 2), drawn(structure.shape[:1], library, 3)
    forth, back = (to_numpy(array).astype(float) for array in (structure.matmul(x), structure.rmatmul(y)))
    assert to_numpy(y) @ forth == pytest.approx(back @ to_numpy(x), rel=1e-4 if "32" in library else 1e-10, abs=1e-5)


@EVERY
@IN_EVERY_LIBRARY
def test_parts_and_names_round_trip(name, library):
    structure = member(name, library)
    for again in (
        type(structure).build(structure.parts, structure.options),
        structure.with_arrays(structure.arrays),
        structure.with_arrays({}),
        copy.deepcopy(structure),
        pickle.loads(pickle.dumps(structure)),
    ):
        assert type(again) is type(structure)
        assert (again.shape, again.formula, repr(again)) == (structure.shape, structure.formula, repr(structure))
        assert again.arrays.keys() == structure.arrays.keys()
        np.testing.assert_array_equal(to_numpy(again.dense()), to_numpy(structure.dense()))


@EVERY
def test_other_arrays_make_another_member(name):
    structure = member(name)
    doubled = structure.with_arrays({key: 2 * array for key, array in structure.parameters.items()})
    assert doubled.arrays.keys() == structure.arrays.keys()
    for key in structure.parameters:
        np.testing.assert_array_equal(doubled.arrays[key], 2 * structure.arrays[key])


@EVERY
@pytest.mark.parametrize("library", ["numpy float32", "strict float64", *(x for x in LIBRARIES if "torch" in x)])
def test_scipys_operator_acts_alike(name, library):
    structure = member(name, library)
    operator, twin = structure.as_linear_operator(), to_numpy(structure.dense())
    assert operator.shape == structure.shape
    assert operator.dtype == twin.dtype
    m, n = structure.shape
    close = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(operator @ np.eye(n, dtype=twin.dtype), twin, **close)
    np.testing.assert_allclose(operator.T @ np.eye(m, dtype=twin.dtype), twin.T, **close)
    np.testing.assert_allclose(operator.matvec(np.ones((n, 1))), twin @ np.ones((n, 1)), **close)
    np.testing.assert_allclose(operator.rmatvec(np.ones(m)), twin.T @ np.ones(m), **close)


@EVERY
def test_integers_and_complex_numbers_go_through(name):
    structure = member(name)
    counted = np.arange(structure.shape[1])
    np.testing.assert_allclose(structure @ counted, structure.dense() @ counted, atol=1e-12)
    np.testing.assert_allclose(structure @ (1j * counted), 1j * (structure.dense() @ counted), atol=1e-12)


@EVERY
def test_random_members_come_from_the_seed(name):
    first, same, other = member(name, seed=4), member(name, seed=4), member(name, seed=5)
    np.testing.assert_array_equal(first.dense(), same.dense())
    assert first.n_parameters == 0 or not np.array_equal(first.dense(), other.dense())


@pytest.mark.parametrize("name", [n for n, t in TEMPLATES.items() if "masked" not in n and n != "doped"])
def test_random_entries_have_the_deviation_asked_for(name):
    template, rng, std = TEMPLATES[name], np.random.default_rng(6), 1e-3
    draws = np.stack([template.random(rng, std).dense() for _ in range(2000)])
    used = draws.any(axis=0)  # an embedded block leaves zeros around it
    if name == "rows, mixed":
        used[-2:] = False  # a masked term in them: see the next test
    assert np.sqrt((draws[:, used] ** 2).mean()) == pytest.approx(std, rel=0.15)


def test_a_masked_draw_keeps_the_largest_of_entries_of_the_deviation_asked_for():
    drawn = TEMPLATES["masked"].random(np.random.default_rng(7), 3.0)
    assert drawn.mask.sum() == 11
    assert np.abs(drawn.values[drawn.mask]).min() >= np.abs(drawn.values[~drawn.mask]).max()
    large = type(drawn).zeros((200, 200), 10).random(np.random.default_rng(8), 3.0)
    assert large.values.std() == pytest.approx(3.0, rel=0.05)


@EVERY
@IN_EVERY_LIBRARY
@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_tiny_and_huge_entries_act_as_the_dense_twin(name, library, scale):
    structure = moved(TEMPLATES[name].random(np.random.default_rng(9), scale), LIBRARIES[library])
    x = drawn(structure.shape[1:], library)
    assert_same(structure.matmul(x), to_numpy(structure.dense()) @ to_numpy(x), library)


@EVERY
@pytest.mark.parametrize("constant", [0.0, 1.0])
def test_constant_parameters_act_as_the_dense_twin(name, constant):
    structure = member(name)
    structure = structure.with_arrays({key: np.full_like(a, constant) for key, a in structure.parameters.items()})
    x = drawn(structure.shape[1:], "numpy float64")
    np.testing.assert_allclose(structure @ x, structure.dense() @ x, rtol=1e-12, atol=1e-12)


@EVERY
@pytest.mark.parametrize("axis", [0, 1], ids=["rows", "columns"])
def test_what_is_cut_out_is_what_stood_there(name, axis):
    structure = member(name, "numpy float64")
    twin, cut = to_numpy(structure.dense()), (structure.rows_between, structure.columns_between)[axis]
    found = {(i, j): cut(i, j) for j in range(1, twin.shape[axis] + 1) for i in range(j)}
    for (start, stop), part in found.items():
        if part is not None:
            assert_same(part.dense(), np.take(twin, range(start, stop), axis), "numpy float64")
    assert found[0, twin.shape[axis]] is not None
