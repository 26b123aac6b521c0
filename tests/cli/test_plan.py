"""`laconic plan`: the search, its winner, and the report."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from cli_helpers import leftovers, metrics_of, write_data
from rich.console import Console
from sklearn.base import clone
from sklearn.metrics import log_loss

pytest.importorskip("torch")
pytest.importorskip("optuna")
from laconic.cli import winner
from laconic.cli.source import DataSource
from laconic.cli.workers import Done, WorkerError
from laconic.rnn import RNNClassifier
from laconic.rnn.planner import Wish

FEW = ("--budget", "1KB", "--cells", "gru", "--methods", "kronecker,dense", "--trials", "3", "--epochs", "2")
FEW += ("--finalists", "1", "--jobs", "1")


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    from laconic.cli import main

    place = tmp_path_factory.mktemp("plan")
    data, out = write_data(place / "data.npz"), place / "out"
    with pytest.raises(SystemExit) as end:
        main(["plan", str(data), *FEW, "--out", str(out), "--quiet"])
    assert end.value.code == 0
    return data, out


def test_the_folder_holds_the_network_the_table_and_the_report(planned):
    _, out = planned
    assert {path.name for path in out.iterdir()} == {
        "study.json", "search", "checkpoints", "models", "metrics.json", "table.md", "report.html",
    }  # fmt: skip
    assert leftovers(out) == []
    found = metrics_of(out)
    best = found["best"]
    assert best["bytes"] <= 1024 == found["wish"]["budget"]
    assert len(best["accuracies"]) == 3
    assert {row["number"] for row in found["front"]} <= {row["number"] for row in found["findings"]}
    model = RNNClassifier.load(out / best["model"])
    assert model.account_.bytes_after == best["bytes"]
    page = (out / "report.html").read_text("utf-8")
    for words in ("The best network within 1.00 KB", "of the test data", "Accuracy against multiply-adds", "GRU, "):
        assert words in page
    assert "trained 3 times; of the test data: seed " in page
    assert len((out / "table.md").read_text("utf-8").splitlines()) == 2 + len(found["front"])


def test_the_winner_is_trained_with_three_seeds_and_the_best_learner_kept(planned):
    """As one would by hand, with all training data; the test data are looked at for the figures alone."""
    data, out = planned
    best = metrics_of(out)["best"]
    losses = [one["train_loss"] for one in best["trainings"]]
    assert losses == sorted(losses)
    assert {one["seed"] for one in best["trainings"]} == {0, 1, 2}
    kept = RNNClassifier.load(out / best["model"])
    assert kept.random_state == best["trainings"][0]["seed"]
    with np.load(data) as arrays:
        x, y = arrays["x_train"], arrays["y_train"]
    twin = clone(kept).set_params(checkpoint_dir=None, resume=False).fit(x, y)
    assert log_loss(y, twin.predict_proba(x)) == pytest.approx(losses[0])
    assert best["test_accuracy"] == best["trainings"][0]["test_accuracy"]


def test_a_training_that_diverges_is_left_out(planned, tmp_path, monkeypatch):
    """One of three: the others are left. All three: an error in a sentence."""
    data, _ = planned
    wild = RNNClassifier("gru", 4, max_epochs=1, learning_rate=1e39, gradient_clip=None, schedule="constant")
    assert winner.train_once(wild, DataSource(str(data), 0.2, 0), tmp_path, lambda _: None) is None

    calm = wild.set_params(learning_rate=0.01, schedule="one-cycle", random_state=1)
    place = tmp_path / "checkpoints" / "7-1"
    row = winner.train_once(calm, DataSource(str(data), 0.2, 0), place, lambda _: None)
    found = SimpleNamespace(wish=Wish(1024, epochs=1), best=SimpleNamespace(number=7), classifier=lambda **_: calm)
    for told, rows in (((None, row, None), [row]), ((None, None, None), None)):
        monkeypatch.setattr(winner, "run_jobs", lambda work, *_, told=told: events(work, told))
        given = found, DataSource(str(data), 0.2, 0), tmp_path, 1, Console(quiet=True)
        if rows is None:
            with pytest.raises(WorkerError, match="all 3 trainings of the winner on all training data diverged"):
                winner.train_winner(*given)
        else:
            assert winner.train_winner(*given) == rows
            assert RNNClassifier.load(tmp_path / winner.MODEL).random_state == 1


def events(work, told):
    """As of processes that do the jobs in turn."""
    yield from (Done(job.name, row) for job, row in zip(work, told, strict=True))


@pytest.mark.usefixtures("undrawn")
def test_it_goes_on_and_a_folder_in_use_is_refused(planned, laconic):
    data, out = planned
    before = metrics_of(out)
    code, _, error = laconic("plan", data, *FEW, "--out", out)
    assert code == 2
    assert "--resume goes on" in error
    code, said, error = laconic("plan", data, *FEW, "--out", out, "--resume", "--json", "--quiet")
    assert code == 0, error
    assert json.loads(said)["findings"] == before["findings"]
    code, _, error = laconic("plan", data, *FEW, "--out", out, "--resume", "--epochs", "3")
    assert code == 2
    assert "--epochs was 2, now 3" in error


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--budget", "100B"), "--budget must be enough for 4 features and 3 classes"),
        (("--max-macs", "10"), "and 10 multiply-adds"),
        (("--cells", "elman"), "--cells must be one or more of 'lstm'"),
        (("--methods", "magic"), "--methods must be one or more of"),
        (("--trials", "0"), "--trials must be a whole number"),
        (("--augment", "flip"), "--augment must be one of None, 'shift', 'affine', 'mask'"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(words, message, laconic, tmp_path):
    data = write_data(tmp_path / "data.npz")
    code, _, error = laconic("plan", data, *FEW, *words, "--out", tmp_path / "out")
    assert code == 2
    assert message in error
    assert not (tmp_path / "out" / "metrics.json").exists()


def test_the_command_chooses_among_what_the_library_does():
    """Its defaults are written out for the help, which must not wait for torch."""
    import inspect

    from laconic.cli.plan import plan
    from laconic.rnn.planner import Wish

    given = {name: one.default for name, one in inspect.signature(plan).parameters.items()}
    wish = Wish(2048)
    assert (given["cells"], given["methods"]) == (",".join(wish.cells), ",".join(wish.methods))
    same = {
        "trials": wish.n_trials,
        "epochs": wish.epochs,
        "finalists": wish.n_finalists,
        "batch_size": wish.batch_size,
    }
    assert same.items() <= given.items()
