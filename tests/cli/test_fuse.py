"""`laconic fuse`: every kind of file, with what it leaves in the folder, and how it says how far it is."""

import io
import json
import math
import re
import signal
import warnings

import numpy as np
import pytest
from cli_helpers import Running, leftovers, metrics_of
from rich.console import Console
from sklearn.exceptions import ConvergenceWarning

import laconic as package
from laconic.cli.fusion_progress import FusionProgress
from laconic.datasets import make_sensors
from laconic.datasets.split import stratified_split
from laconic.factorize.multimodal import Tick

PLANTED = make_sensors(90, (6, 8), n_atoms=6, n_nonzero=1, snr=(30.0, 15.0), missing=0.2)
X = PLANTED.X
Y = np.where(np.abs(PLANTED.codes["a"]).argmax(axis=1) < 3, "low", "high")
TWO = ("--modality", "a=x_a", "--modality", "b=x_b")
QUICK = ("--atoms", "6", "--noise", "0.01", "--sparsity", "1", "--cycles", "0", "--max-iter", "8")
PARAMETERS = {"n_atoms": 6, "noise": 0.01, "sparsity": 1, "cycles": 0, "max_iter": 8, "random_state": 0}


def load(folder):
    """Read fuse.npz, without unpickling."""
    with np.load(folder / "fuse.npz", allow_pickle=False) as file:
        return dict(file)


def fitted(values=X, **parameters):
    model = package.MultimodalDictionary(**(PARAMETERS | parameters))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(values)


@pytest.fixture(scope="module")
def plain():
    """What the library finds with these settings; not to be changed."""
    return fitted()


@pytest.fixture
def file(tmp_path):
    np.savez(tmp_path / "d.npz", x_a=X["a"], x_b=X["b"], y=Y)
    return tmp_path / "d.npz"


def test_it_writes_what_the_library_finds(plain, file, laconic, tmp_path):
    code, out, error = laconic("fuse", file, *TWO, *QUICK, "--out", tmp_path / "out")
    assert code == 0, error
    model, found = plain, load(tmp_path / "out")
    kinds = ("codes", "std", "components", "links", "usage", "energy")
    assert found.keys() == {"modalities", "noise", "trace"} | {f"{kind}_{name}" for kind in kinds for name in "ab"}
    means, deviations = model.codes(X, return_std=True)
    for name in "ab":
        np.testing.assert_allclose(found[f"components_{name}"], model.components_[name], atol=1e-12)
        np.testing.assert_allclose(found[f"codes_{name}"], means[name], atol=1e-12)
        np.testing.assert_allclose(found[f"std_{name}"], deviations[name], atol=1e-12)
        np.testing.assert_array_equal(found[f"links_{name}"], np.eye(6))
    assert found["modalities"].tolist() == ["a", "b"]
    np.testing.assert_allclose(found["noise"], list(model.noise_.values()))
    np.testing.assert_allclose(found["trace"], model.trace_)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["fuse.npz", "metrics.json", "report.html"]
    assert out.splitlines()[-1] == f"Report: {tmp_path / 'out' / 'report.html'}"
    assert re.search(r"search: warm start 1 of 1, \d+ s so far\n", error)
    assert re.search(r"fit: step 5 of at most 8, log-likelihood .*, change .*, at most \d+ s left\n", error)
    assert_figures_of_each_modality(model, metrics_of(tmp_path / "out"))


def assert_figures_of_each_modality(model, metrics):
    rows, codes = {row["modality"]: row for row in metrics["rows"]}, model.codes(X)
    for name, values in X.items():
        there, row = ~np.isnan(values).all(axis=1), rows[name]
        fit = codes[name] @ model.components_[name]
        left = np.linalg.norm((values - fit)[there]) / np.linalg.norm(values[there])
        assert row["relative_error"] == pytest.approx(left)
        assert row["atoms_in_a_sample"] == pytest.approx(np.count_nonzero(codes[name][there], axis=1).mean())
        assert row["present"] == pytest.approx(there.mean())
        assert row["noise"] == pytest.approx(model.noise_[name])
        assert row["unit"] == pytest.approx(np.sqrt(np.mean(np.sum(values[there] ** 2, axis=1))))
        assert (row["features"], row["atoms"]) == model.components_[name].shape[::-1]
    assert metrics["patterns"] == [{"has": ["a", "b"], "samples": 72}, {"has": ["a"], "samples": 18}]


@pytest.mark.parametrize("scaling", ["center", "standardize"])
@pytest.mark.usefixtures("undrawn")
def test_errors_of_scaled_features(scaling, file, laconic, tmp_path):
    laconic("fuse", file, *TWO, *QUICK, "--scaling", scaling, "--out", tmp_path / "out")
    model = fitted(scaling=scaling)
    whole = np.hstack(list(X.values()))
    scale = np.nanstd(whole, axis=0) if scaling == "standardize" else 1.0
    left = ((whole - model.reconstruct(X)) / scale) ** 2
    away = ((whole - np.nanmean(whole, axis=0)) / scale) ** 2
    for row in metrics_of(tmp_path / "out")["rows"]:
        columns = model.modalities_[row["modality"]]
        expected = np.sqrt(np.nansum(left[:, columns]) / np.nansum(away[:, columns]))
        assert row["relative_error"] == pytest.approx(expected, rel=1e-6)


def matrix(path, values):
    if path.suffix == ".csv":
        np.savetxt(path, values, delimiter=",")
    else:
        np.save(path, values)
    return path


@pytest.mark.parametrize(("kind", "memory"), [("npy", "1GB"), ("csv", "1GB"), ("npy", "20KB")])
@pytest.mark.usefixtures("undrawn")
def test_columns_of_a_matrix_in_memory_and_block_by_block(kind, memory, plain, laconic, tmp_path):
    path = matrix(tmp_path / f"X.{kind}", np.hstack([X["a"], X["b"]]))
    words = ("--modality", "a=:6", "--modality", "b=6:", "--memory", memory)
    code, _, error = laconic("fuse", path, *words, *QUICK, "--out", tmp_path / "out")
    assert code == 0, error
    assert (len(re.findall(r"codes: \d+ of 90", error)) > 3) == (memory == "20KB")
    found = load(tmp_path / "out")
    for name, codes in plain.codes(X).items():
        np.testing.assert_allclose(found[f"components_{name}"], plain.components_[name], rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(found[f"codes_{name}"], codes, rtol=1e-5, atol=1e-6)


def test_atoms_of_different_numbers_make_groups_unless_told(file, laconic, tmp_path):
    words = ("--atoms", "6,3", "--sparsity", "1", "--cycles", "0", "--max-iter", "3", "--noise", "a=0.01,b=0.1")
    code, _, error = laconic("fuse", file, *TWO, *words, "--out", tmp_path / "groups")
    assert code == 0, error
    metrics = metrics_of(tmp_path / "groups")
    assert metrics["settings"]["coupling"] == "groups"
    assert [row["noise"] for row in metrics["rows"]] == pytest.approx([0.01, 0.1])
    assert load(tmp_path / "groups")["links_a"].shape == (6, 3)
    laconic("fuse", file, *TWO, *words, "--coupling", "separate", "--out", tmp_path / "separate")
    assert load(tmp_path / "separate")["links_a"].shape == (6, 9)
    assert "nothing links those of different modalities" in (tmp_path / "separate" / "report.html").read_text("utf-8")


def test_images_of_their_own_shape_and_of_one_that_is_given(laconic, tmp_path):
    np.savez(tmp_path / "d.npz", x_a=X["a"].reshape(-1, 2, 3), x_b=X["b"])
    words = ("--image", "b=4x2", "--max-iter", "2")
    code, _, error = laconic("fuse", tmp_path / "d.npz", *TWO, *QUICK, *words, "--out", tmp_path / "out")
    assert code == 0, error
    images = metrics_of(tmp_path / "out")["images"]
    assert images == {"a": {"lines": 2, "cols": 3}, "b": {"lines": 4, "cols": 2}}
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Drawn as images" in page
    assert "a, b, side by side: what was read" in page


def test_with_labels_classes_are_told_from_any_of_the_sensors(file, laconic, tmp_path):
    words = ("--labels", "y", "--test-fraction", "0.4", "--label-noise", "0.2", "--seed", "3")
    code, out, error = laconic("fuse", file, *TWO, *QUICK, *words, "--out", tmp_path / "out")
    assert code == 0, error
    assert re.search(r"\| both sensors +\| +\d+\.\d %", out)
    found, metrics = load(tmp_path / "out"), metrics_of(tmp_path / "out")
    _, codes = np.unique(Y, return_inverse=True)
    train, test = (np.sort(part) for part in stratified_split(codes, 0.4, 3, owner="test", source="test"))
    assert found["test"].tolist() == test.tolist()
    assert found["classes"].tolist() == ["high", "low"]
    model = package.MultimodalDictionaryClassifier(
        scaling="standardize", label_noise=0.2, **(PARAMETERS | {"random_state": 3})
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit({name: one[train] for name, one in X.items()}, Y[train])
    held = {name: one[test] for name, one in X.items()}
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(held), atol=1e-9)
    told = {one["from"]: (one["accuracy"], one["samples"]) for one in metrics["accuracies"]}
    there = ~np.isnan(held["b"]).all(axis=1)
    assert told == {
        "both sensors": (model.score(held, Y[test]), len(test)),
        "a alone": (model.score({"a": held["a"]}, Y[test]), len(test)),
        "b alone": (model.score({"b": held["b"][there]}, Y[test][there]), int(there.sum())),
    }
    assert metrics["settings"]["label_noise"] == 0.2
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "nothing was learned" in page
    assert "of the classes from both sensors" in page


KEYS = {"laconic", "date", "command", "title", "settings", "seed", "memory_bytes", "machine", "data", "samples",
        "images", "patterns", "caveats", "fit", "accuracies", "rows"}  # fmt: skip
ROW = {"modality", "features", "atoms", "atoms_used", "atoms_in_a_sample", "noise", "noise_share", "snr", "unit",
       "present", "missing_entries", "relative_error"}  # fmt: skip


@pytest.mark.usefixtures("undrawn")
def test_json_is_all_it_prints(file, laconic, tmp_path):
    words = ("--coupling", "tree", "--tol", "0.5", "--json", "--quiet", "--out", tmp_path / "out")
    code, out, error = laconic("fuse", file, *TWO, *QUICK, *words)
    assert (code, error) == (0, "")
    metrics = json.loads(out)
    assert metrics == metrics_of(tmp_path / "out")
    assert metrics.keys() == KEYS
    assert {frozenset(row) for row in metrics["rows"]} == {frozenset(ROW)}
    assert metrics["settings"] == {"n_atoms": 6, "coupling": "tree", "noise": 0.01, "method": "full", "sparsity": 1,
                                   "cycles": 0, "n_init": 1, "max_iter": 8, "tol": 0.5, "seed": 0}  # fmt: skip
    assert metrics["samples"] == {"source": "d.npz", "count": 90, "features": {"a": 6, "b": 8}}
    assert metrics["fit"]["status"] == "converged"
    assert metrics["accuracies"] == []


def test_it_says_so_when_it_has_not_converged(file, laconic, tmp_path):
    code, _, error = laconic("fuse", file, *TWO, *QUICK, "--max-iter", "2", "--out", tmp_path / "out")
    assert code == 0
    assert "Warning" not in error
    assert metrics_of(tmp_path / "out")["fit"]["status"] == "max_iter"
    assert "The fit had not converged when its 2 steps" in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.mark.usefixtures("undrawn")
def test_a_fit_that_is_kept_goes_on(file, laconic, tmp_path):
    words = (*TWO, *QUICK, "--checkpoint", tmp_path / "kept", "--tol", "0", "--max-iter", "12")
    for name in ("one", "two"):
        code, _, error = laconic("fuse", file, *words, "--out", tmp_path / name)
        assert code == 0, error
    assert any((tmp_path / "kept").iterdir())
    np.testing.assert_allclose(load(tmp_path / "two")["components_b"], load(tmp_path / "one")["components_b"])


@pytest.mark.usefixtures("undrawn")
def test_a_cluster_finds_the_same(plain, file, laconic, tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        words = ("--client", cluster.scheduler_address, "--out", tmp_path / "out")
        code, _, error = laconic("fuse", file, *TWO, *QUICK, *words)
    assert code == 0, error
    found = load(tmp_path / "out")
    for name, atoms in plain.components_.items():
        np.testing.assert_allclose(found[f"components_{name}"], atoms, atol=1e-6)


@pytest.mark.usefixtures("undrawn")
def test_results_are_replaced_when_asked(file, laconic, tmp_path):
    for words in ([], ["--overwrite"]):
        code, _, error = laconic("fuse", file, *TWO, *QUICK, "--out", tmp_path / "out", *words)
        assert code == 0, error
    assert leftovers(tmp_path) == []


@pytest.mark.usefixtures("undrawn")
def test_the_folder_need_not_be_named(file, laconic, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert laconic("fuse", file, *TWO, *QUICK)[1].splitlines()[-1] == "Report: laconic-fuse/report.html"


def test_ctrl_c_leaves_nothing(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", x_a=rng.random((4000, 20)), x_b=rng.random((4000, 20)))
    words = ["fuse", tmp_path / "d.npz", *TWO, "--atoms", "30", "--out", tmp_path / "deep" / "out"]
    with Running(*words) as running:
        running.wait_for("search: warm start 1 of")
        running.signal_group(signal.SIGINT)
        assert running.end() == 130, running.error
        assert running.error.splitlines()[-1] == "laconic: interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["d.npz"]


# How far it is ----------------------------------------------------------------------------------------------------


def ticks():
    """Two searches and the steps after them."""
    for _ in range(2):
        yield from (Tick("warm start", i, 3, math.nan, math.nan, ()) for i in (1, 2, 3))
        yield from (Tick("cycle", i, 2, math.nan, math.nan, ()) for i in (1, 2))
    yield from (Tick("final", i, 100, 12.5, 0.7**i, ()) for i in range(1, 31))


def shown(width=130, terminal=True):
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, legacy_windows=False)
    times = iter(np.arange(0, 1000, 0.5))
    with FusionProgress(console, 2, 1e-6, lambda: float(next(times))) as progress:
        for tick in ticks():
            progress.update(tick)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue()).replace("\r", "\n")


@pytest.mark.parametrize("width", [60, 80, 100, 130])
def test_a_terminal_shows_how_far_it_is(width):
    last = [line for line in shown(width).splitlines() if line.strip()][-1]
    assert len(last) <= width
    likelihood = r"log-likelihood 12\.5, " if width >= 100 else ""
    change = r"change 2\.3e-05, " if width == 130 else ""
    assert re.match(rf"fit .*30/100, {likelihood}{change}about 13 s, at most 1 min 10 s left", last)
    assert ("━" in last) == (width >= 80)


def test_elsewhere_there_are_plain_lines():
    lines = shown(terminal=False).splitlines()
    assert re.fullmatch(r"search 1 of 2: warm start 1 of 3, \d+ s so far", lines[0])
    assert [line.partition(",")[0] for line in lines if line.startswith("search 2")] == [
        "search 2 of 2: warm start 1 of 3",
        "search 2 of 2: warm start 2 of 3",
        "search 2 of 2: cycle 1 of 2",
        "search 2 of 2: cycle 2 of 2",
    ]
    assert "fit: step 1 of at most 100, log-likelihood 12.5, change 7.0e-01" in lines
