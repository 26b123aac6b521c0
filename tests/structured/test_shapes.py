"""Shapes: the papers' rule, the Pareto set by brute force, budgets, primes."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laconic.core.checks import ParameterError
from laconic.structured import KroneckerMatrix, suggest_shapes
from laconic.structured.shapes import best_within, candidates, is_prime, paper_shapes


@pytest.mark.parametrize(
    ("m", "n", "n_parameters", "max_rank"),
    [(40, 68, 117, 20), (118, 128, 504, 16), (154, 164, 507, 44), (179, 256, 2880, 16), (32, 48, 80, 16)],
)
def test_the_papers_rule(m, n, n_parameters, max_rank):
    paper = suggest_shapes(m, n).paper
    assert (paper.n_parameters, paper.max_rank) == (n_parameters, max_rank)


@pytest.mark.parametrize(
    ("m", "n", "gates", "biases", "classes", "before", "after", "factor"),
    [
        (40, 68, 4, 4, 10, 44.73, 4.05, 17.58),  # MNIST-LSTM
        (118, 128, 4, 4, 12, 243.42, 15.30, 24.47),  # KWS-LSTM
        (154, 164, 3, 3, 12, 305.04, 15.01, 38.44),  # KWS-GRU
    ],
)
def test_the_papers_sizes(m, n, gates, biases, classes, before, after, factor):
    """In KiB of float32, one bias a gate, the classifier kept; the factor is the layer's, biases included."""
    paper = suggest_shapes(m, n).paper
    bias, classifier = biases * m, classes * (m + 1)
    dense, small = gates * m * n + bias, gates * paper.n_parameters + bias
    assert round(4 * (dense + classifier) / 1024, 2) == before
    assert round(4 * (small + classifier) / 1024, 2) == after
    assert round(dense / small, 2) == factor


@pytest.mark.parametrize(
    ("m", "n", "n_parameters", "max_rank"),
    [
        (40, 68, 156, 32),
        (40, 68, 186, 40),
        (118, 128, 960, 32),
        (118, 128, 1896, 64),
        (154, 164, 618, 56),
        (154, 164, 930, 88),
        (180, 256, 432, 180),
        (32, 48, 80, 24),
        (32, 48, 88, 32),
    ],
)
def test_the_ranks_that_the_papers_rule_misses(m, n, n_parameters, max_rank):
    best = suggest_shapes(m, n, budget=4 * n_parameters).best
    assert (best.n_parameters, best.max_rank) == (n_parameters, max_rank)
    below = best_within(m, n, n_parameters - 1)
    assert below is None or below.max_rank < max_rank


SIZES = st.integers(1, 60)


def brute_force(m, n):
    """Every pair of factor shapes, with the costs that a product of them has."""
    pairs = [((a, b), (m // a, n // b)) for a in range(1, m + 1) for b in range(1, n + 1) if m % a == n % b == 0]
    return {K.shapes: (K.n_parameters, -K.max_rank, K.n_macs, K.scratch) for K in map(KroneckerMatrix.zeros, pairs)}


@given(SIZES, SIZES)
def test_the_pareto_set_is_that_of_brute_force(m, n):
    costs = brute_force(m, n)

    def dominated(one):
        return any(other != one and all(o <= c for o, c in zip(other, one, strict=True)) for other in costs.values())

    found = suggest_shapes(m, n).pareto
    assert {choice.costs for choice in found} == {cost for cost in costs.values() if not dominated(cost)}
    assert len(found) == len({choice.costs for choice in found})
    assert [c.n_parameters for c in found] == sorted(c.n_parameters for c in found)
    assert all(costs[choice.shapes] == choice.costs for choice in found)


@given(SIZES, SIZES, st.integers(1, 4000))
def test_a_budget_buys_the_largest_rank_it_can(m, n, n_parameters):
    affordable = [cost for cost in brute_force(m, n).values() if cost[0] <= n_parameters]
    if not affordable:
        with pytest.raises(ParameterError, match="suggest_shapes: budget must be at least"):
            suggest_shapes(m, n, budget=4 * n_parameters)
        return
    best = suggest_shapes(m, n, budget=4 * n_parameters).best
    assert (-best.max_rank, best.n_macs) == min((rank, macs) for _, rank, macs, _ in affordable)
    assert best.n_parameters <= n_parameters


@given(SIZES, SIZES, st.integers(1, 4))
def test_every_choice_makes_a_matrix_of_the_size(m, n, n_factors):
    found = suggest_shapes(m, n, n_factors=n_factors)
    for choice in (*found.pareto, found.best):
        assert len(choice.shapes) == n_factors
        assert KroneckerMatrix.zeros(choice.shapes).shape == (m, n) == found.shape
    assert KroneckerMatrix.zeros(found.paper.shapes).shape == (m, n)
    assert found.best.n_parameters <= max(found.paper.n_parameters, min(c.n_parameters for c in found.pareto))


@given(SIZES, SIZES)
def test_the_papers_rule_sorts_rows_up_and_columns_down(m, n):
    (m1, n1), (m2, n2) = paper_shapes(m, n)
    assert m1 <= m2
    assert n1 >= n2


def test_advice_for_primes():
    (sentence,) = suggest_shapes(179, 256).advice
    assert sentence == "179 is prime: pad to 180, where 432 parameters reach rank 180 (2880 and rank 16 as it is)"
    assert suggest_shapes(256, 179).advice[0].startswith("179 is prime: pad to 180, where 432 parameters")
    assert suggest_shapes(61, 251).advice[0].startswith("61 and 251 are prime: pad to 62 and 252, where 289 param")
    assert suggest_shapes(13, 17).advice[0].startswith("13 and 17 are prime: pad to 14 and 18")
    assert suggest_shapes(13, 13).advice[0].startswith("13 is prime: pad to 14")
    assert suggest_shapes(40, 68).advice == suggest_shapes(1, 1).advice == suggest_shapes(2, 3).advice == ()


def test_is_prime_is_the_sieve():
    sieve = [p for p in range(2, 200) if all(p % d for d in range(2, p))]
    assert [p for p in range(-1, 200) if is_prime(p)] == sieve


@pytest.mark.parametrize(("m", "n", "least"), [(1, 1, 2), (1, 7, 8), (7, 1, 8), (1, 12, 7)])
def test_vectors_and_one_number(m, n, least):
    found = suggest_shapes(m, n)
    assert found.pareto[0].n_parameters == least
    assert found.best.max_rank == 1


@pytest.mark.parametrize(("size", "n_factors"), [((4096, 2**20), 2), ((4096, 2**20), 3), ((10**6 + 3, 10**6 + 33), 2)])
def test_large_sizes_answer_soon(size, n_factors):
    candidates.cache_clear()
    start = time.process_time()
    found = suggest_shapes(*size, n_factors=n_factors)
    assert time.process_time() - start < 5  # a tenth of it on an idle core
    assert all(np.prod(choice.shapes, axis=0).tolist() == list(size) for choice in found.pareto)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ({"m": 0}, "suggest_shapes: m must be a whole number of at least 1, got 0"),
        ({"n": 2.0}, "suggest_shapes: n must be a whole number of at least 1, got 2.0"),
        ({"m": True}, "suggest_shapes: m must be a whole number"),
        ({"n_factors": 0}, "suggest_shapes: n_factors must be"),
        ({"n_factors": 8}, "suggest_shapes: n_factors must be between 1 and 7, got 8"),
        ({"budget": "much"}, "suggest_shapes: budget must be a size such as '4KB'"),
        ({"budget": 0}, "suggest_shapes: budget must be a size such as '4KB'"),
        ({"budget": "100B"}, "suggest_shapes: budget must be at least 432 bytes, the smallest .* got '100B'"),
        ({"budget": "1KB", "itemsize": 0}, "suggest_shapes: itemsize must be"),
    ],
)
def test_errors(call, sentence):
    with pytest.raises(ParameterError, match=sentence):
        suggest_shapes(**{"m": 40, "n": 68, **call})


def test_the_budget_that_an_error_names_is_enough():
    assert suggest_shapes(40, 68, budget=432).best.n_parameters == 108
