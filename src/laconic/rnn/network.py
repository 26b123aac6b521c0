"""A recurrent network that reads a sequence and answers with one class."""

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


def set_forget_bias(module: nn.Module, value: float) -> None:
    """Let every LSTM inside `module` start with `value` as its forget gates' bias, so that it remembers.

    PyTorch adds two biases, each (4 H,) in the order input, forget, cell, output; the second one's part
    becomes zero (Jozefowicz, Zaremba, Sutskever, ICML 2015).
    """
    for layer in module.modules():
        if isinstance(layer, nn.LSTM):
            _set_forget_bias(layer, value)


@torch.no_grad()
def _set_forget_bias(lstm: nn.LSTM, value: float) -> None:
    forget = slice(lstm.hidden_size, 2 * lstm.hidden_size)
    for name, bias in lstm.named_parameters():
        if name.startswith("bias_"):
            bias[forget] = value if name.startswith("bias_ih") else 0.0
