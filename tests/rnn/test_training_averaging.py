"""The moving average of the weights."""

import torch
from torch import nn

from laconic.rnn.training.averaging import WeightAverage, ramped_decay
from laconic.rnn.training.clock import Clock


def test_decay_grows_to_its_limit() -> None:
    decays = [ramped_decay(0.9, step) for step in range(1, 200)]
    assert decays[0] == 0.1
    assert decays == sorted(decays)
    assert decays[-1] == 0.9


def test_average_follows_its_formula_and_gives_the_weights_back() -> None:
    module, clock = nn.Linear(2, 1), Clock(1, 5)
    average = WeightAverage(clock, 0.99)
    average.start(module)
    expected = module.weight.detach().clone()
    for step in range(1, 6):
        clock.tick()
        with torch.no_grad():
            module.weight += 1.0
        average.on_batch_end(None, training=True)  # type: ignore[arg-type]  # the net is not looked at
        decay = step / (9 + step)
        expected = decay * expected + (1 - decay) * module.weight.detach()
    last = module.weight.detach().clone()
    with average.in_use():
        torch.testing.assert_close(module.weight.detach(), expected)
    assert torch.equal(module.weight, last)
    average.apply()
    torch.testing.assert_close(module.weight.detach(), expected)


def test_validation_batches_do_not_move_the_average() -> None:
    module = nn.Linear(2, 1)
    average = WeightAverage(Clock(1, 1), 0.9)
    average.start(module)
    with torch.no_grad():
        module.weight += 1.0
    average.on_batch_end(None, training=False)  # type: ignore[arg-type]  # the net is not looked at
    assert not torch.equal(average.average_["weight"], module.weight)
