"""Parameters, multiply-adds, rank and scratch, each counted again by brute force."""

import tracemalloc
from itertools import pairwise, permutations
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structured.instances import TEMPLATES, member

from laconic.core.arrays import is_floating
from laconic.structured import DenseMatrix, KroneckerMatrix, LowRankMatrix
from laconic.structured.contraction import best_contraction

EVERY = pytest.mark.parametrize("name", TEMPLATES)


def floats_inside(structure):
    """Count floating-point numbers; under a mask those that it lets through."""
    if structure.kind == "masked":
        return sum(bool(flag) for flag in structure.mask.ravel())
    parts = structure.parts.values()
    return sum(floats_inside(p) if hasattr(p, "parts") else p.size if is_floating(p) else 0 for p in parts)


def walked(shapes, order):
    """Multiply-adds and the most numbers held at once, by walking through a product buffer by buffer."""
    sizes, n_macs, buffers = [n for _, n in shapes], 0, []
    for i in order:
        sizes[i] = shapes[i][0]
        n_macs += prod(sizes) * shapes[i][1]  # each number of the next buffer is a sum over the factor's columns
        buffers.append(prod(sizes))
    own = buffers[:-1]  # the last buffer is the caller's output
    return n_macs, max([0, *own, *(a + b for a, b in pairwise(own))])


def macs_by_definition(structure):
    if structure.kind == "kronecker":
        return min(walked(structure.shapes, order)[0] for order in permutations(range(len(structure.shapes))))
    if structure.kind == "lowrank":
        return structure.left.size + structure.right.size
    if hasattr(structure, "blocks") or hasattr(structure, "terms"):
        return sum(macs_by_definition(part) for part in structure.parts.values())
    return floats_inside(structure)  # each number is multiplied once


@EVERY
def test_parameters_are_the_floating_point_numbers(name):
    for structure in (TEMPLATES[name], member(name)):
        assert structure.n_parameters == floats_inside(structure)


@EVERY
def test_macs_are_those_of_the_cheapest_order(name):
    assert TEMPLATES[name].n_macs == macs_by_definition(member(name))


@EVERY
def test_random_members_reach_the_largest_rank_and_never_exceed_it(name):
    ranks = {int(np.linalg.matrix_rank(member(name, seed=seed).dense())) for seed in range(10)}
    claims = {member(name, seed=seed).max_rank for seed in range(10)}  # a mask moves, and with it its rank
    assert max(ranks) == max(claims)
    for seed in range(10):
        structure = member(name, seed=seed)
        assert np.linalg.matrix_rank(structure.dense()) <= structure.max_rank


@EVERY
def test_products_apart_cost_no_more_than_two_products(name):
    assert 0 <= TEMPLATES[name].n_macs_apart <= TEMPLATES[name].n_macs


def test_two_groups_of_columns_apart_cost_what_two_smaller_matrices_cost():
    for whole, left, right in (
        (DenseMatrix.zeros((4, 7)), DenseMatrix.zeros((4, 3)), DenseMatrix.zeros((4, 4))),
        (LowRankMatrix.zeros((4, 7), 2), LowRankMatrix.zeros((4, 3), 2), LowRankMatrix.zeros((4, 4), 2)),
    ):
        assert whole.n_macs + whole.n_macs_apart == left.n_macs + right.n_macs


SHAPES = st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7)), min_size=1, max_size=4).map(tuple)


@given(SHAPES)
def test_the_contraction_is_the_cheapest_and_then_the_leanest(shapes):
    found = best_contraction(shapes)
    every = [walked(shapes, order) for order in permutations(range(len(shapes)))]
    assert (found.n_macs, found.scratch) == min(every) == walked(shapes, found.order)


def test_the_papers_two_orders():
    """(A X) Bᵀ costs m1·n1·n2 + m1·n2·m2, A (X Bᵀ) costs n1·n2·m2 + m1·n1·m2; scratch m1·n2 or n1·m2."""
    (m1, n1), (m2, n2) = shapes = ((5, 17), (8, 4))
    expected = min((m1 * n1 * n2 + m1 * n2 * m2, m1 * n2), (n1 * n2 * m2 + m1 * n1 * m2, n1 * m2))
    K = KroneckerMatrix.zeros(shapes)
    assert (K.n_macs, K.scratch) == expected


@pytest.mark.parametrize(
    ("name", "scratch"),
    [
        ("dense", 0),
        ("low rank", 2),
        ("masked", 0),
        ("embedded", 0),
        ("kronecker of 1", 0),
        ("kronecker of 2", 8),  # from (2, 5) over (2, 4) to (3, 4)
        ("hybrid", 4),  # from (3, 2): over (2, 2) for 12 + 16 or over (3, 4) for 24 + 24
        ("sum of products", 4 + 6),  # between, and one term's product while it is added
        ("doped", 4 + 6),
    ],
)
def test_scratch_by_hand(name, scratch):
    assert TEMPLATES[name].scratch == scratch


def test_a_million_columns_are_never_formed():
    """4096 x 1,048,576 numbers would take 16 GiB in float32; the product takes a few MB."""
    K = KroneckerMatrix.zeros(((64, 1024), (64, 1024))).random(np.random.default_rng(0), 1.0)
    x = np.random.default_rng(1).standard_normal(K.shape[1])
    tracemalloc.start()
    y = K @ x
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 2**20
    A, B = K.factors
    np.testing.assert_allclose(y, (A @ x.reshape(1024, 1024) @ B.T).ravel(), rtol=1e-9, atol=1e-7)
