"""The steps of FastRNN and FastGRNN, with gradients in closed form: a fraction of what autograd spends on each step.

Both cells have the form ``h' = kept * h + given(c)``, where one product of the state drives them; so they share their
way back through time, in which all that does not depend on the gradient is formed for all steps at once.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx

Squash = Callable[[Tensor], Tensor]
SLOPES: dict[Squash, Squash] = {
    torch.tanh: lambda y: 1 - y * y,
    torch.relu: lambda y: (y > 0).to(y.dtype),
}
"""Slope of each nonlinearity, as a function of its value."""


class _Steps(Function):
    """What both cells have in common: all results are outputs, so that gradients have gradients, too."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Keep all but what drives the steps, and the first state."""
        _, *weights, _, squash = inputs
        ctx.save_for_backward(*weights, *output)
        ctx.slope = SLOPES[squash]  # type: ignore[attr-defined]


class FastRNNSteps(_Steps):
    """``c = squash(driven + U h)``, ``h' = alpha c + beta h``, step by step (arXiv:1901.02358, equation 2).

    ``apply(driven, recurrent, alpha, beta, start, squash)`` takes W x + b (steps, batch, hidden), U (hidden, hidden),
    scalars (1,), the first state (batch, hidden), and torch.tanh or torch.relu; it returns the states, the first one
    included (steps + 1, batch, hidden), and the candidates c (steps, batch, hidden).
    """

    @staticmethod
    def forward(
        driven: Tensor, recurrent: Tensor, alpha: Tensor, beta: Tensor, start: Tensor, squash: Squash
    ) -> tuple[Tensor, ...]:
        """Step through time."""
        states, candidates, across = [start], list[Tensor](), recurrent.t()
        for drive in driven.unbind(0):
            candidates.append(squash(torch.addmm(drive, states[-1], across)))
            states.append(torch.addcmul(beta * states[-1], alpha, candidates[-1]))
        return torch.stack(states), torch.stack(candidates)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Go back through time."""
        of_states, of_candidates = gradients
        recurrent, alpha, beta, states, candidates = ctx.saved_tensors
        slope = ctx.slope(candidates)
        reach = beta.expand(len(slope), 1, 1)
        totals, driven, start = _back(of_states, of_candidates * slope, alpha * slope, reach, recurrent)
        scalars = (totals * candidates).sum().reshape(1), (totals * states[:-1]).sum().reshape(1)
        return driven, _outer(driven, states), *scalars, start, None


class FastGRNNSteps(_Steps):
    """``z = sigmoid(p)``, ``c = squash(p + gap)``, ``h' = (zeta (1 - z) + nu) c + z h`` with ``p = driven + U h``.

    ``apply(driven, recurrent, gap, zeta, nu, start, squash)`` takes W x + b_z, U, the difference b_h - b_z of the
    biases (hidden,), scalars (1,), the first state and torch.tanh or torch.relu; it returns the states, the first one
    included, the gates z and the candidates c (arXiv:1901.02358, equation 3).
    """

    @staticmethod
    def forward(
        driven: Tensor, recurrent: Tensor, gap: Tensor, zeta: Tensor, nu: Tensor, start: Tensor, squash: Squash
    ) -> tuple[Tensor, ...]:
        """Step through time."""
        states, gates, candidates = [start], list[Tensor](), list[Tensor]()
        across, both, minus = recurrent.t(), zeta + nu, -zeta
        for drive in driven.unbind(0):
            pushed = torch.addmm(drive, states[-1], across)
            gates.append(torch.sigmoid(pushed))
            candidates.append(squash(pushed + gap))
            given = torch.addcmul(both, gates[-1], minus) * candidates[-1]
            states.append(torch.addcmul(given, gates[-1], states[-1]))
        return torch.stack(states), torch.stack(gates), torch.stack(candidates)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Go back through time."""
        of_states, of_gates, of_candidates = gradients
        recurrent, _, zeta, nu, states, gates, candidates = ctx.saved_tensors
        opening, slope = gates * (1 - gates), ctx.slope(candidates)
        to_candidate = (zeta * (1 - gates) + nu) * slope
        reach = to_candidate + (states[:-1] - zeta * candidates) * opening
        extra = of_candidates * slope + of_gates * opening
        totals, driven, start = _back(of_states, extra, reach, gates, recurrent)
        gap = (totals * to_candidate + of_candidates * slope).sum((0, 1))
        given = totals * candidates
        scalars = (given * (1 - gates)).sum().reshape(1), given.sum().reshape(1)
        return driven, _outer(driven, states), gap, *scalars, start, None


def _back(
    of_states: Tensor, extra: Tensor, reach: Tensor, kept: Tensor, recurrent: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Carry the gradient from the last state to the first.

    With g the whole gradient of a step's state, its drive has the gradient ``extra + reach g`` and the state before it
    ``kept g`` and what the drive's gradient brings through U.

    Returns
    -------
    totals, driven : Tensor (steps, batch, hidden)
        Of each step's state and of its drive.
    start : Tensor (batch, hidden)
        Of the first state.
    """
    parts = [values.unbind(0) for values in (of_states[:-1], extra, reach, kept)]
    total, totals, driven = of_states[-1], list[Tensor](), list[Tensor]()
    for own, more, slope, share in zip(*(part[::-1] for part in parts), strict=True):
        totals.append(total)
        driven.append(torch.addcmul(more, slope, total))
        total = torch.addmm(torch.addcmul(own, share, total), driven[-1], recurrent)
    return torch.stack(totals[::-1]), torch.stack(driven[::-1]), total


def _outer(driven: Tensor, states: Tensor) -> Tensor:
    """Return the gradient of U, of all steps."""
    return driven.flatten(0, 1).t() @ states[:-1].flatten(0, 1)
