"""The closed-form gradients of FastRNN and FastGRNN against autograd, finite differences and themselves."""

import pytest

torch = pytest.importorskip("torch")
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.utils.rnn import pack_padded_sequence

from laconic.rnn import FastGRNN, FastRNN
from laconic.rnn.recurrence import FastGRNNSteps, FastRNNSteps

STEPS = {FastRNNSteps: ((3, 3), (1,), (1,)), FastGRNNSteps: ((3, 3), (3,), (1,), (1,))}
SQUASHES = [torch.tanh, torch.relu]


def arguments(steps, n_steps=4, n=2):
    """Weights of the right shapes, states and drives away from relu's kink."""
    generator = torch.Generator().manual_seed(1)
    shapes = ((n_steps, n, 3), *STEPS[steps], (n, 3))
    return [torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes]


def by_autograd(steps, driven, recurrent, *rest):
    """Return the states, each step as the paper has it."""
    *scalars, state, squash = rest
    states = [state]
    for drive in driven:
        pushed = drive + state @ recurrent.t()
        if steps is FastRNNSteps:
            alpha, beta = scalars
            state = alpha * squash(pushed) + beta * state
        else:
            gap, zeta, nu = scalars
            z = torch.sigmoid(pushed)
            state = (zeta * (1 - z) + nu) * squash(pushed + gap) + z * state
        states.append(state)
    return torch.stack(states)


@pytest.mark.parametrize("squash", SQUASHES)
@pytest.mark.parametrize("steps", STEPS)
def test_states_and_gradients_are_those_of_autograd(steps, squash):
    given = arguments(steps)
    found, expected = steps.apply(*given, squash)[0], by_autograd(steps, *given, squash)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)
    weight = torch.randn_like(found)
    mine, theirs = (torch.autograd.grad((states * weight).sum(), given) for states in (found, expected))
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("squash", SQUASHES)
@pytest.mark.parametrize("steps", STEPS)
def test_every_output_has_first_and_second_derivatives(steps, squash):
    given = arguments(steps, 2, 1)
    assert gradcheck(lambda *x: steps.apply(*x, squash), given)
    assert gradgradcheck(lambda *x: steps.apply(*x, squash), given)


@pytest.mark.parametrize("kind", [FastRNN, FastGRNN])
def test_gradients_of_each_sample_alone_by_vmap(kind):
    torch.manual_seed(0)
    layer, x = kind(4, 3, bidirectional=True, dtype=torch.float64), torch.randn(5, 6, 4, dtype=torch.float64)
    weights = dict(layer.named_parameters())

    def loss(weights, sample):
        return torch.func.functional_call(layer, weights, (sample[:, None],))[0].square().sum()

    each = torch.func.vmap(torch.func.grad(loss), (None, 0))(weights, x)
    for i, sample in enumerate(x):
        alone = torch.autograd.grad(loss(weights, sample), list(weights.values()))
        for one, other in zip(alone, each.values(), strict=True):
            torch.testing.assert_close(one, other[i], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", [FastRNN, FastGRNN])
def test_states_without_gradients_are_the_same(kind):
    layer, x = kind(4, 3), torch.randn(6, 2, 4)
    with torch.no_grad():
        without = layer(x)
    for one, other in zip(without, layer(x), strict=True):
        assert torch.equal(one, other.detach())
        assert not one.requires_grad


@pytest.mark.parametrize("reverse", [False, True])
def test_a_long_padding_does_not_overflow(reverse):
    """A relu's state may double with every step: through padding it must not."""
    layer = FastRNN(2, 3, nonlinearity="relu", bidirectional=reverse)
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            weight.copy_(torch.full_like(weight, 2.0 if "weight_hh" in name else 0.1))
    lengths, x = torch.tensor([400, 2]), torch.zeros(400, 2, 2)
    x[:2, 1] = 1.0
    with torch.no_grad():
        for name, bias in layer.named_parameters():
            if "bias" in name:
                bias.zero_()
    last = layer(pack_padded_sequence(x, lengths))[1]
    last[:, 1].sum().backward()
    assert last.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in layer.parameters())


@pytest.mark.parametrize("kind", [FastRNN, FastGRNN])
def test_float32_stays_and_autocast_runs(kind):
    layer, x = kind(4, 8), torch.randn(6, 2, 4)
    assert layer(x)[0].dtype == torch.float32
    exact = torch.autograd.grad(layer(x)[1].sum(), list(layer.parameters()))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = torch.autograd.grad(layer(x)[1].float().sum(), list(layer.parameters()))
    for one, other in zip(rough, exact, strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=0.1, atol=0.1)
