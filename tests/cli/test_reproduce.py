"""Benchmarks over several seeds: what is run, what is summed up, and what is said of goals."""

import json
import shutil
import statistics

import numpy as np
import pytest
from cli_helpers import leftovers, metrics_of

pytest.importorskip("torch")
from laconic.cli.benchmarks import BENCHMARKS, Goal
from laconic.cli.reproduction import verdict
from laconic.datasets.known import KNOWN
from laconic.report.palette import distinct_looks, look
from laconic.rnn.study import Study, candidates


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a few rows of postcodes, of which one pixel tells the digit."""
    place = tmp_path_factory.mktemp("data")
    y = np.arange(120) % 10
    x = np.random.default_rng(0).integers(0, 60, (120, 16, 16), dtype=np.uint8)
    x[np.arange(120), :, y] = 250
    np.savez(place / KNOWN["usps"].file, x_train=x[:80], y_train=y[:80], x_test=x[80:], y_test=y[80:])
    return place


FEW = ("--methods", "kronecker-28,small", "--epochs", "2", "--jobs", "1", "--quiet")


@pytest.fixture(scope="module")
def reproduced(folder, tmp_path_factory):
    from laconic.cli import main

    out = tmp_path_factory.mktemp("reproduced")
    with pytest.raises(SystemExit) as end:
        main(["reproduce", "usps-fastrnn", "--data", str(folder), "--seeds", "3,5", *FEW, "--out", str(out)])
    assert end.value.code == 0
    return out


def test_means_and_deviations_are_those_of_the_seeds(reproduced):
    found = metrics_of(reproduced)
    each = [metrics_of(reproduced / f"seed-{seed}") for seed in (3, 5)]
    assert [one["seed"] for one in each] == found["seeds"] == [3, 5]
    assert [row["method"] for row in found["rows"]] == ["dense", "kronecker-28", "small"]
    for i, row in enumerate(found["rows"]):
        accuracies = [one["rows"][i]["accuracy"] for one in each]
        assert row["accuracies"] == accuracies
        assert row["accuracy"] == pytest.approx(np.mean(accuracies))
        assert row["accuracy_sd"] == pytest.approx(statistics.stdev(accuracies))
        assert row["bytes"] == each[0]["rows"][i]["bytes"] <= max(found["budget_bytes"], found["rows"][0]["bytes"])
    assert found["data"]["name"] == "usps.npz"


def test_it_says_how_networks_were_trained(reproduced):
    training = json.loads((reproduced / "metrics.json").read_text("utf-8"))["training"]
    assert training["optimizer"] == BENCHMARKS["usps-fastrnn"].study["optimizer"]
    assert training["rates"] == BENCHMARKS["usps-fastrnn"].study["rates"]


def test_the_folder_holds_a_report_a_table_and_a_folder_for_each_seed(reproduced):
    assert {path.name for path in reproduced.iterdir()} == {
        "metrics.json", "table.md", "report.html", "seed-3", "seed-5",
    }  # fmt: skip
    assert leftovers(reproduced) == []
    page = (reproduced / "report.html").read_text("utf-8")
    for words in ("USPS row by row", "Kronecker, 28 units", "Each mark is one seed", "Goals", "seeds 3, 5"):
        assert words in page
    assert len((reproduced / "table.md").read_text("utf-8").splitlines()) == 5


@pytest.mark.usefixtures("undrawn")
def test_it_goes_on_where_it_stopped(reproduced, folder, laconic, tmp_path):
    """The first seed is done already: with the second, the same numbers come out, and it is not trained again."""
    out, before = tmp_path / "out", metrics_of(reproduced)
    words = ("reproduce", "usps-fastrnn", "--data", folder, *FEW, "--out", out)
    shutil.copytree(reproduced / "seed-3", out / "seed-3")
    rows = {path.name: path.stat().st_mtime_ns for path in (out / "seed-3" / "rows").iterdir()}
    code, _, error = laconic(*words, "--seeds", "3,5")
    assert code == 2
    assert "--resume goes on" in error
    code, said, error = laconic(*words, "--seeds", "3,5", "--resume", "--json")
    assert code == 0, error
    assert [row["accuracies"] for row in json.loads(said)["rows"]] == [row["accuracies"] for row in before["rows"]]
    assert rows == {path.name: path.stat().st_mtime_ns for path in (out / "seed-3" / "rows").iterdir()}


def test_a_smoke_run_needs_no_data(laconic, tmp_path):
    few = ("--methods", "lowrank-14", "--quiet")  # tests of experiments run all
    code, said, error = laconic("reproduce", "usps-fastrnn", "--smoke", *few, "--out", tmp_path / "out")
    assert code == 0, error
    assert all(f"| {name} " in said for name in ("dense", "lowrank-14"))
    assert "at least" not in said
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "a trial on made-up data" in page
    assert "Goals" not in page


def test_the_list_says_where_data_are(laconic, folder):
    code, said, _ = laconic("reproduce", "list", "--data", folder)
    assert code == 0
    lines = dict(line.split(": ", 1) for line in said.splitlines())
    assert list(lines) == list(BENCHMARKS)
    assert str(folder / "usps.npz") in lines["usps-fastrnn"]
    assert "mnist.npz is not there" in lines["mnist-lstm"]


WRONG = {
    "name": (("reproduce", "speech", "--out", "out"), "--name must be one of"),
    "no folder": (("reproduce", "usps-fastrnn"), "--out must be a folder"),
    "seeds": (("reproduce", "usps-fastrnn", "--out", "out", "--seeds", "one"), "--seeds must be whole numbers"),
    "methods": (("reproduce", "usps-fastrnn", "--out", "out", "--methods", "zip"), "--methods must be all, or some of"),
    "epochs": (("reproduce", "usps-fastrnn", "--out", "out", "--epochs", "0"), "--epochs must be"),
    "data": (("reproduce", "usps-fastrnn", "--out", "out", "--data", "none"), "--data must be a folder that holds"),
}


@pytest.mark.parametrize(("words", "sentence"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_run_leaves_nothing(words, sentence, laconic, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, error = laconic(*words)
    assert (code, sentence in error) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_can_be_built_within_its_budget(name):
    one = BENCHMARKS[name]
    study, (_, n_features, n_classes) = Study(**one.study), one.sizes
    found, skipped = candidates(study, n_features, n_classes)
    assert not skipped
    assert all(candidate.account.bytes_after <= study.budget for candidate in found[1:])
    assert {goal.contender for goal in one.goals} <= {candidate.name for candidate in found}


def rows(**accuracies):
    return [{"method": name.replace("_", "-"), "accuracy": value} for name, value in accuracies.items()]


def test_goals():
    found = rows(dense=0.97, kronecker=0.96, lowrank_28=0.958, pruned=0.9)
    assert verdict(Goal("kronecker", 0.95), found)["met"]
    assert not verdict(Goal("kronecker", 0.965), found)["met"]
    assert verdict(Goal("kronecker", below_dense=0.011), found)["met"]
    assert not verdict(Goal("kronecker", below_dense=0.005), found)["met"]
    one = verdict(Goal("kronecker", 0.95, above_rivals=0.005), found)
    assert not one["met"]
    assert "0.5 points above lowrank-28 (95.80): no; 0.5 points above pruned (90.00): yes" in one["said"]
    assert verdict(Goal("hybrid", 0.5), found) is None
    above = verdict(Goal("kronecker", above_rivals=0), found)
    assert above["met"]
    assert above["said"] == "above lowrank-28 (95.80): yes; above pruned (90.00): yes"
    assert not verdict(Goal("kronecker", above_rivals=0), rows(kronecker=0.96, pruned=0.96))["met"]


def test_every_contender_of_a_benchmark_is_told_from_the_others_in_its_report():
    looks = [distinct_looks(["dense", *one.study["methods"]]) for one in BENCHMARKS.values()]
    for drawn in looks:
        assert len({style.variable for style in drawn.values()}) == len(drawn)
    assert looks[1]["lowrank-14"].light == look("lowrank").light
