"""`laconic nnls`: every kind of file, in one piece or many, with what each method leaves in the folder."""

import json
import re
import signal

import numpy as np
import pytest
from cli_helpers import Running, leftovers, metrics_of
from nnls_cli_helpers import NAMES, A, Y, load, write, write_npz

from laconic.nnls import nn_omp, nnls, sparse_nnls
from laconic.sbl import rectified_sbl

METHODS = {
    "rsbl": (["--noise", "1e-3", "--prior", "gdp"], lambda Y: rectified_sbl(A, Y, noise=1e-3, prior="gdp")),
    "sparse": (
        ["--noise", "1e-3", "--prior", "laplacian"],
        lambda Y: sparse_nnls(A, Y, noise=1e-3, prior="laplacian"),
    ),
    "nnls": ([], lambda Y: nnls(A, Y)),
    "omp": (["--n-nonzero", "2"], lambda Y: nn_omp(A, Y, n_nonzero=2)),
}


@pytest.fixture
def files(tmp_path):
    return ["--dictionary", write(tmp_path, "npy", A, "A"), "--signals", write(tmp_path, "npy", Y, "Y")]


@pytest.mark.parametrize("method", METHODS)
def test_it_writes_what_the_library_finds(method, files, laconic, tmp_path):
    options, solve = METHODS[method]
    code, out, error = laconic("nnls", *files, "--out", tmp_path / "out", "--method", method, *options)
    assert code == 0, error
    expected, found = solve(Y), load(tmp_path / "out")
    np.testing.assert_allclose(found["x"], expected.x, atol=1e-9)
    np.testing.assert_allclose(found["gap"], expected.gap, atol=1e-9)
    assert ("std" in found) == (method == "rsbl")
    if method == "rsbl":
        for name in ("std", "noise", "evidence"):
            np.testing.assert_allclose(found[name], getattr(expected, name), rtol=1e-9)
    np.testing.assert_array_equal(found["support"], (expected.x > 0).sum(axis=0))
    np.testing.assert_array_equal(found["large"], (expected.x > 0.01 * expected.x.max(axis=0)).sum(axis=0))
    np.testing.assert_allclose(
        found["residual"], np.linalg.norm(Y - A @ expected.x, axis=0) / np.linalg.norm(Y, axis=0)
    )
    assert found["names"].tolist() == [f"column {i}" for i in range(A.shape[1])]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["codes.npz", "metrics.json", "report.html"]
    assert out.splitlines()[-1] == f"Report: {tmp_path / 'out' / 'report.html'}"
    assert re.search(r"signals: 30 of 30", error)


@pytest.mark.parametrize("kind", ["npz", "npy", "mat", "csv"])
@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.usefixtures("undrawn")
def test_every_kind_of_file(kind, rows, laconic, tmp_path):
    dictionary = write(tmp_path, kind, A, "A")
    signals = write(tmp_path, kind, Y.T if rows else Y, "Y")
    words = ["--transpose"] if rows else []
    code, _, error = laconic(
        "nnls", "--dictionary", dictionary, "--signals", signals, "--out", tmp_path / "out", "--method", "nnls", *words
    )
    assert code == 0, error
    np.testing.assert_allclose(load(tmp_path / "out")["x"], nnls(A, Y).x, atol=1e-9)


@pytest.mark.parametrize("way", ["colon", "option"])
@pytest.mark.usefixtures("undrawn")
def test_an_array_is_chosen_by_name(way, laconic, tmp_path):
    file = write_npz(tmp_path / "both.npz", A=A, Y=Y, names=np.array(NAMES))
    data = {
        "colon": ["--dictionary", f"{file}:A", "--signals", f"{file}:Y"],
        "option": ["--dictionary", file, "--dictionary-name", "A", "--signals", file, "--signals-name", "Y"],
    }[way]
    code, _, error = laconic(
        "nnls", *data, "--names", f"{file}:names", "--out", tmp_path / "out", "--method", "nnls", "--quiet"
    )
    assert (code, error) == (0, "")
    assert load(tmp_path / "out")["names"].tolist() == NAMES


@pytest.mark.parametrize("text", ["{}", "# made by hand\n\n{}"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
@pytest.mark.usefixtures("undrawn")
def test_csv_with_names_and_missing_entries(delimiter, text, laconic, tmp_path):
    names = [f"m{i}" for i in range(A.shape[1])]
    lines = [delimiter.join(names), *(delimiter.join(map(repr, row.tolist())) for row in A)]
    (tmp_path / "A.csv").write_text(text.format("\n".join(lines)))
    holes = Y.copy()
    holes[3, 1] = np.nan
    missing = "nan" if delimiter == " " else ""
    lines = [delimiter.join(missing if np.isnan(v) else repr(v) for v in row.tolist()) for row in holes]
    (tmp_path / "Y.csv").write_text("\n".join(lines))
    code, _, error = laconic(
        "nnls", "--dictionary", tmp_path / "A.csv", "--signals", tmp_path / "Y.csv", "--out", tmp_path / "out",
        "--method", "nnls",
    )  # fmt: skip
    assert code == 0, error
    found = load(tmp_path / "out")
    np.testing.assert_allclose(found["x"], nnls(A, holes).x, atol=1e-9)
    assert found["names"].tolist() == names
    assert metrics_of(tmp_path / "out")["signals"]["missing_entries"] == 1


@pytest.mark.usefixtures("undrawn")
def test_names_from_a_text_file(files, laconic, tmp_path):
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    laconic("nnls", *files, "--out", tmp_path / "out", "--method", "nnls", "--names", tmp_path / "names.txt")
    assert load(tmp_path / "out")["names"].tolist() == NAMES


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.usefixtures("undrawn")
def test_pieces_give_what_the_whole_gives(method, laconic, tmp_path, monkeypatch):
    from laconic.cli import coding

    many = np.tile(Y, 2)[:, :43]
    many[2, 5] = np.nan
    many[:, 11] = np.nan
    files = ["--dictionary", write(tmp_path, "npy", A, "A"), "--signals", write(tmp_path, "npy", many, "Y")]
    monkeypatch.setattr(coding, "SMALLEST", 11)
    monkeypatch.setattr(coding, "PIECES", 1)
    options, solve = METHODS[method]
    code, _, error = laconic(
        "nnls", *files, "--out", tmp_path / "out", "--method", method, *options, "--memory", "50KB"
    )
    assert code == 0, error
    sizes = [int(done) for done in re.findall(r"signals: (\d+) of 43", error)]
    assert len(sizes) > 3
    found, there = load(tmp_path / "out"), np.arange(43) != 11
    assert np.isnan(found["x"][:, 11]).all()
    assert np.isnan([found["residual"][11], found["support"][11], found["gap"][11]]).all()
    np.testing.assert_allclose(found["x"][:, there], solve(many[:, there]).x, rtol=2e-3, atol=2e-3)
    assert metrics_of(tmp_path / "out")["rows"][0]["signals"] == 42


def test_memory_decides_the_size_of_a_piece(tmp_path):
    from laconic.cli.coding import Request, _piece_size
    from laconic.datasets import LoadedArray

    many = np.broadcast_to(Y[:, :1], (len(Y), 10**6))
    request = Request(LoadedArray(A, "A"), LoadedArray(many, "Y"), (), "rsbl", {}, 10**6, tmp_path, "")
    size = _piece_size(request, A, many)
    assert 0 < size * 8 * (len(Y) + 3 * A.shape[1]) < 10**6
    assert size < 500


@pytest.mark.usefixtures("undrawn")
def test_float32_stays(laconic, tmp_path):
    dictionary, signals = write(tmp_path, "npy", A.astype("<f4"), "A"), write(tmp_path, "npy", Y.astype(">f4"), "Y")
    laconic("nnls", "--dictionary", dictionary, "--signals", signals, "--out", tmp_path / "out", "--method", "nnls")
    assert load(tmp_path / "out")["x"].dtype == np.float32


@pytest.mark.usefixtures("undrawn")
def test_one_signal_of_one_axis(laconic, tmp_path):
    dictionary, signals = write(tmp_path, "npy", A, "A"), write(tmp_path, "npy", (1000 * Y[:, 0]).astype(int), "Y")
    code, _, error = laconic("nnls", "--dictionary", dictionary, "--signals", signals, "--out", tmp_path / "out")
    assert code == 0, error
    assert load(tmp_path / "out")["x"].shape == (A.shape[1], 1)


def test_signals_without_any_entry(laconic, tmp_path):
    dictionary, signals = write(tmp_path, "npy", A, "A"), write(tmp_path, "npy", np.full_like(Y, np.nan), "Y")
    code, _, error = laconic("nnls", "--dictionary", dictionary, "--signals", signals, "--out", tmp_path / "out")
    assert code == 0, error
    assert np.isnan(load(tmp_path / "out")["std"]).all()
    assert metrics_of(tmp_path / "out")["signals"]["without_entries"] == 30


@pytest.mark.parametrize(("order", "method"), [("C", "rsbl"), ("F", "nnls")])
def test_maps_are_drawn_of_an_image(order, method, files, laconic, tmp_path):
    names = write_npz(tmp_path / "names.npz", names=np.array(NAMES))
    words = ["--image", "6x5", "--order", order, "--names", names, "--method", method]
    code, _, error = laconic("nnls", *files, "--out", tmp_path / "out", *words)
    assert code == 0, error
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert f"Map of material A, {'R-SBL' if method == 'rsbl' else 'NNLS'}" in page
    assert ("standard deviation</" in page) == (method == "rsbl")
    assert metrics_of(tmp_path / "out")["image"] == {"lines": 6, "cols": 5, "order": order}


KEYS = {"laconic", "date", "command", "title", "method", "settings", "memory_bytes", "machine", "data", "dictionary",
        "signals", "image", "n_columns", "rows"}  # fmt: skip
ROW = {"method", "signals", "residual", "support", "large", "error", "seconds", "status", "gap", "message", "n_iter"}


@pytest.mark.usefixtures("undrawn")
def test_json_is_all_it_prints(files, laconic, tmp_path):
    code, out, error = laconic(
        "nnls", *files, "--out", tmp_path / "out", "--json", "--quiet", "--noise", "1e-3", "--seed", "3"
    )
    assert (code, error) == (0, "")
    metrics = json.loads(out)
    assert metrics == metrics_of(tmp_path / "out")
    assert metrics.keys() == KEYS
    assert metrics["settings"] == {"noise": 1e-3, "seed": 3}
    row = metrics["rows"][0]
    assert row.keys() == ROW | {"noise"}
    assert row["support"].keys() == {"mean", "median", "largest"}
    assert (row["method"], row["signals"], row["status"]) == ("rsbl", 30, "converged")


@pytest.mark.usefixtures("undrawn")
def test_results_are_replaced_when_asked(files, laconic, tmp_path):
    for words in ([], ["--overwrite"]):
        code, _, error = laconic("nnls", *files, "--out", tmp_path / "out", "--method", "nnls", *words)
        assert code == 0, error
    assert leftovers(tmp_path) == []


def test_ctrl_c_leaves_nothing(tmp_path):
    rng = np.random.default_rng(0)
    dictionary = write(tmp_path, "npy", np.abs(rng.normal(size=(40, 100))), "A")
    signals = write(tmp_path, "npy", np.abs(rng.normal(size=(40, 60_000))), "Y")
    words = ["nnls", "--dictionary", dictionary, "--signals", signals, "--out", tmp_path / "deep" / "out"]
    with Running(*words, "--method", "nnls") as running:
        running.wait_for("signals: .* of 60000")
        running.signal_group(signal.SIGINT)
        assert running.end() == 130, running.error
        assert running.error.splitlines()[-1] == "laconic: interrupted"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["A.npy", "Y.npy"]


def test_a_failure_leaves_the_results_that_were_there(files, laconic, tmp_path, monkeypatch):
    from laconic.cli import coding

    laconic("nnls", *files, "--out", tmp_path / "out", "--method", "nnls")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(coding, "render_report", full)
    code, _, error = laconic("nnls", *files, "--out", tmp_path / "out", "--method", "nnls", "--overwrite")
    assert code == 1
    assert "No space left on device" in error
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_help_names_the_choices_there_are(laconic):
    from laconic.cli.coders import CODERS
    from laconic.cli.nnls import E_STEPS, METHODS, PRIORS
    from laconic.priors import PRIORS as KNOWN
    from laconic.sbl import ESTEPS

    assert METHODS.keys() == CODERS.keys()
    assert set(E_STEPS) == ESTEPS.keys()
    assert KNOWN.keys() >= set(PRIORS)
    code, out, _ = laconic("nnls", "--help")
    assert code == 0
    for words in ("Data", "Method", "Run", "--dictionary", "rsbl: sparse, with error bars"):
        assert words in out
