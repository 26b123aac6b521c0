"""One training of a search: what it tries, when it is given up, what it leaves behind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import TrialState
from sklearn.model_selection import train_test_split

from laconic.rnn.classifier import RNNClassifier
from laconic.rnn.methods import METHODS
from laconic.rnn.planner.front import Finding
from laconic.rnn.planner.space import Option, Space, float_bytes
from laconic.rnn.planner.wish import Wish
from laconic.rnn.training.records import EpochRecord

Array = NDArray[Any]
ROUNDED = 0.3
"""Share of a training, from its end, in which a network of 8 bits computes with rounded weights."""

RATES = 1 / 3, 3.0
"""Learning rates that are tried, in those that suit the method."""
FINAL_SEED = "final_seed"
"""Attribute of a trial that trains a finalist anew: for longer, and it is not given up."""


@dataclass(frozen=True, eq=False)
class Split:
    """Sequences to train on and sequences to judge by.

    Attributes
    ----------
    x, y, x_valid, y_valid : arrays
    """

    x: Array
    y: Array
    x_valid: Array
    y_valid: Array

    @classmethod
    def of(cls, x: Array, y: Array, fraction: float, seed: int) -> "Split":
        """Hold a share of the sequences out, of each class as many as it has its share of."""
        x, x_valid, y, y_valid = train_test_split(x, y, test_size=fraction, random_state=seed, stratify=y)
        return cls(x, y, x_valid, y_valid)


def classifier_of(wish: Wish, option: Option, learning_rate: float, epochs: int, **settings: Any) -> RNNClassifier:
    """Return the untrained classifier of an option; further settings as given."""
    return RNNClassifier(
        cell=option.cell,
        hidden_size=option.hidden,
        n_layers=wish.n_layers,
        bidirectional=wish.bidirectional,
        method=option.method,
        budget=None if option.method == "dense" else float_bytes(wish.budget, option.bits),
        quantization=ROUNDED if option.bits == 8 else 0.0,
        layers=["rnn"],
        init="nearest" if option.method == "dense" else "random",
        max_epochs=epochs,
        batch_size=wish.batch_size,
        learning_rate=learning_rate,
        weight_decay=wish.weight_decay,
        optimizer=wish.optimizer,
        augment=wish.augment,
        **settings,
    )


def run_trial(
    trial: optuna.Trial, wish: Wish, space: Space, split_of: Callable[[int], Split], is_over: Callable[[], bool]
) -> float:
    """Train what the trial suggests and return its accuracy on the sequences held out.

    All trials of the search are judged by the sequences that `split_of` draws with the search's seed, finalists by
    those that it draws with their own: what was chosen for being lucky with the first has no use of it there.

    Raises
    ------
    optuna.TrialPruned
        If it is given up: others were better at this stage, or time is over.
    """
    option, rate = suggested(trial, space)
    final = trial.user_attrs.get(FINAL_SEED)
    trial.set_user_attr("bytes", option.bytes)
    trial.set_user_attr("macs", option.macs)

    def heard(record: EpochRecord) -> None:
        assert record.valid_accuracy is not None
        trial.report(record.valid_accuracy, record.epoch)
        if record.epoch < wish.epochs and (is_over() or trial.should_prune()):
            raise optuna.TrialPruned

    seed = wish.seed if final is None else int(final)
    split = split_of(seed)
    if final is None:
        classifier = classifier_of(wish, option, rate, wish.epochs, random_state=seed, on_epoch=heard)
    else:  # which reports nothing, so that nobody is compared with the slower course of its rate
        classifier = classifier_of(wish, option, rate, wish.n_final_epochs, random_state=seed)
    classifier.fit(split.x, split.y, split.x_valid, split.y_valid)
    return float(np.mean(classifier.predict(split.x_valid) == split.y_valid))


def suggested(trial: optuna.trial.BaseTrial, space: Space) -> tuple[Option, float]:
    """Return the option and the learning rate that a trial tries."""
    cell = trial.suggest_categorical("cell", list(dict.fromkeys(cell for cell, _ in space)))
    methods = [method for known, method in space if known == cell]
    method = trial.suggest_categorical(f"method of {cell}", methods)
    options = space[str(cell), str(method)]
    place = trial.suggest_int(f"width of {cell} {method}", 0, len(options) - 1)
    rate = METHODS[options[place].method].learning_rate * trial.suggest_float("rate", *RATES, log=True)
    return options[place], rate


def known_good(space: Space) -> list[dict[str, Any]]:
    """Return what anyone would try first: of each cell and method the widest network of the largest rank."""
    first = []
    for (cell, method), options in space.items():
        place = max(range(len(options)), key=lambda i: (options[i].max_rank, options[i].hidden))
        first.append({"cell": cell, f"method of {cell}": method, f"width of {cell} {method}": place, "rate": 1.0})
    return first


def findings(trials: list[optuna.trial.FrozenTrial], space: Space) -> list[Finding]:
    """Return what was trained to the end, the best first; of a finalist count only the trainings as such."""
    groups: dict[tuple[Option, float], list[optuna.trial.FrozenTrial]] = {}
    for trial in trials:
        if trial.state == TrialState.COMPLETE:
            groups.setdefault(suggested(optuna.trial.FixedTrial(trial.params), space), []).append(trial)
    found = [_finding(option, rate, some) for (option, rate), some in groups.items()]
    return sorted(found, key=lambda one: (-one.accuracy, one.option.bytes, one.number))


def _finding(option: Option, rate: float, trials: list[optuna.trial.FrozenTrial]) -> Finding:
    finals = [trial for trial in trials if FINAL_SEED in trial.user_attrs]
    seconds = [trial.duration.total_seconds() for trial in finals or trials if trial.duration]
    accuracies = tuple(float(trial.value) for trial in finals or trials if trial.value is not None)
    return Finding(trials[0].number, option, rate, accuracies, sum(seconds) / len(seconds), bool(finals))
