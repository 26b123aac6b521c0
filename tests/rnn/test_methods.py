"""What single methods promise: the curve of gradual pruning, idle units of a narrow layer, dense rows of a hybrid."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
from compress_cases import CELLS, FEATURES, HIDDEN, METHODS, STEPS, assert_same, make
from torch import nn

from laconic.core.checks import ParameterError
from laconic.rnn import FastRNN, anneal, compress, count_parameters, structures
from laconic.rnn.methods import METHODS as REGISTERED
from laconic.rnn.methods.gradual import START, STOP
from laconic.structured.shapes import fullest_within

# Pruned -----------------------------------------------------------------------------------------------------------


def pruned_layer(budget=None):
    torch.manual_seed(0)
    layer = nn.LSTM(28, 40)
    compress(layer, "pruned", budget=budget)
    return layer, 160 * 68, next(iter(structures(layer).values())).n_parameters


def kept_entries(layer):
    return next(iter(structures(layer).values())).n_parameters


def test_pruning_begins_whole_and_ends_as_promised():
    layer, whole, final = pruned_layer()
    assert final == 4 * 117
    anneal(layer, 0)
    assert kept_entries(layer) == whole
    anneal(layer, 1)
    assert kept_entries(layer) == final
    assert count_parameters(layer) == final + 160


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
def test_sparsity_follows_equation_1_of_zhu_and_gupta(share):
    """s_t = s_f (1 - (1 - (t - t_0) / (t_n - t_0))^3) with an initial sparsity of zero."""
    layer, whole, final = pruned_layer()
    anneal(layer, START + share * (STOP - START))
    sparsity = (1 - final / whole) * (1 - (1 - share) ** 3)
    assert kept_entries(layer) == pytest.approx(whole * (1 - sparsity), abs=1)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_entries_never_return_in_number(progress):
    layer, _, final = pruned_layer()
    counts = []
    for stage in sorted(progress):
        anneal(layer, stage)
        counts.append(kept_entries(layer))
    assert counts == sorted(counts, reverse=True)
    assert min(counts) >= final


def test_before_the_start_and_after_the_stop_nothing_moves():
    layer, whole, final = pruned_layer()
    for progress, count in ((START / 2, whole), (START, whole), (STOP, final), ((1 + STOP) / 2, final)):
        anneal(layer, progress)
        assert kept_entries(layer) == count


def test_the_largest_stay_and_of_equal_ones_the_first():
    layer = nn.Linear(4, 3, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, -2.0, 1.0, 1.0], [1.0, 1.0, 1.0, -3.0], [0.0, 1.0, 1.0, 1.0]]))
    compress(layer, "pruned", budget=4 * 5)
    expected = torch.tensor([[1.0, -2.0, 1.0, 1.0], [0.0, 0.0, 0.0, -3.0], [0.0, 0.0, 0.0, 0.0]])
    assert torch.equal(layer.weight, expected)
    anneal(layer, 0)
    assert (layer.weight != 0).sum() == 11
    anneal(layer, 1)
    assert torch.equal(layer.weight, expected)


def test_weights_behind_the_mask_get_no_gradient_and_can_come_back():
    layer, _, _ = pruned_layer()
    parameter = layer.compressed["l0"]
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    before = parameter.values.detach().clone()
    layer(torch.randn(5, 3, 28))[0].sum().backward()
    mask = parameter.mask
    assert (parameter.values.grad[~mask] == 0).all()
    assert (parameter.values.grad[mask] != 0).any()
    optimizer.step()
    assert torch.equal(parameter.values[~mask], before[~mask])
    hidden = int((~mask).flatten().nonzero()[0])
    with torch.no_grad():
        parameter.values.view(-1)[hidden] = 9.0
    anneal(layer, 1)
    assert parameter.mask.view(-1)[hidden]
    assert kept_entries(layer) == 4 * 117


@pytest.mark.parametrize("progress", [-0.1, 1.1, float("nan"), "1", None])
def test_progress_is_a_share(progress):
    with pytest.raises(ParameterError, match=r"anneal: progress must be a number in \[0, 1\]"):
        anneal(nn.LSTM(2, 3), progress)


@pytest.mark.parametrize("method", [m for m in METHODS if REGISTERED[m].settled == 0])
def test_annealing_leaves_other_methods_alone(method):
    layer = make("lstm")
    compress(layer, method)
    before = copy.deepcopy(layer.state_dict())
    anneal(layer, 0.3)
    assert all(torch.equal(a, b) for a, b in zip(before.values(), layer.state_dict().values(), strict=True))


# Small ------------------------------------------------------------------------------------------------------------


def narrow_twin(layer, cell, units, **kwargs):
    """A layer built narrow, with the live part of a small layer's weights."""
    twin = CELLS[cell](FEATURES, units, **kwargs)
    directions = 1 + twin.bidirectional
    live = [d * HIDDEN + u for d in range(directions) for u in range(units)]
    with torch.no_grad():
        for name, parameter in twin.named_parameters():
            whole = getattr(layer, name)
            gates = len(parameter) // units
            rows = [g * HIDDEN + u for g in range(gates) for u in range(units)] if gates else [0]
            whole = whole[rows]
            if parameter.dim() == 2:
                below = list(range(units)) if "_hh_" in name else live
                whole = whole if whole.shape[1] == parameter.shape[1] else whole[:, below]
            parameter.copy_(whole)
    return twin


FORMS = [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False}]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cell", sorted(CELLS))
def test_small_equals_a_narrow_layer_and_its_idle_units_stay_at_zero(cell, form):
    layer = make(cell, **form)
    account = compress(layer, "small", budget=4 * int(0.4 * count_parameters(layer)))
    units = int(account[0].note.split()[0])
    assert 1 <= units < HIDDEN
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05, weight_decay=0.1)
    for _ in range(5):
        layer(torch.randn(STEPS, 3, FEATURES))[0].square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    x = torch.randn(STEPS, 3, FEATURES)
    directions = 2 if layer.bidirectional else 1
    output = layer(x)[0].unflatten(-1, (directions, HIDDEN))
    assert (output[..., units:] == 0).all()
    twin = narrow_twin(layer, cell, units, **form)
    assert_same(output[..., :units].flatten(-2), twin(x)[0])
    assert count_parameters(layer) == count_parameters(twin)


def test_small_gives_every_layer_the_same_share():
    model = nn.ModuleDict({"a": nn.LSTM(4, 8), "b": nn.GRU(8, 16), "head": nn.Linear(16, 2)})
    account = compress(model, "small", budget=2200)
    assert account.bytes_after <= 2200
    shares = [[int(word) for word in layer.note.split() if word.isdigit()] for layer in account]
    assert shares[0][0] / shares[0][1] == pytest.approx(shares[1][0] / shares[1][1], abs=1 / 8)


# Others -----------------------------------------------------------------------------------------------------------


def test_hybrid_has_dense_rows_where_one_fits_and_says_so_where_none_does():
    roomy = compress(nn.LSTM(28, 40), "hybrid")
    assert "dense rows over" in roomy[0].structure
    assert not roomy[0].note
    n_biases = 4 * 40
    assert 10 <= (10 * n_biases + 4 * 40 * 68) / roomy[0].parameters_after < 12  # a tenth of the matrix, all biases
    tight = compress(nn.LSTM(28, 40), "hybrid", budget=2400)
    assert "dense rows" not in tight[0].structure
    assert tight[0].note == "no dense row fits: as kronecker"


@pytest.mark.parametrize("budget", [700, 1000, 1600, 2600])
@pytest.mark.parametrize("hidden", [14, 20, 24, 32])
def test_hybrid_leaves_at_most_a_tenth_of_what_any_number_of_dense_rows_uses(hidden, budget):
    layer = FastRNN(16, hidden)
    others = layer.weight_ih_l0.shape[0] + 2
    account = compress(layer, "hybrid", budget=budget)
    used = account[0].parameters_after - others
    for n_dense in range(1, hidden):
        room = budget // 4 - others - n_dense * (16 + hidden)
        product = fullest_within(hidden - n_dense, 16 + hidden, room)
        assert product is None or used >= 0.9 * (n_dense * (16 + hidden) + product.n_parameters)


def test_every_method_is_registered_under_its_name():
    assert tuple(REGISTERED) == METHODS
    for name, method in REGISTERED.items():
        assert method.name == name
        assert method.summary.endswith(".")


def test_lowrank_shares_the_bytes_of_the_papers_rule():
    kronecker, lowrank = (compress(nn.LSTM(28, 40), m) for m in ("kronecker", "lowrank"))
    assert lowrank[0].structure == "rank 2"
    assert lowrank.bytes_after <= kronecker.bytes_after


def only_structure(layer):
    return next(iter(structures(layer).values()))


def test_a_doped_gate_is_a_product_plus_entries_within_half_the_parameters_each():
    layer = nn.LSTM(28, 40)
    account = compress(layer, "doped", budget=4 * (4 * 300 + 160))
    gates = only_structure(layer).blocks
    assert len(gates) == 4
    for gate in gates:
        product, entries = gate.terms
        assert product.n_parameters <= 150
        assert product.n_parameters + entries.n_parameters == 300
        assert product.max_rank == 20
    assert "not counted" in account[0].note


def test_the_entries_of_a_doped_gate_are_taken_away_as_in_pruning():
    layer = nn.GRU(28, 40)
    compress(layer, "doped", budget=4 * (3 * 300 + 120))
    final = kept_entries(layer)
    product = only_structure(layer).blocks[0].terms[0].n_parameters
    for share, left in ((0.0, 1.0), (0.5, 0.5**3), (1.0, 0.0)):
        anneal(layer, START + share * (STOP - START))
        for gate in only_structure(layer).blocks:
            expected = 300 - product + (40 * 68 - (300 - product)) * left
            assert gate.terms[1].n_parameters == pytest.approx(expected, abs=1)
    assert kept_entries(layer) == final


def test_rows_of_either_term_are_dropped_in_training_while_entries_go_and_never_after():
    layer = nn.LSTM(28, 40)
    compress(layer, "doped", init="random", random_state=0)
    whole = only_structure(layer).dense().detach()
    assert torch.equal(layer.compressed["l0"].formed(), whole)  # nothing has said yet that it is being trained
    anneal(layer, 0.3)
    moving = only_structure(layer)
    products, entries = (torch.cat([gate.terms[i].dense() for gate in moving.blocks]).detach() for i in (0, 1))
    torch.manual_seed(0)
    found = layer.compressed["l0"].formed().detach()
    pairs = [(a, b) for a in (0.0, 1 / 0.9) for b in (0.0, 1 / 0.9)]
    errors = torch.stack([(found - a * products - b * entries).abs().amax(dim=1) for a, b in pairs])
    assert (errors.amin(dim=0) < 1e-6).all()
    counts = torch.bincount(errors.argmin(dim=0), minlength=4)
    assert counts[1] > 0
    assert counts[2] > 0
    assert counts[3] > 0.6 * len(found)
    many = torch.stack([layer.compressed["l0"].formed().detach() for _ in range(400)])
    torch.testing.assert_close(many.mean(dim=0), products + entries, rtol=0, atol=0.3 * float(whole.std()))
    layer.eval()
    assert torch.equal(layer.compressed["l0"].formed(), products + entries)
    layer.train()
    anneal(layer, STOP)
    assert torch.equal(layer.compressed["l0"].formed(), only_structure(layer).dense())


def test_a_sum_starts_from_the_truncated_decomposition():
    """Van Loan and Pitsianis: the nearest sum of two products is what two singular vectors give, gate by gate."""
    torch.manual_seed(0)
    layer = nn.LSTM(28, 40)
    before = torch.cat([layer.weight_ih_l0, layer.weight_hh_l0], dim=1).detach()
    compress(layer, "sum")
    found = only_structure(layer)
    for gate, weights in zip(found.blocks, before.split(40), strict=True):
        (m1, n1), (m2, n2) = gate.terms[0].shapes
        unfolded = weights.reshape(m1, m2, n1, n2).permute(0, 2, 1, 3).reshape(m1 * n1, m2 * n2)
        least = torch.linalg.svdvals(unfolded)[2:].square().sum().sqrt()
        assert float((weights - gate.dense().detach()).norm()) == pytest.approx(float(least), rel=1e-4)


@pytest.mark.parametrize(("share", "n_dense"), [(0.08, 1), (0.3, 10), (0.54, 20), (0.7, 20)])
def test_hmd_has_dense_rows_up_to_half_and_then_a_higher_rank(share, n_dense):
    layer = nn.LSTM(28, 40)
    compress(layer, "hmd", budget=4 * (160 + int(4 * 40 * 68 * share)))
    for gate in only_structure(layer).blocks:
        top, bottom = gate.blocks
        assert top.shape == (n_dense, 68)
        assert bottom.rank == 1 if share < 0.6 else bottom.rank > 5
        spare = 40 * 68 * share - gate.n_parameters
        assert spare < (67 if n_dense < 20 else 88)


def test_hmd_refuses_a_single_unit():
    with pytest.raises(ParameterError, match="'hmd' needs at least two units"):
        compress(nn.LSTM(3, 1), "hmd")
