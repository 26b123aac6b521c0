"""The method skeleton keeps the promises that CONTRIBUTING.md asks of a new compression method."""

import pytest

torch = pytest.importorskip("torch")

from laconic.core.checks import ParameterError
from laconic.rnn import compress
from laconic.rnn.methods import METHODS
from skeletons.method import TwoProducts


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(METHODS, TwoProducts.name, TwoProducts)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return torch.nn.LSTM(6, 10, batch_first=True)


def test_keeps_its_budget(model):
    account = compress(model, method="two-products", budget="1KB")
    assert account.bytes_after <= 1024


def test_refuses_a_budget_it_cannot_keep(model):
    with pytest.raises(ParameterError, match=r"budget must be at least .* for method 'two-products'"):
        compress(model, method="two-products", budget="200B")


def test_learns(model):
    compress(model, method="two-products")
    x = torch.randn(4, 5, 6)
    model(x)[0].square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_starts_near_the_present_weights(model):
    before = torch.cat([model.weight_ih_l0, model.weight_hh_l0], dim=1).detach().clone()
    compress(model, method="two-products", init="nearest")
    after = torch.cat([model.weight_ih_l0, model.weight_hh_l0], dim=1)
    assert (before - after).norm() < before.norm()
