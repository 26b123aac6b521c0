"""Models in files: bit-equal in a new process, whole or refused, nothing changed by a file that does not fit."""

import copy
import json
import struct
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
from compress_cases import FEATURES, HIDDEN, METHODS, make
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from laconic.core.checks import DataError, ParameterError
from laconic.rnn import anneal, compress, count_parameters, load_weights, save_weights, structures

USERS_MODULE = '''
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence


class Chain(nn.ModuleList):
    """Runs its parts one after the other, and unpacks what recurrent layers return."""

    def forward(self, x):
        for part in self:
            x = part(x)
            x = x[0] if isinstance(x, tuple) and isinstance(part, nn.RNNBase) else x
        return x


class Last(nn.Module):
    def forward(self, packed):
        padded, lengths = pad_packed_sequence(packed, batch_first=True)
        return padded[torch.arange(len(lengths)), lengths - 1]


def make_model():
    gru = nn.GRU(6, 8, num_layers=2, bidirectional=True, batch_first=True)
    return nn.Sequential(Chain([gru, Last()]), nn.BatchNorm1d(16), nn.Linear(16, 3))


def make_input():
    generator = torch.Generator().manual_seed(7)
    return pack_sequence([torch.randn(n, 6, generator=generator) for n in (5, 2, 7, 3)], enforce_sorted=False)
'''

IN_A_NEW_PROCESS = """
import sys, torch
torch.set_num_threads(1)
folder, *methods = sys.argv[1:]
sys.path.insert(0, folder)
from users_module import make_input, make_model
from laconic.rnn import load_weights
for method in methods:
    model = make_model()
    metadata = load_weights(model, f"{folder}/{method}")
    model.eval()
    assert metadata == {"classes": ["a", "b"]}
    torch.save(model(make_input()), f"{folder}/{method}.pt")
"""


@pytest.fixture
def users(tmp_path, monkeypatch):
    """The user's own module, importable, and the folder it is in."""
    (tmp_path / "users_module.py").write_text(USERS_MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "users_module", raising=False)
    import users_module

    return users_module, tmp_path


def trained(module, method):
    """The user's model, compressed and trained a little."""
    torch.manual_seed(0)
    model = module.make_model()
    compress(model, method, init="random", random_state=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(5):
        loss = nn.functional.cross_entropy(model(module.make_input()), torch.tensor([0, 1, 2, 0]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def test_a_users_model_predicts_the_same_in_a_new_process(users):
    module, folder = users
    methods = [m for m in METHODS if m != "dense"]
    expected = {}
    for method in methods:
        model = trained(module, method)
        expected[method] = model(module.make_input())
        save_weights(model, folder / method, {"classes": ["a", "b"]})
    subprocess.run([sys.executable, "-c", IN_A_NEW_PROCESS, str(folder), *methods], check=True, timeout=300)
    for method in methods:
        assert torch.equal(torch.load(folder / f"{method}.pt"), expected[method]), method


def tagger(cell="gru", seed=0, **kwargs):
    return nn.Sequential(make(cell, seed, **({"num_layers": 2, "bidirectional": True} | kwargs)))


def outputs(model):
    x = torch.randn(4, 3, FEATURES, generator=torch.Generator().manual_seed(0))
    return model(x.to(next(model.parameters()).dtype))[0]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn-relu", "fastrnn", "fastgrnn"])
def test_round_trip_into_a_plain_and_into_a_compressed_model(cell, method, compressed, tmp_path):
    model, other = tagger(cell), tagger(cell, seed=1)
    compress(model, method, init="random", random_state=0)
    if compressed:
        compress(other, method, init="random", random_state=1)
    expected = outputs(model)
    save_weights(model, tmp_path / "w.safetensors")
    held = {id(p) for p in other.parameters()}
    assert load_weights(other, tmp_path / "w") == {}
    assert torch.equal(outputs(other), expected)
    assert other.state_dict().keys() == model.state_dict().keys()
    assert count_parameters(other) == count_parameters(model)
    assert not compressed or {id(p) for p in other.parameters()} == held
    assert {n: str(s) for n, s in structures(other).items()} == {n: str(s) for n, s in structures(model).items()}


def test_plain_models_too(tmp_path):
    model, other = tagger(), tagger(seed=1)
    save_weights(model, tmp_path / "w", {"note": None})
    assert load_weights(other, tmp_path / "w.json") == {"note": None}
    assert torch.equal(outputs(other), outputs(model))


def test_only_the_two_files_are_left(tmp_path):
    save_weights(tagger(), tmp_path / "model.v1")
    assert {p.name for p in tmp_path.iterdir()} == {"model.v1.safetensors", "model.v1.json"}
    document = json.loads((tmp_path / "model.v1.json").read_text())
    assert document["format"] == "laconic-weights-1"


@pytest.mark.parametrize("metadata", [{"a": float("nan")}, {"a": {1, 2}}, {"a": torch.ones(2)}])
def test_metadata_that_are_not_json_leave_no_file(metadata, tmp_path):
    with pytest.raises(ParameterError, match="save_weights: metadata must be JSON values"):
        save_weights(tagger(), tmp_path / "w", metadata)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("method", METHODS)
def test_the_models_own_precision_is_kept(method, dtype, tmp_path):
    model, other, single = tagger().to(dtype), tagger(seed=1).to(dtype), tagger(seed=1)
    compress(model, method)
    save_weights(model, tmp_path / "w")
    load_weights(other, tmp_path / "w")
    assert {p.dtype for p in other.parameters()} == {dtype}
    assert torch.equal(outputs(other), outputs(model))
    load_weights(single, tmp_path / "w")
    assert {p.dtype for p in single.parameters()} == {torch.float32}


def test_the_size_of_a_pruned_file_is_that_of_its_entries_and_a_bit_map(tmp_path):
    layer = nn.LSTM(100, 200)
    account = compress(layer, "pruned", budget=60000)
    save_weights(layer, tmp_path / "w")
    size = (tmp_path / "w.safetensors").stat().st_size
    expected = account.bytes_after + 800 * 300 / 8
    assert expected <= size <= expected + 2048


def test_a_model_saved_while_it_is_pruned_ends_as_promised(tmp_path):
    model, other = tagger(), tagger(seed=1)
    compress(model, "pruned")
    final = count_parameters(model)
    anneal(model, 0.4)
    assert count_parameters(model) > final
    save_weights(model, tmp_path / "w")
    load_weights(other, tmp_path / "w")
    assert torch.equal(outputs(other), outputs(model))
    anneal(other, 1.0)
    assert count_parameters(other) == final


def test_a_layer_in_two_places(tmp_path):
    def shared(seed):
        layer = make("gru", seed)
        return nn.ModuleDict({"a": layer, "b": layer, "out": nn.Linear(HIDDEN, 3)})

    model, other = shared(0), shared(1)
    compress(model)
    save_weights(model, tmp_path / "w")
    for _ in range(2):
        load_weights(other, tmp_path / "w")
        x = torch.randn(4, 2, FEATURES)
        assert torch.equal(model["b"](x)[0], other["b"](x)[0])


def test_frozen_layers_stay_frozen(tmp_path):
    model, other = tagger(), tagger(seed=1)
    compress(model)
    other.requires_grad_(False)
    save_weights(model, tmp_path / "w")
    load_weights(other, tmp_path / "w")
    assert not any(p.requires_grad for p in other.parameters())


# What does not fit ------------------------------------------------------------------------------------------------


def assert_refused(model, path, message="load_weights"):
    """The file is refused in one sentence and the model is bit for bit as it was."""
    before = copy.deepcopy(model)
    with pytest.raises(DataError, match=message) as caught:
        load_weights(model, path)
    assert "\n" not in str(caught.value)
    assert [type(m) for m in model.modules()] == [type(m) for m in before.modules()]
    ours, theirs = model.state_dict(), before.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(a, b) for a, b in zip(ours.values(), theirs.values(), strict=True))


@pytest.mark.parametrize(
    "other",
    [
        lambda: nn.Sequential(nn.GRU(FEATURES, HIDDEN + 1, 2, bidirectional=True)),
        lambda: nn.Sequential(nn.GRU(FEATURES, HIDDEN)),
        lambda: nn.Sequential(nn.LSTM(FEATURES, HIDDEN, 2, bidirectional=True)),
        lambda: nn.Sequential(nn.Linear(4, 6)),
        lambda: nn.Sequential(),
        lambda: nn.GRU(FEATURES, HIDDEN, 2, bidirectional=True),
        lambda: nn.Sequential(make("gru", num_layers=2, bidirectional=True), nn.Linear(3, 4)),
        lambda: compressed(method="lowrank"),
        lambda: compressed(layout="separate"),
        lambda: compressed(shapes=((8, 4), (1, 6)), num_layers=1, bidirectional=False, features=16),
        lambda: compressed(method="small"),
        lambda: compressed(shapes=((1, 1), (8, 14)), num_layers=1, bidirectional=False),
    ],
)
def test_a_file_of_another_model(other, tmp_path):
    model = tagger()
    compress(model)
    save_weights(model, tmp_path / "w")
    assert_refused(other(), tmp_path / "w")


def compressed(method="kronecker", layout="joint", shapes="auto", features=FEATURES, **kwargs):
    model = nn.Sequential(nn.GRU(features, HIDDEN, **({"num_layers": 2, "bidirectional": True} | kwargs)))
    compress(model, method, layout=layout, shapes=shapes)
    return model


def test_other_factor_shapes_are_refused(tmp_path):
    first, second = (nn.Sequential(make("gru")) for _ in range(2))
    compress(first, shapes=((2, 7), (4, 2)))
    compress(second, shapes=((4, 2), (2, 7)))
    save_weights(first, tmp_path / "w")
    assert_refused(second, tmp_path / "w", "compressed in another way")


def test_a_plain_file_for_a_compressed_model(tmp_path):
    save_weights(tagger(), tmp_path / "w")
    assert_refused(compressed(), tmp_path / "w", "differ in presence or shape")


@pytest.mark.parametrize("content", [b"", b"\x00" * 8, b"not a model", bytes(range(256)) * 40])
def test_files_of_other_bytes(content, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(content)
    assert_refused(tagger(), tmp_path / "w")


def test_missing_files_and_folders(tmp_path):
    assert_refused(tagger(), tmp_path / "nothing")
    (tmp_path / "w.safetensors").mkdir()
    assert_refused(tagger(), tmp_path / "w")


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.999])
def test_truncated_files(share, tmp_path):
    model = compressed()
    save_weights(model, tmp_path / "w")
    file = tmp_path / "w.safetensors"
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    assert_refused(tagger(), file)


def test_another_safetensors_file(tmp_path):
    save_file({"weight": torch.ones(2)}, tmp_path / "a.safetensors")
    assert_refused(tagger(), tmp_path / "a")
    save_file({"weight": torch.ones(2)}, tmp_path / "b.safetensors", {"laconic": "{}"})
    assert_refused(tagger(), tmp_path / "b")


def tampered(path, change):
    """Rewrite a file with its description changed."""
    with safe_open(path, "pt") as opened:
        document = json.loads(opened.metadata()["laconic"])
        tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    text = change(document, tensors)
    save_file(tensors, path, {"laconic": text if isinstance(text, str) else json.dumps(document)})


def _structure(document):
    return document["layers"]["0"]["structures"]["l0"]


TAMPERED = {
    "not JSON": lambda d, t: "{",
    "a list": lambda d, t: "[]",
    "a number": lambda d, t: "3",
    "deep": lambda d, t: "[" * 100000,
    "format": lambda d, t: d.update(format="laconic-weights-9"),
    "no layers": lambda d, t: d.pop("layers"),
    "layers a list": lambda d, t: d.update(layers=[1, 2]),
    "metadata": lambda d, t: d.update(metadata=3),
    "unknown layer": lambda d, t: d["layers"].update({"7": d["layers"]["0"]}),
    "empty layer": lambda d, t: d["layers"].update({"0": {}}),
    "kind": lambda d, t: _structure(d)["structure"].update(kind="dense"),
    "unknown kind": lambda d, t: _structure(d)["structure"].update(kind="os.system"),
    "no parts": lambda d, t: _structure(d)["structure"].update(parts={}),
    "class": lambda d, t: _structure(d).update({"class": "Module"}),
    "weights": lambda d, t: _structure(d).update(weights={"forward": [24, 14]}),
    "no weights": lambda d, t: _structure(d).update(weights={}),
    "one weight": lambda d, t: _structure(d).update(weights={"weight_ih_l0": [24, 6]}),
    "a bias": lambda d, t: _structure(d).update(weights={"bias_ih_l0": [24]}),
    "zeros": lambda d, t: d["layers"]["0"].update(zeros=["weight_ih_l0"]),
    "zeros of nothing": lambda d, t: d["layers"]["0"].update(zeros=["forward"]),
    "options": lambda d, t: _structure(d).update(options=None, **{"class": "GraduallyMasked"}),
    "a tensor less": lambda d, t: t.pop(sorted(t)[-1]),
    "a tensor more": lambda d, t: t.update(more=torch.ones(2)),
    "an array more": lambda d, t: t.update({"0.compressed.l0.more": torch.ones(2, 2)}),
    "no arrays": lambda d, t: [t.pop(n) for n in list(t) if n.startswith("0.compressed.l0.")],
    "a shape": lambda d, t: t.update({"0.compressed.l0.block_0_factor_0": torch.ones(3, 3)}),
    "integers": lambda d, t: t.update({"0.compressed.l0.block_0_factor_0": torch.ones(2, 7, dtype=torch.int64)}),
    "huge": lambda d, t: (
        t.update({"0.compressed.l0.nonzeros": torch.ones(3), "0.compressed.l0.bits": torch.ones(3, dtype=torch.uint8)}),
        _structure(d)["structure"].update(
            kind="masked", options={"shape": [10**7, 10**7]}, parts={"nonzeros": None, "bits": None}
        ),
    ),
}


@pytest.mark.parametrize("change", TAMPERED)
def test_tampered_descriptions(change, tmp_path):
    save_weights(compressed(), tmp_path / "w")
    tampered(tmp_path / "w.safetensors", TAMPERED[change])
    assert_refused(tagger(), tmp_path / "w")


def test_a_header_of_lies(tmp_path):
    """A safetensors header that claims more than the file holds."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4 * 10**9]}}).encode()
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 64)
    assert_refused(tagger(), tmp_path / "w")


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match="nothing"):
        save_weights(tagger(), tmp_path / "nothing" / "w")
