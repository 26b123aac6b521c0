"""Adam for a network of few parameters, all of which it takes together: in the axes of the gradient's second moment."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

MOST = 2048
"""Parameters of the largest network: the second moment has the square of them."""

_BETA1, _BETA2, _EPS = 0.9, 0.999, 1e-8
_EARLY = (1, 2, 5, 10)
"""Steps with new axes beside every n-th: at first the second moment changes fast."""


class FullAdam(Optimizer):
    """Adam in the eigenbasis of the gradients' second moment, a matrix over all parameters.

    With g the gradient of all parameters in a row, ``C = mean g g'`` (moving) and ``C = Q diag(w) Q'`` renewed now and
    then, a step goes by Adam's rule along the columns of Q: by the mean of ``Q' g`` over the root of the mean of its
    square, which starts from w whenever Q is new. Entries of factors of one product pull at each other; Adam, which
    takes each alone, is slow where a few parameters are all there are, and where they are few this costs little.

    Parameters
    ----------
    params : tensors or groups of them
        At most `MOST` numbers in total.
    lr : float
    weight_decay : float
        As in AdamW.

    Raises
    ------
    ValueError
        If there are more numbers.

    References
    ----------
    Vyas et al., arXiv:2409.11321 (SOAP, there for each matrix alone, by its rows and columns); Agarwal et al.,
    arXiv:1806.02958 (a full matrix).
    """

    def __init__(self, params: Iterable[Any], lr: float = 0.03, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})
        n = sum(weight.numel() for weight in self._weights())
        if n > MOST:
            raise ValueError(f"FullAdam is for networks of at most {MOST} parameters, got {n}")

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step; a weight without a gradient is taken for one whose gradient is zero."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        weights = self._weights()
        gradient = torch.cat([_gradient(weight).flatten() for weight in weights])
        state = self.state[weights[0]]
        if not state:
            state.update(_blank(gradient))
        pieces = iter(torch.split(_direction(state, gradient), [weight.numel() for weight in weights]))
        for group in self.param_groups:
            for weight in group["params"]:
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(next(pieces).view_as(weight), alpha=-group["lr"])
        return loss

    def _weights(self) -> list[Tensor]:
        return [weight for group in self.param_groups for weight in group["params"]]


def _gradient(weight: Tensor) -> Tensor:
    return torch.zeros_like(weight) if weight.grad is None else weight.grad


def _blank(gradient: Tensor) -> dict[str, Tensor]:
    n = len(gradient)
    square, row = gradient.new_zeros(n, n), gradient.new_zeros(n)
    return {"step": torch.zeros(()), "second": square, "axes": square.clone(), "mean": row, "spread": row.clone()}


def _direction(state: dict[str, Tensor], gradient: Tensor) -> Tensor:
    """Take the gradient into the state and return the direction of the step."""
    state["step"] += 1
    step = int(state["step"])
    first, second = 1 - _BETA1**step, 1 - _BETA2**step
    state["second"].mul_(_BETA2).addr_(gradient, gradient, alpha=1 - _BETA2)
    state["mean"].lerp_(gradient, 1 - _BETA1)
    if _is_due(step, state["second"]):
        spread, axes = torch.linalg.eigh(state["second"])
        state["spread"], state["axes"] = spread.clamp_(min=0), axes.contiguous()  # as a checkpoint gives it back
    else:
        along = state["axes"].t() @ gradient
        state["spread"].mul_(_BETA2).addcmul_(along, along, value=1 - _BETA2)
    mean, root = (state["axes"].t() @ state["mean"]) / first, (state["spread"] / second).sqrt()
    return state["axes"] @ (mean / (root + _least(root)))


def _least(root: Tensor) -> Tensor:
    """Return what is added to roots: below the rounding of the largest nothing but noise is left to be scaled up."""
    share: float = torch.finfo(root.dtype).eps ** 0.5
    return share * root.max() + _EPS


def _is_due(step: int, second: Tensor) -> bool:
    """Tell whether a step gets new axes: seldom, so that finding them stays a part of the work, if there are any."""
    return (step in _EARLY or step % max(20, len(second) // 10) == 0) and bool(second.isfinite().all())
