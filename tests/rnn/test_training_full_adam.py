"""Adam over all weights together: Adam for one weight, the same in turned axes, faster where weights pull at others."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from laconic.datasets import load_digits_rows
from laconic.rnn import RNNClassifier
from laconic.rnn.training.checkpoint import Checkpoint
from laconic.rnn.training.full_adam import MOST, FullAdam

CURVATURE = torch.diag(torch.logspace(0, 3, 6, dtype=torch.float64))
TURN = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[0]


def path(optimizer, start, loss, n_steps=60, **settings):
    """Return the points that an optimiser goes through."""
    x = start.clone().requires_grad_()
    steps, points = optimizer([x], **settings), []
    for _ in range(n_steps):
        steps.zero_grad()
        loss(x).backward()
        steps.step()
        points.append(x.detach().clone())
    return torch.stack(points)


def test_for_one_weight_it_is_adam():
    start = torch.tensor([3.0], dtype=torch.float64)
    settings = {"lr": 0.1, "weight_decay": 0.3}
    mine, adam = (path(kind, start, lambda x: (x**4).sum(), **settings) for kind in (FullAdam, torch.optim.AdamW))
    torch.testing.assert_close(mine, adam, rtol=1e-6, atol=1e-8)


def test_axes_do_not_matter():
    """Turned by a rotation, the same problem gives the same path, turned."""
    angle = torch.tensor(0.7, dtype=torch.float64)
    turn = torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])
    loss = lambda x: 5 * (x[0] - 1) ** 4 + (x[0] - x[1]) ** 2 + x[1] ** 2  # noqa: E731
    start = torch.tensor([3.0, -1.0], dtype=torch.float64)
    plain = path(FullAdam, start, loss)
    turned = path(FullAdam, turn @ start, lambda y: loss(turn.t() @ y))
    torch.testing.assert_close(turned, plain @ turn.t(), rtol=1e-5, atol=1e-6)


def test_it_goes_down_faster_than_adam_where_weights_pull_at_each_other():
    matrix, start = TURN @ CURVATURE @ TURN.t(), torch.full((6,), 2.0, dtype=torch.float64)
    loss = lambda x: 0.5 * x @ matrix @ x  # noqa: E731
    best = {}
    for kind in (FullAdam, torch.optim.Adam):
        best[kind] = min(float(loss(path(kind, start, loss, 300, lr=rate)[-1])) for rate in (0.3, 0.1, 0.03, 0.01))
    assert best[FullAdam] < 0.05 * best[torch.optim.Adam]


def test_groups_have_rates_and_decays_of_their_own_and_weights_without_gradients_stay():
    one, two, three = (torch.ones(2, requires_grad=True) for _ in range(3))
    groups = [{"params": [one], "weight_decay": 0.5}, {"params": [two], "lr": 0.0}, {"params": [three]}]
    optimizer = FullAdam(groups, lr=0.1)
    assert float(optimizer.step(lambda: (one.sum() + two.sum()).backward() or 7.0)) == 7.0
    assert torch.equal(two, torch.ones(2))
    assert torch.equal(three, torch.ones(2))
    torch.testing.assert_close(one, torch.full((2,), 0.95 - 0.1 / 2), rtol=1e-3, atol=0)


def test_gradients_that_are_not_finite_do_not_stop_it():
    x = torch.ones(3, requires_grad=True)
    optimizer = FullAdam([x])
    x.grad = torch.full((3,), float("nan"))
    optimizer.step()
    assert x.isnan().all()


def test_more_weights_than_it_takes():
    with pytest.raises(ValueError, match=f"at most {MOST} parameters, got {MOST + 1}"):
        FullAdam([torch.zeros(MOST + 1)])


def test_a_network_of_more_weights_is_trained_by_adamw():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3, 8)).astype(np.float32), np.arange(12) % 2
    settings = {"hidden_size": 40, "max_epochs": 2, "random_state": 0}
    found = [RNNClassifier(optimizer=name, **settings).fit(x, y) for name in ("adamw", "full-adam")]
    assert sum(weight.numel() for weight in found[0].module_.parameters()) > MOST
    assert np.array_equal(*(one.predict_proba(x) for one in found))


DIGITS = load_digits_rows()
SMALL = {"cell": "fastrnn", "hidden_size": 8, "method": "kronecker", "learning_rate": 0.06, "random_state": 0}


def digits(**settings):
    return RNNClassifier(**SMALL, **settings).fit(DIGITS.x_train[:500], DIGITS.y_train[:500])


def test_a_small_network_learns_more_in_as_many_epochs():
    losses = [digits(optimizer=name, max_epochs=20).history_[-1].train_loss for name in ("adamw", "full-adam")]
    assert losses[1] < 0.9 * losses[0]


class InterruptedTrainingError(Exception):
    """What a user's callback may raise."""


def test_a_checkpoint_comes_back_where_torch_would_have_put_it(tmp_path):
    """In memory that is aligned otherwise, products and eigenvectors come out with other last bits."""
    digits(optimizer="full-adam", max_epochs=1, checkpoint_dir=tmp_path)
    (file,) = tmp_path.iterdir()
    groups = Checkpoint.read(file).groups
    alignment = torch.empty(1000).data_ptr() % 64
    tensors = [tensor for group in groups.values() for tensor in group.values() if tensor.numel() > 1]
    assert len(tensors) > 6
    assert {tensor.data_ptr() % 64 for tensor in tensors} == {alignment}


def test_training_resumes_to_the_last_bit(tmp_path):
    def stop(record):
        if record.epoch == 4:
            raise InterruptedTrainingError

    kept = {"optimizer": "full-adam", "max_epochs": 8}
    with pytest.raises(InterruptedTrainingError):
        digits(on_epoch=stop, checkpoint_dir=tmp_path, **kept)
    resumed, whole = digits(resume=True, checkpoint_dir=tmp_path, **kept), digits(**kept)
    assert [row.train_loss for row in resumed.history_] == [row.train_loss for row in whole.history_]
    assert np.array_equal(resumed.predict_proba(DIGITS.x_test), whole.predict_proba(DIGITS.x_test))
