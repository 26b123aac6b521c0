"""Training with rounded numbers: what a forward sees, whose gradient it is, when it begins, and what remains."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from deploy.models import EVERY, names, network, sequences
from torch import nn
from torch.nn.functional import cross_entropy
from training_helpers import small, two_classes

from laconic.core.checks import DataError, ParameterError
from laconic.rnn import RNNClassifier, quantized, round_weights, structures
from laconic.rnn.network import SequenceNetwork
from laconic.rnn.training.checkpoint import Checkpoint

SOME = EVERY[::5]


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("case", SOME, ids=names(SOME))
def test_a_forward_sees_what_will_be_deployed_and_its_gradient_goes_straight_through(case: Any) -> None:
    net, x = network(*case), torch.from_numpy(sequences())
    twin, before = deepcopy(net), state(net)
    round_weights(twin)
    assert any(not torch.equal(a, b) for a, b in zip(net.parameters(), twin.parameters(), strict=True))
    with quantized(net):
        answers = net(x)
        answers.square().sum().backward()
    expected = twin(x)
    expected.square().sum().backward()
    assert torch.equal(answers, expected)
    for (name, a), b in zip(net.named_parameters(), twin.parameters(), strict=True):
        assert a.grad is not None, name
        assert b.grad is not None
        assert torch.equal(a.grad, b.grad), name
    assert_same(state(net), before)


def test_the_models_own_numbers_come_back_after_an_error() -> None:
    net = network("lstm", "kronecker", ("one layer", 1, False), "joint")
    before = state(net)
    with pytest.raises(KeyError), quantized(net):
        raise KeyError
    assert_same(state(net), before)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_of_two_biases_that_are_added_the_sum_is_rounded(cell: str) -> None:
    torch.manual_seed(0)
    net = SequenceNetwork(4, 3, cell, 8)
    one, two = net.rnn.bias_ih_l0.detach().clone(), net.rnn.bias_hh_l0.detach().clone()
    round_weights(net)
    joined = len(one) if cell != "gru" else 16
    assert not net.rnn.bias_hh_l0[:joined].any()
    half = torch.tensor([2.0**-10])  # biases below 2 * 35 ** -0.5 take units of at most 2^-7
    assert torch.allclose(net.rnn.bias_ih_l0[:joined], (one + two)[:joined], atol=float(4 * half))
    assert torch.allclose(net.rnn.bias_hh_l0[joined:], two[joined:], atol=float(4 * half))
    assert bool(net.rnn.bias_hh_l0[joined:].any()) == (cell == "gru")


def test_other_layers_are_left_alone() -> None:
    net = nn.Sequential(nn.Embedding(3, 4), nn.LayerNorm(4), nn.Linear(4, 2, bias=False))
    before = state(net)
    round_weights(net)
    changed = [name for name, value in state(net).items() if not torch.equal(value, before[name])]
    assert changed == ["2.weight"]


# In training ------------------------------------------------------------------------------------------------------


def losses(**settings: Any) -> list[float]:
    model = small(max_epochs=6, schedule="constant", method="kronecker", **settings).fit(*two_classes(200))
    return [record.train_loss for record in model.history_]


def test_it_begins_where_it_is_told_to() -> None:
    plain = losses()
    assert losses(quantization=0.0) == plain
    some, every = losses(quantization=0.5), losses(quantization=1.0)
    assert some[:3] == plain[:3]
    assert all(a != b for a, b in zip(some[3:], plain[3:], strict=True))
    assert all(a != b for a, b in zip(every, plain, strict=True))


@pytest.mark.parametrize("more", [{}, {"averaging": 0.9}, {"early_stopping": True, "patience": 2}])
def test_what_is_evaluated_is_what_remains(more: dict[str, Any]) -> None:
    x, y = two_classes(200)
    valid = two_classes(60, seed=1)
    model = small(max_epochs=6, quantization=0.5, method="kronecker", **more).fit(x, y, *valid)
    loss = -np.log(model.predict_proba(valid[0])[np.arange(60), valid[1]]).mean()
    seen = [record.valid_loss for record in model.history_]
    assert loss == pytest.approx(min(seen[3:]) if "patience" in more else seen[-1], rel=1e-5)


def test_it_does_not_stop_before_it_has_begun() -> None:
    x, y = two_classes(40)
    valid = (x, 1 - y)  # the loss rises from the first epoch on
    model = small(max_epochs=12, quantization=0.25, early_stopping=True, patience=1, learning_rate=0.05)
    assert len(model.fit(x, y, *valid).history_) > 9


def test_a_loop_of_ones_own_learns() -> None:
    x, y = (torch.from_numpy(a) for a in two_classes(200))
    torch.manual_seed(0)
    net = SequenceNetwork(2, 2, "fastgrnn", 6)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        with quantized(net):
            cross_entropy(net(x), y).backward()
        optimizer.step()
    round_weights(net)
    assert float((net(x).argmax(1) == y).float().mean()) > 0.9


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan"), True, "all", None])
def test_other_shares_are_refused(wrong: Any) -> None:
    with pytest.raises(ParameterError, match=r"RNNClassifier.*quantization must be a number in \[0, 1\]"):
        small(quantization=wrong).fit(*two_classes())


@pytest.mark.parametrize("max_epochs", [1, 3])
@pytest.mark.parametrize("method", [None, "kronecker"])
def test_a_training_that_diverges_says_so(method: str | None, max_epochs: int) -> None:
    rate = {"learning_rate": 1e39, "schedule": "constant", "gradient_clip": None}
    with pytest.raises(DataError, match="diverged"):
        small(quantization=1.0, method=method, max_epochs=max_epochs, **rate).fit(*two_classes(8))


def test_a_checkpoint_from_before_there_was_a_choice_is_one_without(tmp_path: Path) -> None:
    settings = {"checkpoint_dir": tmp_path, "max_epochs": 2}
    small(**settings).fit(*two_classes())
    path = tmp_path / "checkpoint.safetensors"
    saved = Checkpoint.read(path)
    del saved.identity["quantization"]
    saved.write(path)
    small(**settings, resume=True).fit(*two_classes())
    saved.write(path)
    with pytest.raises(DataError, match=r"quantization was 0.0, now 0.5"):
        small(**settings, resume=True, quantization=0.5).fit(*two_classes())


# Fine-tuning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [None, "dense", "kronecker", "lowrank", "pruned", "doped", "sum", "small"])
def test_a_network_compressed_alike_is_fine_tuned_as_it_is(method: str | None, tmp_path: Path) -> None:
    x, y = two_classes(100, n_features=6)
    trained = RNNClassifier(hidden_size=8, method=method, max_epochs=4, random_state=0).fit(x, y)
    trained.save(tmp_path / "trained")
    settings = trained.get_params() | {"start": tmp_path / "trained", "learning_rate": 1e-12, "max_epochs": 3}
    tuned = RNNClassifier(**settings).fit(x, y)
    np.testing.assert_allclose(tuned.predict_proba(x), trained.predict_proba(x), rtol=1e-5)
    assert tuned.account_ == trained.account_
    ours, theirs = structures(tuned.module_), structures(trained.module_)
    assert ours.keys() == theirs.keys()
    for name, structure in ours.items():
        assert structure.n_parameters == theirs[name].n_parameters
        torch.testing.assert_close(structure.dense(), theirs[name].dense(), rtol=1e-5, atol=1e-7)


def test_it_comes_nearer_than_rounding_alone(tmp_path: Path) -> None:
    """Weights of two very different sizes in one matrix: rounding loses the small ones, training makes up for them."""
    x, y = two_classes(300, n_features=4)
    trained = RNNClassifier(hidden_size=8, method="kronecker", max_epochs=10, random_state=0).fit(x, y)
    with torch.no_grad():
        trained.module_.head.bias.add_(30.0)  # the same answers, and biases of eight bits too coarse for them
    trained.save(tmp_path / "trained")
    settings = trained.get_params() | {"start": tmp_path / "trained", "quantization": 1.0, "learning_rate": 0.01}
    tuned = RNNClassifier(**settings).fit(x, y)
    plain = trained.score(x, y)
    round_weights(trained.module_)
    rounded, inputs, classes = trained.module_, torch.from_numpy(x), torch.from_numpy(y)
    with torch.no_grad():
        assert cross_entropy(tuned.module_(inputs), classes) < cross_entropy(rounded(inputs), classes)
    assert tuned.score(x, y) >= plain - 0.01
    assert np.isfinite(tuned.predict_proba(x)).all()
