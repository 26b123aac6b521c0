"""The operations that a product becomes add up to it, and count what the structure says."""

import numpy as np
import pytest
from deploy.models import EVERY, names, network
from structured.instances import TEMPLATES, member

from laconic.deploy import lower
from laconic.deploy.contract import SCRATCH, Product, Span, SparseProduct, contracted, scratch_size
from laconic.deploy.layers import Recurrent
from laconic.deploy.program import Copy, Zero, step_program
from laconic.rnn import compress
from laconic.rnn.network import SequenceNetwork


def run(operations, buffers):
    """Follow operations as their docstrings say."""
    for operation in operations:
        part = slice(operation.target.start, operation.target.start + operation.target.size)
        into = buffers[operation.target.buffer][part]
        if isinstance(operation, Zero):
            into[:] = 0
            continue
        source = operation.source
        values = buffers[source.buffer][source.start : source.start + source.size]
        if isinstance(operation, Copy):
            into[:] = values
        elif isinstance(operation, Product):
            x = values.reshape(operation.before, operation.weight.shape[1], operation.after)
            y = np.einsum("ij,bja->bia", operation.weight, x).ravel()
            into[:] = y + into if operation.adds else y
        elif isinstance(operation, SparseProduct):
            rows = np.repeat(np.arange(len(operation.counts)), operation.counts)
            np.add.at(into, rows, operation.values * values[operation.columns])


@pytest.mark.parametrize("name", TEMPLATES)
def test_operations_add_the_product(name):
    matrix = member(name, "numpy float64")
    m, n = matrix.shape
    operations = contracted(matrix, Span("x", 0, n), Span("y", 0, m))
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(n), rng.standard_normal(m)
    buffers = {"x": x, "y": y.copy(), SCRATCH: np.full(scratch_size(operations), np.nan)}
    run(operations, buffers)
    np.testing.assert_allclose(buffers["y"], matrix.dense() @ x + y, rtol=1e-10, atol=1e-10)
    assert sum(operation.n_macs for operation in operations) == matrix.n_macs


FLAT = [case for case in EVERY if case[2][0] == "one layer"]


@pytest.mark.parametrize("case", FLAT, ids=names(FLAT))
def test_a_step_drives_the_gates(case):
    layer = next(layer for layer in lower(network(*case)).layers if isinstance(layer, Recurrent))
    (recurrence,) = layer.directions
    program = step_program(recurrence)
    rng = np.random.default_rng(0)
    n, h, rule = recurrence.n_inputs, recurrence.n_units, recurrence.rule
    x, state = rng.standard_normal((1, n)), rng.standard_normal((1, h))
    buffers = {
        "input": x[0],
        "joined": np.concatenate([np.full(n, np.nan), state[0]]),
        "driven": np.zeros(program.driven),
        "padded": np.full(program.padded, np.nan),
        SCRATCH: np.full(scratch_size([s for s in program.steps if isinstance(s, (Product, SparseProduct))]), np.nan),
    }
    run(program.steps, buffers)
    by_input, by_state = recurrence._products(x, state)
    together = (rule.n_gates - rule.n_apart) * h
    expected = by_input[0] + np.where(np.arange(by_input.shape[1]) < together, by_state[0], 0)
    expected = np.concatenate([expected, by_state[0, together:]])
    np.testing.assert_allclose(buffers["driven"], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", ["dense", "kronecker", "pruned"])
def test_a_gru_counts_what_its_account_counts(method):
    net = SequenceNetwork(6, 2, "gru", 12)
    account = compress(net, method, layers=["rnn"], init="random", random_state=0)
    layer = lower(net).layers[0]
    assert step_program(layer.directions[0]).n_macs == account[0].macs_after
