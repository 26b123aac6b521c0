"""A recurrent network that reads a sequence and answers with one class."""

import math
from typing import cast

import torch
from torch import Tensor, nn

from laconic.core.checks import check_choice, check_positive_int
from laconic.rnn.layers import FastGRNN, FastRNN

CELLS: dict[str, type[nn.Module]] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn": nn.RNN,
    "fastrnn": FastRNN,
    "fastgrnn": FastGRNN,
}


class SequenceNetwork(nn.Module):
    """Recurrent layers, then a linear classifier on the state after the last step.

    With h the top layer's last state of each direction, directions concatenated, the network answers
    ``logits = C h + c``; `rnn` holds the recurrent layers and `head` holds C and c.

    Parameters
    ----------
    n_features : int
        Features of one step.
    n_classes : int
        Classes to tell apart.
    cell : {"lstm", "gru", "rnn", "fastrnn", "fastgrnn"}, default="lstm"
        Kind of recurrent layer.
    hidden_size : int, default=32
        Width H of the state, for each direction.
    n_layers : int, default=1
        Recurrent layers stacked on each other.
    bidirectional : bool, default=False
        Whether a second set of layers reads the sequence backwards.

    Raises
    ------
    ParameterError
        If the cell is unknown or a size is not a whole number above zero.
    """

    def __init__(
        self,
        n_features: int,
        n_classes: int,
        cell: str = "lstm",
        hidden_size: int = 32,
        n_layers: int = 1,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        check_choice("SequenceNetwork", "cell", cell, CELLS)
        n_features = check_positive_int("SequenceNetwork", "n_features", n_features)
        n_classes = check_positive_int("SequenceNetwork", "n_classes", n_classes)
        hidden_size = check_positive_int("SequenceNetwork", "hidden_size", hidden_size)
        n_layers = check_positive_int("SequenceNetwork", "n_layers", n_layers)
        both = bool(bidirectional)
        self.rnn = CELLS[cell](n_features, hidden_size, num_layers=n_layers, bidirectional=both, batch_first=True)
        self.head = nn.Linear(hidden_size * (1 + both), n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map sequences (n, n_steps, n_features) to logits (n, n_classes)."""
        state = self.rnn(x)[1]
        hidden: Tensor = state[0] if isinstance(state, tuple) else state  # an LSTM adds its cell state
        n_directions = 1 + bool(self.rnn.bidirectional)
        return cast(Tensor, self.head(hidden[-n_directions:].transpose(0, 1).flatten(1)))


def forget_bias_for(n_steps: int) -> float:
    """Return a bias of gates by which half of a state is kept over a fourth of so many steps: log(n_steps) - 1.

    It is at least 1, and the mean of the biases log u, u uniform from 1 to n_steps, of Tallec and Ollivier
    (arXiv:1804.11188).

    Parameters
    ----------
    n_steps : int
        Of the sequences.

    Examples
    --------
    >>> from laconic.rnn import forget_bias_for
    >>> round(forget_bias_for(61), 2)
    3.11
    """
    return max(1.0, math.log(max(n_steps, 1)) - 1)


def set_forget_bias(module: nn.Module, value: float) -> None:
    """Let every LSTM and GRU inside `module` start with `value` as the bias of the gates that keep its state.

    These are an LSTM's forget gates and a GRU's update gates, in both the second of the gates, of H rows each.
    PyTorch adds two biases; the second one's part becomes zero (Jozefowicz, Zaremba, Sutskever, ICML 2015).

    Parameters
    ----------
    module : torch.nn.Module
        Changed in place; layers without biases are left as they are.
    value : float

    Examples
    --------
    >>> import torch
    >>> from laconic.rnn import forget_bias_for, set_forget_bias
    >>> model = torch.nn.LSTM(10, 4)
    >>> set_forget_bias(model, forget_bias_for(61))
    >>> (model.bias_ih_l0 + model.bias_hh_l0)[4:8].detach().round(decimals=2)
    tensor([3.1100, 3.1100, 3.1100, 3.1100])
    """
    for layer in module.modules():
        if isinstance(layer, (nn.LSTM, nn.GRU)):
            _set_forget_bias(layer, value)


@torch.no_grad()
def _set_forget_bias(layer: nn.LSTM | nn.GRU, value: float) -> None:
    keeping = slice(layer.hidden_size, 2 * layer.hidden_size)
    for name, bias in layer.named_parameters():
        if name.startswith("bias_"):
            bias[keeping] = value if name.startswith("bias_ih") else 0.0
