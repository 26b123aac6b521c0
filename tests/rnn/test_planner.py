"""The search for a network: what it may choose from, what it says is best, and what is lost when a worker is killed."""

import dataclasses
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
optuna = pytest.importorskip("optuna")
from optuna.trial import TrialState

from laconic.core.checks import DataError, ParameterError
from laconic.rnn import count_parameters
from laconic.rnn.planner import Finding, Option, Wish, forget, pareto, plan
from laconic.rnn.planner.shared import DATA, SEARCH, SharedSearch
from laconic.rnn.planner.space import as_space, space_of
from laconic.rnn.planner.trials import FINAL_SEED, Split, classifier_of, findings, known_good, run_trial, suggested
from laconic.rnn.planner.worker import work

SIZES = (6, 4, 3)
QUICK = {"cells": ["gru"], "methods": ["kronecker", "dense"], "epochs": 2, "n_trials": 5, "n_finalists": 1}


def sequences(n=90):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    x = rng.normal(size=(n, *SIZES[:2])).astype(np.float32)
    x[np.arange(n), :, y] += 2
    return x, np.array(["a", "b", "c"])[y]


# What there is to choose from -------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [600, 2048])
@pytest.mark.parametrize("max_macs", [None, 3000])
def test_every_option_keeps_the_limits_and_is_what_it_says(budget, max_macs):
    wish = Wish(budget, max_macs=max_macs, cells=("lstm", "gru", "fastgrnn"))
    space = space_of(wish, *SIZES)
    assert space
    for (cell, method), options in space.items():
        widths = [option.hidden for option in options]
        assert widths == sorted(set(widths))
        for option in options:
            assert (option.cell, option.method) == (cell, method)
            assert option.bytes <= budget
            assert max_macs is None or option.macs <= max_macs
    option = next(iter(space.values()))[-1]
    built = classifier_of(wish, option, 0.01, 0).set_params(max_epochs=1).fit(*sequences())
    assert 4 * count_parameters(built.module_) == option.bytes


@pytest.mark.parametrize("method", ["kronecker", "lowrank", "dense"])
def test_a_network_of_8_bits_has_a_byte_for_each_number(method):
    from laconic.deploy import cost, lower, quantize

    wish = Wish(400, cells=("lstm",), methods=(method,), bits=(32, 8), epochs=1)
    space = space_of(wish, *SIZES)
    name = f"{method}, 8 bits"
    assert max(one.hidden for one in space["lstm", name]) > max(one.hidden for one in space.get(("lstm", method), [])
                                                                or space["lstm", name][:1])  # fmt: skip
    option = space["lstm", name][-1]
    assert (option.bits, option.method) == (8, method)
    x, y = sequences()
    fitted = classifier_of(wish, option, 0.01, 1, random_state=0).fit(x, y)
    scale = 8 * SIZES[1]  # of the features, which the planner does not count
    assert option.bytes == count_parameters(fitted.module_) <= 400
    whole = quantize(lower(fitted), x, bias_bits=8)
    assert cost(whole).weight_bytes - scale == option.bytes
    torch_says = fitted.predict(x)
    assert np.mean(np.array(whole.classes)[whole.interpret(x).argmax(1)] == torch_says) > 0.95


class CrewAtHome:
    """A worker in this process in the place of one of its own, which would have to load torch."""

    def __init__(self, folder, size):
        assert size == 1
        self.folder = folder

    def run(self, n_done):
        with pytest.MonkeyPatch.context() as patch:  # where it would wait for others, the search goes on
            patch.setattr("laconic.rnn.planner.worker.time", SimpleNamespace(sleep=lambda _: n_done()))
            work(self.folder)


@pytest.fixture
def at_home(monkeypatch):
    """Searches start no process; those that are about processes do."""
    monkeypatch.setattr("laconic.rnn.planner.search.Crew", CrewAtHome)


@pytest.mark.usefixtures("at_home")
def test_bits_are_chosen_among():
    found = plan(*sequences(), 400, **QUICK | {"bits": [8, 32], "n_trials": 4})
    assert {one.option.bits for one in found.findings} <= {8, 32}
    assert found.best.option.bytes <= 400


def test_more_multiply_adds_are_counted_for_more_steps():
    wish = Wish(2048, cells=("gru",), methods=("dense",))
    (few,), (many,) = ([space_of(wish, n, 4, 3)["gru", "dense"][0]] for n in (1, 11))
    head = few.hidden * 3
    assert many.macs - head == 11 * (few.macs - head)


def test_a_hybrid_without_dense_rows_is_no_option_of_its_own():
    space = space_of(Wish(1200, cells=("lstm",), methods=("hybrid", "kronecker")), *SIZES)
    assert all("dense rows" in option.structure for option in space.get(("lstm", "hybrid"), []))


def test_limits_that_nothing_keeps_are_an_error():
    with pytest.raises(ParameterError, match=r"budget must be enough for 4 features and 3 classes .*100 multiply-adds"):
        space_of(Wish(2048, max_macs=100), *SIZES)


def test_a_space_survives_a_file():
    space = space_of(Wish(1500, cells=("gru",)), *SIZES)
    assert as_space([option.to_dict() for options in space.values() for option in options]) == space


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"budget": 0}, "budget must be a whole number"),
        ({"cells": ("elman",)}, "cells must be one or more of 'lstm'"),
        ({"methods": ()}, "methods must be one or more of 'dense', 'kronecker'"),
        ({"methods": ("small",)}, "methods must be one or more of"),
        ({"epochs": 1.5}, "epochs must be a whole number"),
        ({"max_macs": -1}, "max_macs must be a whole number"),
        ({"minutes": 0}, "minutes must be a number"),
        ({"validation_fraction": 1.0}, "validation_fraction must be a number"),
        ({"augment": "flip"}, "augment must be one of None"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_wishes_are_checked(wrong, message):
    with pytest.raises(ParameterError, match=message):
        Wish(**{"budget": 2048} | wrong)


def test_a_wish_survives_a_file():
    wish = Wish(2048, max_macs=9000, cells=("gru", "lstm"), minutes=2.5, augment="mask", bits=(8,))
    assert Wish.from_dict(wish.to_dict()) == wish


# What is tried ----------------------------------------------------------------------------------------------------


def test_what_is_known_to_be_good_comes_first_and_is_of_the_largest_rank():
    space = space_of(Wish(2048), *SIZES)
    tried = [suggested(optuna.trial.FixedTrial(params), space)[0] for params in known_good(space)]
    assert [option.kind for option in tried] == list(space)
    for option in tried:
        assert option.max_rank == max(other.max_rank for other in space[option.kind])


def one_trial(wish, space, attributes=None, is_over=lambda: False):
    """Run a trial of a study whose other trials were much better at every stage."""
    x, y = sequences()
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    for _ in range(4):
        values = dict.fromkeys(range(1, wish.epochs + 1), 2.0)
        first = known_good(space)[0]
        trial = study.ask(fixed_distributions=None)
        suggested(trial, space)
        for epoch, value in values.items():
            trial.report(value, epoch)
            trial.should_prune()
        study.tell(trial, 2.0)
    study.enqueue_trial(first, user_attrs=attributes)
    split = Split.of(x, y, 0.3, 0)
    study.optimize(lambda trial: run_trial(trial, wish, space, lambda _: split, is_over), n_trials=1)
    return study.trials[-1]


def test_a_trial_that_falls_behind_or_has_no_time_is_given_up_but_a_finalist_is_not():
    wish = Wish(2048, cells=("gru",), methods=("kronecker",), epochs=4)
    space = space_of(wish, *SIZES)
    behind = one_trial(wish, space)
    assert behind.state == TrialState.PRUNED
    assert len(behind.intermediate_values) < wish.epochs
    late = one_trial(wish, space, is_over=lambda: True)
    assert len(late.intermediate_values) == 1
    final = one_trial(wish, space, {FINAL_SEED: 3}, is_over=lambda: True)
    assert final.state == TrialState.COMPLETE
    assert not final.intermediate_values


def made(**changes):
    option = Option("gru", "kronecker", 8, "", 100, 25, 100, 8)
    values = {name: changes.pop(name) for name in ("accuracies", "number") if name in changes}
    return Finding(**{"number": 0, "accuracies": (0.9,)} | values, option=dataclasses.replace(option, **changes),
                   learning_rate=0.03, seconds=1.0)  # fmt: skip


@given(
    st.lists(
        st.builds(
            lambda accuracy, size, macs: made(accuracies=(accuracy / 8,), bytes=size, macs=macs),
            *(st.integers(1, 8),) * 3,
        ),
        min_size=1,
        max_size=12,
    )
)
def test_the_front_is_what_no_other_finding_equals_or_beats(found):
    front = pareto(found)
    costs = [one.costs for one in found]
    for one in found:
        beaten = any(all(a <= b for a, b in zip(c, one.costs, strict=True)) and c != one.costs for c in costs)
        assert (one.costs in [kept.costs for kept in front]) == (not beaten)
    assert len({one.costs for one in front}) == len(front)
    assert front[0].accuracy == max(one.accuracy for one in found)


# A search ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    told = []
    found = plan(*sequences(), "1KB", folder=folder, on_progress=told.append, **QUICK)
    return folder, found, told


def test_the_best_is_a_finalist_within_the_budget_that_can_be_built(searched):
    _, found, told = searched
    assert found.best.option.bytes <= 1024
    assert len(found.best.accuracies) == 3
    assert found.best.accuracy == pytest.approx(np.mean(found.best.accuracies))
    assert found.best in found.findings
    assert found.n_trials >= QUICK["n_trials"] + 2
    assert [one.n_done for one in told] == sorted(one.n_done for one in told)
    assert told[-1].finals
    assert all(one.option.bytes <= 1024 for one in found.findings)
    assert set(found.front) <= set(found.findings)
    x, y = sequences()
    classifier = found.classifier(max_epochs=60, random_state=4).fit(x, y)
    assert classifier.account_.bytes_after == found.best.option.bytes
    assert classifier.score(x, y) > 0.8


def test_accuracies_are_those_of_the_sequences_held_out(searched):
    folder, found, _ = searched
    search = SharedSearch.read(folder)
    seed, short = found.wish.seed, found.findings[-1]
    assert found.best.final
    assert not short.final
    assert judged(search, found, short, seed, QUICK["epochs"]) == short.accuracies[0]
    finals = [judged(search, found, found.best, seed + i, 2 * QUICK["epochs"]) for i in (1, 2, 3)]
    assert sorted(finals) == sorted(found.best.accuracies)
    assert found.classifier().max_epochs == 2 * QUICK["epochs"]


def judged(search, found, one, seed, epochs):
    """Train a finding as the search does with a seed, and judge it by what that seed holds out."""
    split = search.split(seed)
    assert len(split.y_valid) == 18
    classifier = classifier_of(found.wish, one.option, one.learning_rate, epochs, random_state=seed)
    classifier.fit(split.x, split.y)
    return float(np.mean(classifier.predict(split.x_valid) == split.y_valid))


def test_every_seed_of_a_finalist_holds_out_other_sequences(searched):
    search = SharedSearch.read(searched[0])
    held = [search.split(seed).x_valid for seed in range(4)]
    assert np.array_equal(held[1], search.split(1).x_valid)
    for i, j in ((0, 1), (1, 2), (2, 3)):
        assert not np.array_equal(held[i], held[j])


@pytest.mark.usefixtures("at_home")
def test_a_finished_search_has_nothing_left_to_do_and_a_longer_one_goes_on(searched, tmp_path):
    folder, found, _ = searched
    again = plan(*sequences(), "1KB", folder=folder, **QUICK)
    assert again.n_trials == found.n_trials
    assert again.findings == found.findings
    longer = plan(*sequences(), "1KB", folder=folder, **QUICK | {"n_trials": found.n_trials + 2})
    assert longer.n_trials >= found.n_trials + 2


def test_finalists_that_were_interrupted_are_not_begun_twice(tmp_path, monkeypatch):
    class Interrupted(CrewAtHome):
        def run(self, n_done):
            def let_finalists_in():
                n_done()
                raise KeyboardInterrupt

            super().run(let_finalists_in)

    few = QUICK | {"n_trials": 2}
    monkeypatch.setattr("laconic.rnn.planner.search.Crew", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        plan(*sequences(), "1KB", folder=tmp_path, **few)
    monkeypatch.setattr("laconic.rnn.planner.search.Crew", CrewAtHome)
    found = plan(*sequences(), "1KB", folder=tmp_path, **few)
    trials = SharedSearch.read(tmp_path).study().get_trials()
    assert sorted(trial.user_attrs.get(FINAL_SEED, 0) for trial in trials) == [0, 0, 1, 2, 3]
    assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert len(found.best.accuracies) == 3


def test_seeds_begin_anew_after_the_largest():
    assert [Wish(2048, seed=2**32 - 2).another_seed(i) for i in range(4)] == [2**32 - 2, 2**32 - 1, 0, 1]


def test_a_folder_with_another_search_is_refused_and_can_be_cleared(searched, tmp_path):
    x, y = sequences()
    shutil.copytree(searched[0], tmp_path, dirs_exist_ok=True)
    for data, budget in (((x, y), "2KB"), ((x + 1, y), "1KB")):
        with pytest.raises(ParameterError, match="folder must be empty, or of a search with the same wish and data"):
            plan(*data, budget, folder=tmp_path, **QUICK)
    assert (tmp_path / SEARCH).exists()
    assert (tmp_path / DATA).exists()
    forget(tmp_path)
    assert not (tmp_path / SEARCH).exists()
    assert not (tmp_path / DATA).exists()
    forget(tmp_path)


def test_a_killed_worker_loses_one_trial(tmp_path):
    """The worker whose training has begun is killed; another one takes its place and the search ends as it should."""
    killed = []

    def watch(_):
        if killed:
            return
        trials = SharedSearch.read(tmp_path).study().get_trials()
        if any(trial.state == TrialState.RUNNING for trial in trials):
            killed.append(worker_in(tmp_path))
            os.kill(killed[0], signal.SIGKILL)

    found = plan(*sequences(), "1KB", folder=tmp_path, on_progress=watch, **QUICK | {"epochs": 30, "n_trials": 2})
    assert killed
    states = [trial.state for trial in SharedSearch.read(tmp_path).study().get_trials()]
    assert states.count(TrialState.FAIL) == 1
    assert set(states) <= {TrialState.FAIL, TrialState.COMPLETE, TrialState.PRUNED}
    assert len(found.best.accuracies) == 3


def worker_in(folder):
    """The process of the worker of a search."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # a process that has just ended
            words = path.read_text().split("\0")
            if str(folder) in words and "laconic.rnn.planner.worker" in words:
                return int(path.parent.name)
    raise AssertionError("no worker")


def test_a_worker_without_a_search_says_so(tmp_path):
    with pytest.raises(DataError, match="does not hold a search of laconic"):
        work(tmp_path)
    (tmp_path / SEARCH).write_text('{"wish": 3}')
    with pytest.raises(DataError, match="does not hold a search of laconic"):
        work(tmp_path)


@pytest.mark.parametrize("wrong", ["one of a class", "NaN", "lengths", "empty"])
def test_data_that_cannot_be_used_are_refused_before_a_worker_is_started(wrong, tmp_path):
    x, y = sequences()
    if wrong == "one of a class":
        y = np.where(np.arange(len(y)) == 0, "d", y)
    elif wrong == "NaN":
        x[3, 2, 1] = np.nan
    elif wrong == "lengths":
        y = y[1:]
    else:
        x, y = x[:0], y[:0]
    with pytest.raises(ValueError):  # noqa: PT011  # scikit-learn's words differ
        plan(x, y, "1KB", folder=tmp_path, **QUICK)
    assert not list(tmp_path.glob("worker*"))


def test_unknown_settings_are_named():
    with pytest.raises(ParameterError, match="wish must be settings among max_macs, cells"):
        plan(*sequences(), "1KB", colour="red")


def test_findings_bring_the_seeds_of_a_network_together():
    space = space_of(Wish(2048, cells=("gru",), methods=("dense",)), *SIZES)
    study = optuna.create_study(direction="maximize")
    params = known_good(space)[0]
    for value in (0.5, 0.7):
        study.enqueue_trial(params)
        trial = study.ask()
        suggested(trial, space)
        study.tell(trial, value)
    (one,) = findings(study.get_trials(), space)
    assert one.accuracies == (0.5, 0.7)
    assert one.accuracy == pytest.approx(0.6)
