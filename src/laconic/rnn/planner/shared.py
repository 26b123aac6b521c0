"""A search in a folder and a database, which several processes and machines work on together."""

import io
import json
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState

from laconic.core.checks import DataError
from laconic.core.files import atomic_write_bytes, write_json
from laconic.rnn.planner.space import Space, as_space
from laconic.rnn.planner.trials import Split
from laconic.rnn.planner.wish import Wish

SEARCH, DATA, DATABASE = "search.json", "data.npz", "search.db"
STUDY, CLOSED = "laconic", "closed"
PATIENCE = 300
"""Seconds to wait for a database that another process writes to."""
KEPT = 3
"""One training of so many goes on at each stage; there are two stages before the end."""
HEARTBEAT = 10
"""Seconds between the signs of life of a trial; one without them for two of these is lost."""
DONE = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@dataclass(frozen=True, eq=False)
class SharedSearch:
    """What every worker of a search knows.

    Attributes
    ----------
    wish : Wish
    space : Space
    storage : str
        URL of the database.
    name : str
        Of the study in it.
    ends : float or None
        Seconds of the epoch after which no training is begun or goes on.
    folder : Path
        Where the training sequences are.
    """

    wish: Wish
    space: Space
    storage: str
    name: str
    ends: float | None
    folder: Path

    @classmethod
    def read(cls, folder: Path) -> "SharedSearch":
        """Read what `write` wrote.

        Raises
        ------
        DataError
            If it is not there, or damaged.
        """
        try:
            about = json.loads((folder / SEARCH).read_text("utf-8"))
            wish = Wish.from_dict(about["wish"])
            return cls(wish, as_space(about["space"]), about["storage"], about["name"], about["ends"], folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{folder / SEARCH} does not hold a search of laconic ({error})") from error

    def write(self, x: NDArray[Any], y: NDArray[Any]) -> None:
        """Write the search and its training sequences to the folder; classes must not be objects."""
        if not (self.folder / SEARCH).exists():  # else they are there, and workers elsewhere may be reading them
            written = io.BytesIO()
            np.savez(written, x=x, y=y)
            atomic_write_bytes(self.folder / DATA, written.getvalue())
        options = [option.to_dict() for options in self.space.values() for option in options]
        about = {"wish": self.wish.to_dict(), "space": options, "storage": self.storage, "name": self.name}
        write_json(self.folder / SEARCH, about | {"ends": self.ends})

    def split(self, seed: int) -> Split:
        """Return the sequences to train on and to judge by that a seed draws, the same in every worker."""
        with np.load(self.folder / DATA, allow_pickle=False) as data:
            return Split.of(data["x"], data["y"], self.wish.validation_fraction, seed)

    def is_over(self) -> bool:
        """Whether time is up."""
        return self.ends is not None and time.time() > self.ends

    def has_more(self, study: optuna.Study) -> bool:
        """Whether there are trainings to begin, and time for them."""
        begun = sum(trial.state != TrialState.WAITING for trial in study.get_trials(deepcopy=False))
        return not self.is_over() and begun < self.wish.n_trials

    def is_closed(self, study: optuna.Study) -> bool:
        """Whether finalists are chosen: who has nothing to do may leave."""
        return bool(study.user_attrs.get(CLOSED))

    def close(self, study: optuna.Study, closed: bool = True) -> None:
        """Let workers leave, or stay, when they have nothing to do."""
        study.set_user_attr(CLOSED, closed)

    def study(self, worker: int = 0) -> optuna.Study:
        """Open the study, made if need be; workers of other numbers draw otherwise."""
        first = max(1, self.wish.epochs // KEPT**2)
        seed = self.wish.seed + 1000 * worker
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # of constant_liar
            return optuna.create_study(
                storage=_database(self.storage),
                study_name=self.name,
                sampler=optuna.samplers.TPESampler(seed=seed, constant_liar=True, n_startup_trials=20),
                pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=first, reduction_factor=KEPT),
                direction="maximize",
                load_if_exists=True,
            )


def forget(folder: Path) -> None:
    """Remove a search, if there is one, from its folder and its database."""
    if (folder / SEARCH).exists():
        search = SharedSearch.read(folder)
        with suppress(KeyError):  # where the study was never made, or is gone
            optuna.delete_study(study_name=search.name, storage=_database(search.storage))
    for name in (SEARCH, DATA, DATABASE):
        (folder / name).unlink(missing_ok=True)


def _database(url: str) -> optuna.storages.RDBStorage:
    waits = {"connect_args": {"timeout": PATIENCE}} if url.startswith("sqlite") else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return optuna.storages.RDBStorage(url, engine_kwargs=waits, heartbeat_interval=HEARTBEAT)
