"""Clipping and annealing, inside the loop."""

import pytest
import torch
from torch import nn
from training_helpers import small, two_classes

from laconic.rnn.training import annealing
from laconic.rnn.training.batches import Sequences, ShuffledBatches
from laconic.rnn.training.clipping import ClipGradients
from laconic.rnn.training.loop import Plan, train


def numbered(n: int) -> Sequences:
    return Sequences(torch.randn(n, 1, 2), torch.arange(n) % 2)


def network() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(2, 2))


@pytest.mark.parametrize(("n_epochs", "n_batches"), [(1, 1), (10, 1), (1, 40), (3, 20)])
def test_masks_move_every_few_batches_and_end_in_their_last_stage(
    n_epochs: int, n_batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[float] = []
    monkeypatch.setattr(annealing, "anneal", lambda module, progress: stages.append(progress))
    train(network(), numbered(8 * n_batches), None, Plan(n_epochs, 8, 0.01))
    total = n_epochs * n_batches
    expected = [(e * n_batches + b + 0.5) / total for e in range(n_epochs) for b in range(0, n_batches, 16)]
    assert stages == pytest.approx([*expected, 1.0])


@pytest.mark.parametrize("averaging", [None, 0.9])
def test_a_pruned_classifier_ends_as_small_as_promised(averaging: float | None) -> None:
    model = small(method="pruned", budget=400, max_epochs=1, averaging=averaging).fit(*two_classes())
    kept = sum(int(value.sum()) for name, value in model.module_.state_dict().items() if name.endswith("mask"))
    others = sum(w.numel() for name, w in model.module_.named_parameters() if not name.endswith("values"))
    assert 4 * (kept + others) <= model.account_.bytes_after <= 400


def test_gradients_are_shrunk_to_the_largest_norm() -> None:
    noted: list[tuple[str, float]] = []

    class History:
        def record_batch(self, name: str, value: float) -> None:
            noted.append((name, value))

    class Net:
        module_ = network()
        history = History()

    clip = ClipGradients(0.5)
    clip.on_train_begin(Net())  # type: ignore[arg-type]  # all that is looked at
    for weight in Net.module_.parameters():
        weight.grad = torch.ones_like(weight)
    clip.on_grad_computed(Net())  # type: ignore[arg-type]  # all that is looked at
    gradients = torch.cat([weight.grad.flatten() for weight in Net.module_.parameters()])
    torch.testing.assert_close(gradients, torch.full((6,), 0.5 / 6**0.5))
    assert noted == [("gradient_norm", pytest.approx(6**0.5))]


@pytest.mark.parametrize(("clip", "least", "most"), [(None, 5e-3, 2e-2), (1e-12, 0.0, 1e-5)])
def test_training_clips_before_the_step(clip: float | None, least: float, most: float) -> None:
    module = network()
    before = module[1].weight.detach().clone()
    train(module, numbered(8), None, Plan(1, 8, 0.01, schedule="constant", gradient_clip=clip))
    moved = float((module[1].weight.detach() - before).abs().max())
    assert least <= moved <= most  # AdamW moves by the learning rate, unless the gradient is below its epsilon


@pytest.mark.parametrize("clip", [None, 0.01])
def test_an_epoch_records_the_norms_of_its_gradients_before_they_are_clipped(clip: float | None) -> None:
    """With a learning rate of nearly zero the weights stay, and every batch's gradient can be had by hand."""
    module, data = network(), numbered(24)
    (record,) = train(module, data, None, Plan(1, 8, 1e-12, schedule="constant", gradient_clip=clip, seed=3))
    norms = []
    for x, y in ShuffledBatches(data, 8, seed=3).of_epoch(1):
        loss = torch.nn.functional.cross_entropy(module(x), y)
        gradients = torch.autograd.grad(loss, list(module.parameters()))
        norms.append(float(torch.cat([one.flatten() for one in gradients]).norm()))
    assert record.gradient_norm == pytest.approx(sum(norms) / 3, rel=1e-4)
    assert record.largest_gradient_norm == pytest.approx(max(norms), rel=1e-4)
