"""A worker of a search, a process of its own: ``python -m laconic.rnn.planner.worker FOLDER [NUMBER]``.

Any number of them may work on one search, on any machine that reaches the folder and the database. One that is killed
loses the training it was in.
"""

import sys
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import optuna
import torch
from optuna.trial import TrialState

from laconic.rnn.planner.shared import PATIENCE, SharedSearch
from laconic.rnn.planner.trials import FINAL_SEED, Split, run_trial

_PAUSE = 0.5


def work(folder: Path, number: int = 0) -> None:
    """Take one training after another, finalists among them, until the search is closed."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    search = SharedSearch.read(folder)
    study, split = search.study(number), lru_cache(maxsize=1)(search.split)
    idle = 0.0
    while idle < PATIENCE:
        if search.has_more(study) or _a_finalist_waits(study):
            _train_one(study, search, split)
            idle = 0.0
        elif search.is_closed(study):
            return
        else:
            time.sleep(_PAUSE)
            idle += _PAUSE


def _train_one(study: optuna.Study, search: SharedSearch, split: Callable[[int], Split]) -> None:
    """Do one training; one that diverges counts as failed."""
    study.optimize(
        lambda trial: run_trial(trial, search.wish, search.space, split, search.is_over),
        n_trials=1,
        catch=(ValueError,),
    )


def _a_finalist_waits(study: optuna.Study) -> bool:
    waiting = (trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.WAITING)
    return any(FINAL_SEED in trial.user_attrs for trial in waiting)


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
