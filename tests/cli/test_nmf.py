"""`laconic nmf`: every kind of file, with what it leaves in the folder, and how it says how far it is."""

import gzip
import io
import json
import math
import re
import signal
import warnings

import numpy as np
import pytest
import scipy.sparse
from cli_helpers import Running, leftovers, metrics_of
from rich.console import Console
from scipy.io import mmwrite, savemat
from sklearn.exceptions import ConvergenceWarning

from laconic import SparseNMF
from laconic.cli.fit_progress import FitProgress
from laconic.cli.outlook import WINDOW, Outlook
from laconic.datasets import make_factors
from laconic.factorize import Tick

PLANTED = make_factors(60, 12, 4, 2, snr=25.0)
X = np.where(PLANTED.X < 0.1, 0.0, PLANTED.X)
QUICK = ("--components", "3", "--prior", "none", "--max-iter", "20")


def load(folder):
    """Read nmf.npz, without unpickling."""
    with np.load(folder / "nmf.npz", allow_pickle=False) as file:
        return dict(file)


def fitted(values=X, **parameters):
    model = SparseNMF(random_state=0, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model, model.fit_transform(values)


@pytest.fixture
def file(tmp_path):
    np.save(tmp_path / "X.npy", X)
    return tmp_path / "X.npy"


def test_it_writes_what_the_library_finds(file, laconic, tmp_path):
    code, out, error = laconic("nmf", file, "--components", "4", "--out", tmp_path / "out")
    assert code == 0, error
    model, codes = fitted(n_components=4)
    found = load(tmp_path / "out")
    assert found.keys() == {"components", "codes", "trace", "stages"}
    np.testing.assert_allclose(found["components"], model.components_, atol=1e-12)
    np.testing.assert_allclose(found["codes"], codes, atol=1e-12)
    np.testing.assert_allclose(found["trace"], model.trace_)
    assert found["stages"].sum() == len(found["trace"])
    row = metrics_of(tmp_path / "out")["rows"][0]
    for name in ("relative_error", "density", "noise", "gap"):
        assert row[name] == pytest.approx(getattr(model, f"{name}_")), name
    assert row["parts_in_a_sample"] == pytest.approx(np.count_nonzero(codes, axis=1).mean())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["metrics.json", "nmf.npz", "report.html"]
    assert out.splitlines()[-1] == f"Report: {tmp_path / 'out' / 'report.html'}"
    assert re.search(r"fit: iteration 1 of at most 1000, plain, objective 0\.\d+\n", error)
    assert re.search(r"fit: iteration \d+ of at most 1000, final, objective .*, at most \d+ s left\n", error)


def write_h5ad(path, values):
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as store:
        store["X"] = values


WRITERS = {
    "npy": np.save,
    "npz": lambda path, values: np.savez(path, X=values, other=np.zeros(3)),
    "csv": lambda path, values: np.savetxt(path, values, delimiter=","),
    "mat": lambda path, values: savemat(path, {"X": values}),
    "mtx": lambda path, values: mmwrite(path, scipy.sparse.coo_array(values)),
    "mtx.gz": lambda path, values: _zipped(path, values),
    "sparse.npz": lambda path, values: scipy.sparse.save_npz(path, scipy.sparse.csr_array(values)),
    "h5ad": write_h5ad,
}


def _zipped(path, values):
    with gzip.open(path, "wb") as stream:
        mmwrite(stream, scipy.sparse.coo_array(values))


@pytest.mark.parametrize(("kind", "transpose"), [*((kind, False) for kind in WRITERS), ("npy", True), ("mtx", True)])
@pytest.mark.usefixtures("undrawn")
def test_every_kind_of_file(kind, transpose, laconic, tmp_path):
    path = tmp_path / f"X.{kind}"
    WRITERS[kind](path, X.T if transpose else X)
    words = ["--transpose"] if transpose else []
    name = f"{path}:X" if kind == "npz" else path
    code, _, error = laconic("nmf", name, *QUICK, "--out", tmp_path / "out", "--quiet", *words)
    assert (code, error) == (0, "")
    _, codes = fitted(n_components=3, prior=None, max_iter=20)
    np.testing.assert_allclose(load(tmp_path / "out")["codes"], codes, atol=1e-8)


@pytest.mark.usefixtures("undrawn")
def test_float32_stays(laconic, tmp_path):
    np.save(tmp_path / "X.npy", X.astype(">f4"))
    code, _, error = laconic("nmf", tmp_path / "X.npy", *QUICK, "--out", tmp_path / "out")
    assert code == 0, error
    assert {load(tmp_path / "out")[name].dtype for name in ("codes", "components")} == {np.dtype(np.float32)}


def test_what_is_larger_than_memory_goes_block_by_block(laconic, tmp_path):
    many = np.tile(X, (10, 1))
    many[3, 4] = np.nan
    np.save(tmp_path / "X.npy", many)
    words = ["--components", "4", "--memory", "30KB", "--noise", "1e-3"]
    code, _, error = laconic("nmf", tmp_path / "X.npy", *words, "--out", tmp_path / "out")
    assert code == 0, error
    assert len(re.findall(r"codes: \d+ of 600", error)) > 3
    model, _ = fitted(many, n_components=4, noise=1e-3)
    found, metrics = load(tmp_path / "out"), metrics_of(tmp_path / "out")
    np.testing.assert_allclose(found["components"], model.components_, rtol=1e-3, atol=1e-4)
    model.components_ = found["components"]
    np.testing.assert_allclose(found["codes"], model.transform(many), rtol=1e-3, atol=1e-4)
    left = np.sqrt(np.nansum((many - found["codes"] @ found["components"]) ** 2) / np.nansum(many**2))
    assert metrics["rows"][0]["relative_error"] == pytest.approx(left)
    assert metrics["rows"][0]["density"] == pytest.approx(np.mean(found["codes"] > 0))
    assert "codes were found again, block by block" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_images_of_their_own_shape_and_of_one_that_is_given(laconic, tmp_path):
    np.save(tmp_path / "X.npy", X.reshape(60, 3, 4))
    for words, order in ((["--image", "3x4", "--order", "F"], "F"), ([], "C")):
        code, _, error = laconic("nmf", tmp_path / "X.npy", *QUICK, *words, "--out", tmp_path / order)
        assert code == 0, error
        assert metrics_of(tmp_path / order)["image"] == {"lines": 3, "cols": 4, "order": order}
        assert "as images; dark is zero" in (tmp_path / order / "report.html").read_text("utf-8")


def test_names_come_from_the_file_or_from_one_of_their_own(laconic, tmp_path):
    names = [f"gene{i}" for i in range(12)]
    np.savetxt(tmp_path / "X.csv", X, delimiter=",", header=",".join(names), comments="")
    laconic("nmf", tmp_path / "X.csv", *QUICK, "--out", tmp_path / "own")
    assert load(tmp_path / "own")["names"].tolist() == names
    assert "gene7</text>" in (tmp_path / "own" / "report.html").read_text("utf-8")
    (tmp_path / "names.txt").write_text("\n".join(map(str, range(400, 412))))
    code, _, error = laconic(
        "nmf", tmp_path / "X.csv", *QUICK, "--names", tmp_path / "names.txt", "--out", tmp_path / "given"
    )
    assert code == 0, error
    assert load(tmp_path / "given")["names"].tolist() == [str(i) for i in range(400, 412)]
    assert "as curves, each in its own scale" in (tmp_path / "given" / "report.html").read_text("utf-8")


@pytest.mark.parametrize("memory", ["1GB", "5KB"])
def test_the_number_of_parts_is_chosen(memory, file, laconic, tmp_path):
    words = ["--ranks", "8,2,4", "--prior", "none", "--max-iter", "100", "--memory", memory]
    code, _, error = laconic("nmf", file, *words, "--out", tmp_path / "out")
    assert code == 0, error
    assert "fits to choose by: 9 of 9" in error
    metrics = metrics_of(tmp_path / "out")
    assert metrics["ranks"]["tried"] == [2, 4, 8]
    assert np.shape(metrics["ranks"]["errors"]) == (3, 3)
    assert metrics["rows"][0]["parts"] == metrics["ranks"]["one_se"] == len(load(tmp_path / "out")["components"])
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Error of entries held out" in page
    assert ("was chosen on" in page) == (memory == "5KB")
    if memory == "1GB":
        assert metrics["ranks"]["one_se"] == 4


def test_several_fits_say_how_far_they_agree(file, laconic, tmp_path):
    words = ["--components", "4", "--restarts", "2", "--max-iter", "60", "--seed", "5"]
    code, _, error = laconic("nmf", file, *words, "--out", tmp_path / "out")
    assert code == 0, error
    assert "fit 2 of 2: iteration 1 of at most 60" in error
    row = metrics_of(tmp_path / "out")["rows"][0]
    assert row["consensus"] == pytest.approx(load(tmp_path / "out")["stability"].mean())
    assert "Agreement of several fits" in (tmp_path / "out" / "report.html").read_text("utf-8")


KEYS = {"laconic", "date", "command", "title", "settings", "seed", "memory_bytes", "machine", "data", "samples",
        "image", "ranks", "caveats", "rows"}  # fmt: skip
ROW = {"method", "parts", "relative_error", "density", "parts_in_a_sample", "noise", "objective", "n_iter", "stages",
       "gap", "status", "message", "consensus", "seconds"}  # fmt: skip


@pytest.mark.usefixtures("undrawn")
def test_json_is_all_it_prints(file, laconic, tmp_path):
    words = ["--prior", "laplacian", "--solver", "multiplicative", "--init", "random", "--snr", "20"]
    code, out, error = laconic(
        "nmf", file, "--components", "2", *words, "--max-iter", "4", "--tol", "0.5", "--json", "--quiet",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert (code, error) == (0, "")
    metrics = json.loads(out)
    assert metrics == metrics_of(tmp_path / "out")
    assert metrics.keys() == KEYS
    assert metrics["rows"][0].keys() == ROW
    assert metrics["settings"] == {"prior": "laplacian", "noise": "auto", "snr": 20.0, "solver": "multiplicative",
                                   "init": "random", "n_init": 1, "max_iter": 4, "tol": 0.5, "seed": 0}  # fmt: skip
    assert metrics["samples"] == {"source": "X.npy", "count": 60, "features": 12, "missing_entries": 0}


def test_it_says_so_when_it_has_not_converged(file, laconic, tmp_path):
    code, out, error = laconic("nmf", file, "--components", "4", "--max-iter", "3", "--out", tmp_path / "out")
    assert code == 0, error
    assert "max_iter" in out
    assert "Warning" not in error
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert re.search(r"The fit had not converged when its \d iterations were used up", page)


@pytest.mark.usefixtures("undrawn")
def test_results_are_replaced_when_asked(file, laconic, tmp_path):
    for words in ([], ["--overwrite"]):
        code, _, error = laconic("nmf", file, *QUICK, "--out", tmp_path / "out", *words)
        assert code == 0, error
    assert leftovers(tmp_path) == []


def test_a_failure_leaves_the_results_that_were_there(file, laconic, tmp_path, monkeypatch):
    from laconic.cli import factoring

    laconic("nmf", file, *QUICK, "--out", tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(factoring, "render_report", full)
    code, _, error = laconic("nmf", file, *QUICK, "--out", tmp_path / "out", "--overwrite")
    assert code == 1
    assert "No space left on device" in error
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_ctrl_c_leaves_nothing(tmp_path):
    np.save(tmp_path / "X.npy", np.random.default_rng(0).random((20_000, 100)))
    words = ["nmf", tmp_path / "X.npy", "--components", "20", "--tol", "0", "--out", tmp_path / "deep" / "out"]
    with Running(*words, "--max-iter", "100000") as running:
        running.wait_for("iteration 2 of")
        running.signal_group(signal.SIGINT)
        assert running.end() == 130, running.error
        assert running.error.splitlines()[-1] == "laconic: interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["X.npy"]


# How far it is, and how long is left ------------------------------------------------------------------------------


class Clock:
    """A clock that goes on by so many seconds at each look."""

    def __init__(self, step=1.0):
        self.now, self.step = 0.0, step

    def __call__(self):
        self.now += self.step
        return self.now


def test_at_most_is_what_the_iterations_would_take():
    outlook = Outlook(2, 1e-4, Clock())
    outlook.tick(1, 50, math.inf, final=False)
    assert outlook.at_most() is None
    outlook.tick(2, 50, 0.5, final=False)
    assert outlook.at_most() == 48 + 50
    assert outlook.likely() is None
    outlook.tick(1, 50, 0.5, final=False)
    assert outlook.at_most() == 49


@pytest.mark.parametrize(("rate", "limit", "left"), [(0.5, 1000, 30.0), (0.5, 40, 20.0), (0.0, 1000, None)])
def test_a_likely_end_follows_from_how_the_changes_fall(rate, limit, left):
    middle = 2 * WINDOW - (WINDOW + 1) / 2 + 1  # of the last iterations, from which the fall goes on
    outlook = Outlook(1, math.exp(-rate * (middle + 30)), Clock())
    for i in range(1, 2 * WINDOW + 1):
        outlook.tick(i, limit, math.exp(-rate * i) if rate else 0.5, final=True)
    assert outlook.likely() == (None if left is None else pytest.approx(left, abs=1))


def shown(width=130, terminal=True):
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, legacy_windows=False)
    with FitProgress(console, 2, 1e-6, Clock(0.5)) as progress:
        for _ in range(2):
            for i in range(1, 61):
                stage = "plain" if i <= 12 else "annealing" if i <= 24 else "final"
                progress.update(Tick(i, 100, 0.25, 0.5**i, stage))
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue()).replace("\r", "\n")


@pytest.mark.parametrize("width", [60, 80, 130])
def test_a_terminal_shows_how_far_it_is(width):
    last = [line for line in shown(width).splitlines() if line.strip()][-1]
    assert len(last) <= width
    change = r"change 8\.7e-19, " if width == 130 else ""
    assert re.match(rf"fit 2 of 2 .*60/100, final, objective 0\.25, {change}(about 1 s, )?at most", last)
    assert ("━" in last) == (width >= 80)


def test_elsewhere_there_are_plain_lines():
    lines = shown(terminal=False).splitlines()
    first = [line for line in lines if line.startswith("fit 1 of 2")]
    assert first[0] == "fit 1 of 2: iteration 1 of at most 100, plain, objective 0.25, change 5.0e-01"
    annealing = next(line for line in first if "annealing" in line)
    assert re.match(r"fit 1 of 2: iteration 13 of at most 100, annealing, .*, at most .* left", annealing)
    assert len(lines) < 40
