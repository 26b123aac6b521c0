"""FastRNN and FastGRNN layers with the signature of torch.nn.RNN."""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from laconic.core.checks import ParameterError, check_interval, check_positive_int
from laconic.rnn.recurrence import FastGRNNSteps, FastRNNSteps


class _LoopedRNN(nn.Module):
    """A recurrent layer that steps through time; a cell says what its weights are and how it steps."""

    scalars: ClassVar[dict[str, float]]
    """Learned scalars of a layer and their first values."""

    bias_names: ClassVar[tuple[str, ...]]
    """Bias vectors of a layer, each of length hidden_size; a cell is driven by W x + U h + the first one."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        self.input_size = check_positive_int(owner, "input_size", input_size)
        self.hidden_size = check_positive_int(owner, "hidden_size", hidden_size)
        self.num_layers = check_positive_int(owner, "num_layers", num_layers)
        if nonlinearity not in ("tanh", "relu"):
            raise ParameterError(owner, "nonlinearity", "'tanh' or 'relu'", nonlinearity)
        self.nonlinearity, self.bias, self.batch_first = nonlinearity, bias, batch_first
        self.dropout = check_interval(owner, "dropout", dropout, 0, 1)
        self.bidirectional = bidirectional
        for suffix, width in self.directions():
            self._add_weights(suffix, width, {"device": device, "dtype": dtype})
        self.reset_parameters()

    def directions(self) -> list[tuple[str, int]]:
        """Return the suffix of the weights' names and the input width of each layer and direction, in order."""
        reverse = ("", "_reverse") if self.bidirectional else ("",)
        widths = [self.input_size, *[self.hidden_size * len(reverse)] * (self.num_layers - 1)]
        return [(f"l{layer}{name}", width) for layer, width in enumerate(widths) for name in reverse]

    def _add_weights(self, suffix: str, width: int, kind: dict[str, Any]) -> None:
        self.register_parameter(f"weight_ih_{suffix}", nn.Parameter(torch.empty(self.hidden_size, width, **kind)))
        square = torch.empty(self.hidden_size, self.hidden_size, **kind)
        self.register_parameter(f"weight_hh_{suffix}", nn.Parameter(square))
        for name in self.bias_names if self.bias else ():
            self.register_parameter(f"{name}_{suffix}", nn.Parameter(torch.empty(self.hidden_size, **kind)))
        for name in self.scalars:
            self.register_parameter(f"{name}_{suffix}", nn.Parameter(torch.empty(1, **kind)))

    def reset_parameters(self) -> None:
        """Draw the weights as torch.nn.RNN does, set the scalars to their first values."""
        bound = self.hidden_size**-0.5
        for name, parameter in self.named_parameters():
            scalar = self.scalars.get(name.split("_l")[0])
            if scalar is None:
                nn.init.uniform_(parameter, -bound, bound)
            else:
                nn.init.constant_(parameter, scalar)

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """Run over a sequence.

        Parameters
        ----------
        input : tensor of shape (steps, batch, features) or PackedSequence
            Shape (batch, steps, features) with batch_first, (steps, features) without a batch.
        hx : tensor of shape (num_layers * directions, batch, hidden_size), optional
            State before the first step, zero by default.

        Returns
        -------
        output : of the input's form, with directions * hidden_size features
        h_n : tensor of shape (num_layers * directions, batch, hidden_size)
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() == 2:
            output, state = self._forward_time_major(input[:, None], None if hx is None else hx[:, None], None)
            return output[:, 0], state[:, 0]
        x = input.transpose(0, 1) if self.batch_first else input
        output, state = self._forward_time_major(x, hx, None)
        return (output.transpose(0, 1) if self.batch_first else output), state

    def _forward_packed(self, packed: PackedSequence, hx: Tensor | None) -> tuple[PackedSequence, Tensor]:
        x, lengths = pad_packed_sequence(packed)
        output, state = self._forward_time_major(x, hx, lengths.to(x.device))
        order, back = packed.sorted_indices, packed.unsorted_indices
        if order is not None:
            output, lengths = output[:, order], lengths[order.to(lengths.device)]
        data, batch_sizes, _, _ = pack_padded_sequence(output, lengths)
        return PackedSequence(data, batch_sizes, order, back), state

    def _forward_time_major(self, x: Tensor, hx: Tensor | None, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        self._check_input(x, hx)
        count = 2 if self.bidirectional else 1
        states: list[Tensor] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = nn.functional.dropout(x, self.dropout, self.training)
            outputs = []
            for reverse in range(count):
                start = None if hx is None else hx[layer * count + reverse]
                output, state = self._run(x, start, lengths, f"l{layer}" + "_reverse" * reverse, bool(reverse))
                outputs.append(output)
                states.append(state)
            x = torch.cat(outputs, dim=-1) if count == 2 else outputs[0]
        return x, torch.stack(states)

    def _run(
        self, x: Tensor, state: Tensor | None, lengths: Tensor | None, suffix: str, reverse: bool
    ) -> tuple[Tensor, Tensor]:
        """Run one layer in one direction: the input's share of all steps at once, then step by step."""
        order = _backwards(x, lengths) if reverse else None
        x = x if order is None else x.gather(0, order.expand_as(x))
        driven = nn.functional.linear(x, getattr(self, f"weight_ih_{suffix}"), self._vector(self.bias_names[0], suffix))
        if lengths is not None:
            driven = driven.masked_fill(_padding(x, lengths), -torch.inf)  # so that no state there can overflow
        start = x.new_zeros(x.shape[1], self.hidden_size) if state is None else state
        states = self._states(driven, start, suffix)
        last = states[-1] if lengths is None else states[lengths, torch.arange(x.shape[1], device=x.device)]
        output = states[1:]
        return (output if order is None else output.gather(0, order.expand_as(output))), last

    def _states(self, driven: Tensor, start: Tensor, suffix: str) -> Tensor:
        """Return the first state and those after each step, given W x and the first bias of each step."""
        raise NotImplementedError

    def _vector(self, name: str, suffix: str) -> Tensor | None:
        return getattr(self, f"{name}_{suffix}") if self.bias else None

    def _recurrent(self, suffix: str) -> Tensor:
        return getattr(self, f"weight_hh_{suffix}")  # type: ignore[no-any-return]

    @property
    def _squash(self) -> Any:
        return getattr(torch, self.nonlinearity)

    def _scalar(self, name: str, suffix: str) -> Tensor:
        return torch.sigmoid(getattr(self, f"{name}_{suffix}"))

    def _check_input(self, x: Tensor, hx: Tensor | None) -> None:
        owner = type(self).__name__
        if x.dim() != 3 or x.shape[-1] != self.input_size or not len(x):
            words = f"of one step or more and 2 or 3 axes, the last of length {self.input_size}"
            raise ParameterError(owner, "input", words, tuple(x.shape))
        expected = (self.num_layers * (1 + self.bidirectional), x.shape[1], self.hidden_size)
        if hx is not None and tuple(hx.shape) != expected:
            raise ParameterError(owner, "hx", f"of shape {expected}", tuple(hx.shape))

    def extra_repr(self) -> str:
        """Return the sizes, as torch.nn.RNN prints them."""
        more = f", num_layers={self.num_layers}" if self.num_layers > 1 else ""
        flags = "".join(f", {name}=True" for name in ("batch_first", "bidirectional") if getattr(self, name))
        return f"{self.input_size}, {self.hidden_size}{more}{flags}"


class FastRNN(_LoopedRNN):
    """FastRNN: a simple recurrent layer with a learned residual connection.

    Step: h~ = tanh(W x + U h + b), h = sigmoid(alpha) h~ + sigmoid(beta) h, two learned scalars a layer; alpha starts
    at -1 (its authors' code starts at -3, from which as many epochs taught less, on sequences of 16 to 61 steps).
    Arguments and results are those of torch.nn.RNN, except that a layer has one bias vector.

    Parameters
    ----------
    input_size, hidden_size : int
    num_layers : int, default 1
    nonlinearity : {"tanh", "relu"}
    bias, batch_first, bidirectional : bool
    dropout : float in [0, 1]
        Between layers.

    References
    ----------
    Kusupati et al., "FastGRNN: A Fast, Accurate, Stable and Tiny Kilobyte Sized Gated Recurrent Neural Network",
    arXiv:1901.02358, section 3.1.
    """

    scalars: ClassVar[dict[str, float]] = {"alpha": -1.0, "beta": 3.0}
    bias_names: ClassVar[tuple[str, ...]] = ("bias_ih",)

    def _states(self, driven: Tensor, start: Tensor, suffix: str) -> Tensor:
        alpha, beta = self._scalar("alpha", suffix), self._scalar("beta", suffix)
        return _stepped(FastRNNSteps, driven, self._recurrent(suffix), alpha, beta, start, self._squash)


class FastGRNN(_LoopedRNN):
    """FastGRNN: a gated layer whose gate and candidate share their matrices.

    Step: z = sigmoid(W x + U h + b_z), h~ = tanh(W x + U h + b_h),
    h = (sigmoid(zeta) (1 - z) + sigmoid(nu)) h~ + z h. Arguments and results are those of torch.nn.RNN.

    Parameters
    ----------
    input_size, hidden_size : int
    num_layers : int, default 1
    nonlinearity : {"tanh", "relu"}
        Of the candidate.
    bias, batch_first, bidirectional : bool
    dropout : float in [0, 1]
        Between layers.

    References
    ----------
    Kusupati et al., arXiv:1901.02358, section 3.2.
    """

    scalars: ClassVar[dict[str, float]] = {"zeta": 1.0, "nu": -4.0}
    bias_names: ClassVar[tuple[str, ...]] = ("bias_z", "bias_h")

    def _states(self, driven: Tensor, start: Tensor, suffix: str) -> Tensor:
        zeta, nu = self._scalar("zeta", suffix), self._scalar("nu", suffix)
        bias_z, bias_h = self._vector("bias_z", suffix), self._vector("bias_h", suffix)
        gap = start.new_zeros(self.hidden_size) if bias_z is None or bias_h is None else bias_h - bias_z
        return _stepped(FastGRNNSteps, driven, self._recurrent(suffix), gap, zeta, nu, start, self._squash)


def _stepped(steps: type[Function], *arguments: Any) -> Tensor:
    """Return the states; where no gradient is wanted, without a word to autograd, which exporters do not all read."""
    function: Callable[..., tuple[Tensor, ...]] = steps.apply if torch.is_grad_enabled() else steps.forward
    return function(*arguments)[0]


def _padding(x: Tensor, lengths: Tensor) -> Tensor:
    return (torch.arange(len(x), device=x.device)[:, None] >= lengths)[..., None]


def _backwards(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return, for each step and sequence, the step from its end (steps, batch or 1, 1); padding stays where it is."""
    steps = torch.arange(len(x), device=x.device)[:, None]
    ends = len(x) if lengths is None else lengths
    return torch.where(steps < ends, ends - 1 - steps, steps)[..., None]
