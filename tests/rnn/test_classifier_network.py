"""SequenceNetwork reads the last state of each direction."""

import pytest
import torch

from laconic.core.checks import ParameterError
from laconic.rnn.network import CELLS, SequenceNetwork, forget_bias_for, set_forget_bias


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


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_forget_bias_is_set_in_every_layer_and_nowhere_else(cell: str) -> None:
    network = SequenceNetwork(3, 4, cell, 5, 2, True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    set_forget_bias(network, 2.0)
    for name, value in network.state_dict().items():
        if "bias_" in name:
            assert (value[5:10] == (2.0 if "bias_ih" in name else 0.0)).all()
            value[5:10] = before[name][5:10]
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_state_of_that_bias_is_half_kept_over_a_fourth_of_the_steps(cell: str) -> None:
    """Without input, an LSTM's cell state, and a GRU's state while its candidate is zero."""
    n_steps = 200
    network = SequenceNetwork(1, 2, cell, 1)
    with torch.no_grad():
        for weight in network.rnn.parameters():
            weight.zero_()
    set_forget_bias(network, forget_bias_for(n_steps))
    start = torch.ones(1, 1, 1)
    _, state = network.rnn(torch.zeros(1, n_steps // 4, 1), (start, start) if cell == "lstm" else start)
    kept = state[1] if cell == "lstm" else state
    assert kept.item() == pytest.approx(0.5, abs=0.02)


def test_that_bias_is_one_or_more() -> None:
    assert [forget_bias_for(n) for n in (0, 1, 7)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("bad", [{"cell": "cnn"}, {"hidden_size": 0}, {"n_layers": 0.5}, {"n_features": 0}])
def test_bad_sizes_are_refused_by_name(bad: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=f"SequenceNetwork: {next(iter(bad))} must be"):
        SequenceNetwork(**{"n_features": 2, "n_classes": 2, **bad})  # type: ignore[arg-type]  # wrong on purpose
