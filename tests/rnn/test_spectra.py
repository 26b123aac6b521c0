"""Singular values of gates: by definition, of products, and of what is not of full rank."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn

from laconic.rnn import FastRNN, compress, gate_spectra, structures
from laconic.rnn.spectra import summed_up


def network(**options):
    torch.manual_seed(0)
    return nn.ModuleDict({"rnn": nn.LSTM(28, 40, **options), "out": nn.Linear(40, 10)})


def test_values_are_those_of_each_gate():
    model = network(bidirectional=True)
    found = gate_spectra(model)
    assert [(one.key, one.gate) for one in found[:4]] == [("l0", g) for g in ("input", "forget", "cell", "output")]
    assert len(found) == 8
    W, U = (getattr(model["rnn"], f"weight_{kind}_l0").detach().double().numpy() for kind in ("ih", "hh"))
    expected = np.linalg.svd(np.hstack([W, U])[80:120], compute_uv=False)
    np.testing.assert_allclose(found[2].singular_values, expected, rtol=1e-6)
    assert found[2].rank == 40
    assert found[2].condition == pytest.approx(expected[0] / expected[-1], rel=1e-6)


def test_a_product_has_the_products_of_its_factors_values():
    model = network()
    compress(model, "kronecker", shapes=((8, 4), (5, 17)), layers=["rnn"])
    product = next(iter(structures(model).values())).parts["block_1"]
    factors = [np.linalg.svd(one.detach().numpy(), compute_uv=False) for one in product.factors]
    expected = np.sort(np.outer(*factors).ravel())[::-1]
    found = gate_spectra(model)[1]
    np.testing.assert_allclose(found.singular_values[:20], expected, rtol=1e-4)
    assert found.rank == 4 * 5
    assert found.condition == float("inf")


def test_low_rank_is_low():
    model = network()
    compress(model, "lowrank", budget="4.06KB", layers=["rnn"])
    assert {one.rank for one in gate_spectra(model)} == {2}


def test_effective_rank_is_that_of_as_many_equal_values():
    layer = nn.RNN(3, 5, bias=False)
    with torch.no_grad():
        layer.weight_hh_l0.copy_(torch.eye(5))
        layer.weight_ih_l0.zero_()
    (one,) = gate_spectra(layer)
    assert one.effective_rank == pytest.approx(5)
    assert one.condition == pytest.approx(1)
    assert one.gate == ""
    with torch.no_grad():
        layer.weight_hh_l0.zero_()
    (one,) = gate_spectra(layer)
    assert (one.rank, one.effective_rank, one.condition) == (0, 1.0, float("inf"))


def test_what_is_summed_up_is_json():
    model = nn.ModuleList([nn.GRU(4, 6, num_layers=2), FastRNN(3, 5), nn.Linear(3, 3)])
    spectra = gate_spectra(model)
    assert len(spectra) == 7
    found = json.loads(json.dumps(summed_up(spectra), allow_nan=False))
    assert found["rank"] == min(one.rank for one in spectra)
    assert len(found["spectrum"]) == 6
    assert found["spectrum"][0] == pytest.approx(1)
    assert summed_up([]) == {}
    assert summed_up(gate_spectra(nn.Linear(2, 2))) == {}
