"""SequenceNetwork reads the last state of each direction."""

import pytest
import torch

from laconic.core.checks import ParameterError
from laconic.rnn.network import CELLS, SequenceNetwork, set_forget_bias


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("n_layers", [1, 2])
def test_logits_come_from_the_top_layers_last_states(cell: str, bidirectional: bool, n_layers: int) -> None:
    network = SequenceNetwork(3, 4, cell, 5, n_layers, bidirectional)
    x = torch.randn(7, 6, 3)
    outputs = network.rnn(x)[0]  # the forward direction ends at the last step, the backward one at the first
    state = torch.cat([outputs[:, -1, :5], outputs[:, 0, 5:]], dim=1)
    torch.testing.assert_close(network(x), network.head(state))
    assert network(x).shape == (7, 4)


def test_forget_bias_is_set_in_every_lstm_and_nowhere_else() -> None:
    network = SequenceNetwork(3, 4, "lstm", 5, 2, True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    set_forget_bias(network, 2.0)
    for name, value in network.state_dict().items():
        if "bias_" in name:
            assert (value[5:10] == (2.0 if "bias_ih" in name else 0.0)).all()
            value[5:10] = before[name][5:10]
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("bad", [{"cell": "cnn"}, {"hidden_size": 0}, {"n_layers": 0.5}, {"n_features": 0}])
def test_bad_sizes_are_refused_by_name(bad: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=f"SequenceNetwork: {next(iter(bad))} must be"):
        SequenceNetwork(**{"n_features": 2, "n_classes": 2, **bad})  # type: ignore[arg-type]  # wrong on purpose
