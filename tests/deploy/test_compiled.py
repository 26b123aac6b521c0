"""A compiled model answers as its graph does, at any input, from many threads."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from deploy.compilers import COMPILERS
from deploy.models import CELLS, FORMS, METHODS, N_FEATURES, network, sequences
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from laconic.core.checks import DataError, ParameterError
from laconic.deploy import CompiledModel, lower

pytestmark = pytest.mark.skipif(not COMPILERS, reason="needs gcc or clang")

SOME = [(cell, METHODS[i % 9], FORMS[i % 4], "joint" if i % 2 else "separate") for i, cell in enumerate(CELLS)]
SOME += [("lstm", method, FORMS[i % 4], "joint") for i, method in enumerate(METHODS)]
SOME += [("gru", method, FORMS[i % 4], "separate") for i, method in enumerate(METHODS) if method != "small"]


@pytest.mark.parametrize("case", SOME, ids=["-".join([c[0], c[1], c[2][0], c[3]]) for c in SOME])
def test_c_is_the_reference(case):
    graph, x = lower(network(*case)), sequences()
    np.testing.assert_allclose(CompiledModel(graph).predict(x), graph.interpret(x), rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def model():
    graph = lower(network("lstm", "kronecker", FORMS[0], "joint"))
    return CompiledModel(graph)


@settings(max_examples=200, deadline=None)
@given(arrays(np.float32, (2, 6, N_FEATURES), elements=st.floats(-1e4, 1e4, width=32)))
def test_c_is_the_reference_at_any_input(model, x):
    np.testing.assert_allclose(model.predict(x), model.graph.interpret(x), rtol=0, atol=2e-5)


@pytest.mark.parametrize("x", [np.zeros((1, 1, 5)), np.full((1, 500, 5), 1e6), np.zeros((0, 3, 5)),
                               np.ones((2, 4, 5), int), sequences().astype(np.float64)[:, ::2]])  # fmt: skip
def test_shapes_and_types(model, x):
    found = model.predict(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, model.graph.interpret(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("x", [np.zeros((1, 5)), np.zeros((1, 0, 5)), np.full((1, 2, 5), np.inf), np.zeros((1, 2, 4))])
def test_what_it_cannot_read_is_refused(model, x):
    with pytest.raises(DataError, match=r"CompiledModel\.predict: x must be"):
        model.predict(x)


def test_many_threads_have_states_of_their_own(model):
    pieces = [sequences(50, 20, seed) for seed in range(8)]
    expected = [model.predict(x) for x in pieces]
    with ThreadPoolExecutor(4) as pool:
        for found, wanted in zip(pool.map(model.predict, pieces), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_compilers_that_are_not_there_or_fail(tmp_path):
    graph = lower(network("rnn", "dense", FORMS[0], "joint"))
    with pytest.raises(ParameterError, match="a C compiler that is installed"):
        CompiledModel(graph, compiler="no-such-compiler")
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho out of order >&2\nexit 1\n")
    os.chmod(broken, 0o755)
    with pytest.raises(RuntimeError, match="out of order"):
        CompiledModel(graph, compiler=str(broken))
