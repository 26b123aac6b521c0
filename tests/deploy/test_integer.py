"""A graph in whole numbers answers nearly as the float one, and no number in it can leave the type that C gives it."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from deploy.models import EVERY, FORMS, N_FEATURES, names, network, sequences
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from laconic.core.checks import DataError, ParameterError
from laconic.core.rounding import BYTE, WORD
from laconic.deploy import Graph, lower, quantize
from laconic.deploy.contract import Span
from laconic.deploy.integer.arithmetic import from_float, saturated, shifted, sigmoid, tanh
from laconic.deploy.integer.gated import gated_program
from laconic.deploy.integer.ranges import product_ranges, step_buffers
from laconic.deploy.integer.records import IntProduct, IntSparse
from laconic.deploy.integer.scales import Quantizer
from laconic.deploy.layers import Linear, Recurrent, ReLU, Softmax
from laconic.deploy.program import DRIVEN, JOINED, step_program
from laconic.rnn import RNNClassifier
from laconic.structured import DenseMatrix

WORDS = np.arange(-WORD, WORD + 1)
INT32 = 2**31 - 1


@given(st.integers(-INT32, INT32), st.integers(0, 31))
def test_shifts_round_to_the_nearest(number, bits):
    found = Fraction(int(shifted(np.array([number]), bits)[0]))
    exact = Fraction(number, 2**bits)
    assert abs(found - exact) <= Fraction(1, 2)
    assert found >= exact or found - exact > -Fraction(1, 2)  # halves upwards


def test_tables_are_near_for_every_word():
    exact = 1 / (1 + np.exp(-WORDS / 4096))
    assert np.abs(sigmoid(WORDS) - exact * 32768).max() <= 2.5
    assert np.abs(tanh(WORDS) - np.tanh(WORDS / 4096) * 32768).max() <= 22  # beyond 4 it ends
    assert np.abs(tanh(WORDS) - np.tanh(WORDS / 4096) * 32768)[np.abs(WORDS) < 4 * 4096].max() <= 5
    assert np.all(np.diff(sigmoid(WORDS)) >= 0)
    assert sigmoid(WORDS).min() >= 0
    assert np.abs(tanh(WORDS)).max() <= WORD + 1


@given(st.floats(-1e6, 1e6, width=32), st.integers(-4, 15))
def test_floats_become_the_nearest_word(number, bits):
    exact = Fraction(number) * Fraction(2) ** bits
    found = int(from_float(np.array([number]), bits)[0])
    if abs(exact) >= WORD:
        assert found == (WORD if exact > 0 else -WORD)
    else:
        assert abs(found - exact) <= Fraction(1, 2)


@pytest.mark.parametrize("case", EVERY, ids=names(EVERY))
def test_answers_are_near(case):
    graph, x = lower(network(*case)), sequences()
    expected = graph.interpret(x)
    found = quantize(graph, x).interpret(x)
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 0.05 * max(1, np.abs(expected).max())


SOME = EVERY[::5]


@pytest.mark.parametrize("case", SOME, ids=names(SOME))
def test_nothing_leaves_its_type(case):
    """By arithmetic on the weights alone, for any input."""
    graph = quantize(lower(network(*case)), sequences())
    for steps in [d.steps for layer in graph.layers for d in layer] + [linear.steps for linear in graph.head]:
        added = {}
        for step in (step for step in steps if isinstance(step, (IntProduct, IntSparse))):
            assert np.abs(sums(step)).max() * (WORD + 1) + 2 ** max(step.shift - 1, 0) <= INT32
            assert 0 <= step.shift < 31
            assert 0 <= step.multiplier <= WORD
            if step.multiplier:
                assert -15 <= step.scale <= 30
                growth = (WORD + 1) * step.multiplier / 2**step.scale + 1
                for place in range(step.target.start, step.target.start + step.target.size):
                    added[place] = added.get(place, 0) + growth
        assert max(added.values(), default=0) <= INT32 // 2  # and a bias of 2^22 or so


def sums(step):
    """Sums of magnitudes of the rows of a step's weights."""
    if isinstance(step, IntProduct):
        return np.abs(step.weight.astype(int)).sum(axis=1)
    return np.bincount(np.repeat(np.arange(len(step.counts)), step.counts), np.abs(step.values.astype(int)))


@pytest.fixture(scope="module")
def lstm():
    return quantize(lower(network("lstm", "kronecker", FORMS[0], "joint")), sequences())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([-WORD, -1, 0, 1, WORD]), min_size=N_FEATURES, max_size=N_FEATURES))
def test_extremes_saturate(lstm, words):
    answer = lstm.interpret_words(np.tile(np.array(words), (1, 30, 1)))
    assert np.abs(answer).max() < INT32
    again = lstm.interpret_words(np.tile(np.array(words), (1, 30, 1)))
    np.testing.assert_array_equal(answer, again)


def test_weights_are_bytes_and_biases_words(lstm):
    (recurrence,) = lstm.layers[0]
    products = [step for step in recurrence.steps if isinstance(step, IntProduct)]
    assert {step.weight.dtype for step in products} == {np.dtype(np.int8)}
    assert max(np.abs(step.weight).max() for step in products) == BYTE
    assert recurrence.bias.values.dtype == np.int16
    small = quantize(lower(network("lstm", "kronecker", FORMS[0], "joint")), sequences(), bias_bits=8)
    assert small.layers[0][0].bias.values.dtype == np.int8


@pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])
def test_features_of_any_size(scale):
    rng = np.random.default_rng(0)
    x = (scale * rng.standard_normal((80, 6, 3))).astype(np.float32)
    y = (x[:, :, 0].mean(1) > 0).astype(int)
    model = RNNClassifier(hidden_size=6, max_epochs=4, random_state=0).fit(x, y)
    graph = lower(model)
    found = quantize(graph, x).interpret(x)
    np.testing.assert_allclose(found, graph.interpret(x), rtol=0, atol=0.005)


def test_digits_are_told_as_well():
    digits = load_digits()
    x = (digits.images / 16).astype(np.float32)
    model = RNNClassifier(hidden_size=24, method="kronecker", max_epochs=40, random_state=0)
    model.fit(x[:1400], digits.target[:1400])
    graph = lower(model)
    found = quantize(graph, x[:100]).interpret(x[1400:]).argmax(1)
    expected = graph.interpret(x[1400:]).argmax(1)
    assert np.mean(found == expected) > 0.99
    assert np.mean(found == digits.target[1400:]) > np.mean(expected == digits.target[1400:]) - 0.01


def test_linear_layers_behind_it_and_a_softmax():
    graph = lower(network("gru", "lowrank", FORMS[2], "joint"))
    rng = np.random.default_rng(1)
    first = Linear("first", DenseMatrix(rng.standard_normal((7, 3)).astype(np.float32)), np.ones(7, np.float32))
    last = Linear("last", DenseMatrix(rng.standard_normal((2, 7)).astype(np.float32)), np.zeros(2, np.float32))
    longer = Graph((*graph.layers, ReLU("relu"), first, ReLU("again"), last), N_FEATURES)
    x = sequences()
    expected, found = longer.interpret(x), quantize(longer, x).interpret(x)
    assert np.abs(found - expected).max() < 0.03 * np.abs(expected).max()
    with_softmax = quantize(Graph((*longer.layers, Softmax("softmax")), N_FEATURES), x)
    np.testing.assert_array_equal(with_softmax.interpret(x), found)


def test_what_cannot_be_quantised_is_named():
    graph, x = lower(network("lstm", "dense", FORMS[0], "joint")), sequences()
    recurrent, state, head = graph.layers
    before = Linear("before", DenseMatrix(np.eye(N_FEATURES, dtype=np.float32)), np.zeros(N_FEATURES, np.float32))
    with pytest.raises(ParameterError, match="without layers between .* got 'before'"):
        quantize(Graph((before, recurrent, state, head), N_FEATURES), x)
    with pytest.raises(ParameterError, match="nothing but Linear and ReLU .* got 'middle'"):
        quantize(Graph((recurrent, state, Softmax("middle"), head), N_FEATURES), x)
    with pytest.raises(ParameterError, match="calibration must be one sequence"):
        quantize(graph, x[:0])
    with pytest.raises(ParameterError, match="bias_bits must be one of"):
        quantize(graph, x, bias_bits=4)
    with pytest.raises(DataError, match="quantize: x must be"):
        quantize(graph, x[0])
    with pytest.raises(DataError, match="finite"):
        quantize(graph, np.full_like(x, np.nan))
    with pytest.raises(ParameterError, match="one answer a sequence"):
        quantize(Graph((recurrent,), N_FEATURES), x)
    with pytest.raises(ParameterError, match="graph must be a Graph of floats, as lower gives, got 'IntGraph'"):
        quantize(quantize(graph, x), x)
    large = Linear("large", head.matrix, np.full(3, 1e6, np.float32))
    with pytest.raises(DataError, match=r"a bias of size 1e\+06 is too large"):
        quantize(Graph((recurrent, state, large), N_FEATURES), x)


def test_saturation_is_that_of_16_bits():
    np.testing.assert_array_equal(saturated(np.array([-40_000, -WORD, 5, 40_000])), [-WORD - 1, -WORD, 5, WORD])


# Gates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", EVERY[::3], ids=names(EVERY[::3]))
def test_an_operation_drives_one_gate(case):
    """With as many multiply-adds as before, and the same sums."""
    rng = np.random.default_rng(0)
    layers = [layer for layer in lower(network(*case)).layers if isinstance(layer, Recurrent)]
    for direction in (direction for layer in layers for direction in layer.directions):
        program, whole = gated_program(direction), step_program(direction)
        assert program.n_macs == whole.n_macs
        for target in (s.target for s in program.steps if s.target.buffer == DRIVEN):
            assert target.start // direction.n_units == (target.start + target.size - 1) // direction.n_units
        x, h = rng.standard_normal((2, 3, direction.n_inputs)), rng.standard_normal((2, 3, direction.n_units))
        found, expected = step_buffers(program, x[0], h[0]), step_buffers(whole, x[0], h[0])
        product_ranges(program.steps, found)
        product_ranges(whole.steps, expected)
        np.testing.assert_allclose(found[DRIVEN], expected[DRIVEN], rtol=1e-12, atol=1e-12)


def test_a_gate_of_small_weights_keeps_its_bits():
    """One large gate does not take the others' precision."""
    graph = lower(network("lstm", "dense", FORMS[0], "joint"))
    (recurrent,) = (layer for layer in graph.layers if isinstance(layer, Recurrent))
    (direction,) = recurrent.directions
    weight = direction.matrices[0].dense().copy()
    weight[: direction.n_units] *= 1000
    steps = Quantizer({JOINED: 2.0**-14}, Span(DRIVEN, 0, len(weight))).steps(
        gated_program(replace(direction, matrices=(DenseMatrix(weight),))).steps, [0.0] + 4 * [1.0]
    )
    assert [np.abs(step.weight).max() for step in steps[1:]] == [BYTE] * 4
