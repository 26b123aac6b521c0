"""A search from its wish to the network it recommends."""

import hashlib
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import ArrayLike, NDArray
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState
from sklearn.utils import check_consistent_length

from laconic.core.checks import DataError, ParameterError, check_positive_int
from laconic.core.units import parse_bytes
from laconic.rnn.planner.crew import Crew
from laconic.rnn.planner.front import Finding, pareto
from laconic.rnn.planner.shared import DATABASE, DONE, SEARCH, STUDY, SharedSearch
from laconic.rnn.planner.space import space_of
from laconic.rnn.planner.trials import FINAL_SEED, Split, classifier_of, findings, known_good
from laconic.rnn.planner.wish import Wish
from laconic.rnn.training.inputs import check_classes, check_sequences

FINAL_SEEDS = 3
"""Seeds that a finalist is trained with, each holding out sequences of its own; the search's is not among them."""


@dataclass(frozen=True)
class Progress:
    """How far a search has come.

    Attributes
    ----------
    n_done, n_pruned : int
        Trainings that ended, and how many of them were given up on the way.
    best : Finding or None
        So far.
    finals : bool
        Whether finalists are being trained anew.
    """

    n_done: int
    n_pruned: int
    best: Finding | None
    finals: bool


@dataclass(frozen=True)
class Plan:
    """What `plan` found.

    Attributes
    ----------
    wish : Wish
    best : Finding
        The finalist of the best mean accuracy on sequences held out.
    findings : tuple of Finding
        Every network that was trained to the end, the best first.
    n_trials, n_pruned : int
        Trainings begun, and how many of them were given up on the way.
    """

    wish: Wish
    best: Finding
    findings: tuple[Finding, ...]
    n_trials: int
    n_pruned: int

    @property
    def front(self) -> list[Finding]:
        """The findings that no other one equals or beats in accuracy, bytes and multiply-adds."""
        return pareto(self.findings)

    def classifier(self, finding: Finding | None = None, random_state: int | None = None, **settings: Any) -> Any:
        """Return the untrained `RNNClassifier` of a finding, by default the best; other settings as given."""
        chosen = finding or self.best
        seed = self.wish.seed if random_state is None else random_state
        given = {"random_state": seed} | settings
        epochs = given.pop("max_epochs", self.wish.n_final_epochs)
        return classifier_of(self.wish, chosen.option, chosen.learning_rate, epochs, **given)


def plan(
    X: ArrayLike,
    y: ArrayLike,
    budget: str | int,
    *,
    folder: str | Path | None = None,
    storage: str | None = None,
    jobs: int = 1,
    on_progress: Callable[[Progress], object] | None = None,
    **wish: Any,
) -> Plan:
    """Search for the most accurate network within so many bytes: cell, method, width, shapes, bits, learning rate.

    Many networks are trained; those that fall behind are given up early (asynchronous successive halving). The best
    few are trained anew, for longer and with several seeds, each of which holds out other sequences, and the best of
    these on average is recommended.

    Parameters
    ----------
    X : array-like (n_samples, n_steps, n_features) or (n_samples, n_steps)
        Training sequences; a share of them is held out to judge by.
    y : array-like (n_samples,)
        Class of each sequence.
    budget : str or int
        Most bytes of the whole network, such as "2KB" (1 KB = 1024 B).
    folder : path, optional
        Where the search is kept: called again with the same folder, wish and data, it goes on. More workers may join
        from other machines, see `laconic.rnn.planner.worker`.
    storage : str, optional
        URL of an SQL database that all workers reach; an SQLite file in the folder without it.
    jobs : int, default=1
        Workers on this machine, each a process of one thread.
    on_progress : callable, optional
        Called with a `Progress` whenever a training has ended.
    **wish
        max_macs, cells, methods, bits, epochs, n_trials, minutes and the others of `Wish`.

    Returns
    -------
    Plan

    Raises
    ------
    ParameterError
        If a parameter is not allowed, nothing keeps the limits, or the folder holds another search.
    DataError, ValueError
        If the data cannot be used, or hold too few of a class to keep some apart.
    SearchFailedError
        If workers end badly, again and again.

    References
    ----------
    Li et al., "A System for Massively Parallel Hyperparameter Tuning", arXiv:1810.05934 (successive halving); Akiba et
    al., "Optuna", arXiv:1907.10902.
    """
    n_bytes = parse_bytes(budget, owner="plan", parameter="budget")
    wanted, size = _wish(n_bytes, wish), check_positive_int("plan", "jobs", jobs)
    raw = np.asarray(X)
    x = check_sequences(raw[:, :, None] if raw.ndim == 2 else raw)
    _, codes = check_classes(y)
    check_consistent_length(x, codes)
    with _kept(folder) as place:
        search = _opened(place, storage, wanted, x, codes)
        return _run(search, size, on_progress or (lambda _: None))


def _wish(budget: int, given: dict[str, Any]) -> Wish:
    given |= {name: tuple(given[name]) for name in ("cells", "methods", "bits") if name in given}
    try:
        return Wish(budget, **given)
    except TypeError:
        known = ", ".join(name for name in Wish.__dataclass_fields__ if name != "budget")
        raise ParameterError("plan", "wish", f"settings among {known}", sorted(given)) from None


@contextmanager
def _kept(folder: str | Path | None) -> Iterator[Path]:
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        yield Path(folder).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="laconic-") as place:
        yield Path(place)


def _opened(place: Path, storage: str | None, wish: Wish, x: NDArray[Any], y: NDArray[Any]) -> SharedSearch:
    """Write the search, or make sure that the one that is there is the same."""
    space = space_of(wish, x.shape[1], x.shape[2], int(y.max()) + 1)
    _check_split(x, y, wish)
    digest = hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest()[:12]
    url = storage or f"sqlite:///{place / DATABASE}"
    ends = None if wish.minutes is None else time.time() + 60 * wish.minutes
    search = SharedSearch(wish, space, url, f"{STUDY}-{digest}-{wish.seed}", ends, place)
    if (place / SEARCH).exists():
        before = SharedSearch.read(place)
        if (before.name, before.wish.identity()) != (search.name, wish.identity()):
            raise ParameterError("plan", "folder", "empty, or of a search with the same wish and data", str(place))
    search.write(x, y)
    return search


def _check_split(x: NDArray[Any], y: NDArray[Any], wish: Wish) -> None:
    """Find out here, and not in a worker, that no part can be held out."""
    try:
        Split.of(x, y, wish.validation_fraction, wish.seed)
    except ValueError as error:
        raise DataError(f"plan: X and y must leave some of every class when a part is held out ({error})") from None


def _run(search: SharedSearch, size: int, tell: Callable[[Progress], object]) -> Plan:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = search.study()
    search.close(study, False)
    if not study.get_trials(deepcopy=False):
        for params in known_good(search.space):
            study.enqueue_trial(params)
    Crew(search.folder, size).run(lambda: _watch(study, search, tell))
    return _summed_up(study, search)


def _watch(study: optuna.Study, search: SharedSearch, tell: Callable[[Progress], object]) -> int:
    """Tell how far the search is, let finalists in when all else is done, and return how many trainings are done."""
    trials, closed = study.get_trials(deepcopy=False), search.is_closed(study)
    found = findings(trials, search.space)
    done = [trial for trial in trials if trial.state in DONE]
    tell(Progress(len(done), _n_pruned(done), next(iter(found), None), closed))
    if not closed and not search.has_more(study) and not _running(study):
        _let_finalists_in(study, search)
    return len(done)


def _running(study: optuna.Study) -> bool:
    """Whether a training is under way, those that were lost with their worker left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)
    return any(trial.state == TrialState.RUNNING for trial in study.get_trials(deepcopy=False))


def _let_finalists_in(study: optuna.Study, search: SharedSearch) -> None:
    trials = study.get_trials(deepcopy=False)
    found = findings([trial for trial in trials if FINAL_SEED not in trial.user_attrs], search.space)
    if not found:
        given = search.wish.minutes or search.wish.n_trials
        raise ParameterError(
            "plan", "minutes", "enough, or n_trials so many, that one training comes to its end", given
        )
    for params in _finalists(trials, search, found):
        for i in range(1, 1 + FINAL_SEEDS):
            study.enqueue_trial(params, user_attrs={FINAL_SEED: search.wish.another_seed(i)}, skip_if_exists=False)
    search.close(study)


def _finalists(
    trials: Sequence[optuna.trial.FrozenTrial], search: SharedSearch, found: Sequence[Finding]
) -> list[dict[str, Any]]:
    """Return what the best networks of the search were made from, but for those that were finalists before."""
    params = {trial.number: trial.params for trial in trials}
    finals = [trial for trial in trials if FINAL_SEED in trial.user_attrs]
    before = [_fixed(trial) for trial in finals if trial.state != TrialState.FAIL]
    best: dict[tuple[str, str, int], Finding] = {}  # one of each structure: at the rate that suits it best
    for one in found:
        best.setdefault((*one.option.kind, one.option.hidden), one)
    chosen = [params[one.number] for one in list(best.values())[: search.wish.n_finalists]]
    return [one for one in chosen if one not in before]


def _fixed(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    """Return what a finalist is made from, whether it has begun or waits."""
    fixed: dict[str, Any] = trial.system_attrs.get("fixed_params", {})
    return trial.params or fixed


def _n_pruned(trials: Sequence[optuna.trial.FrozenTrial]) -> int:
    return sum(trial.state == TrialState.PRUNED for trial in trials)


def _summed_up(study: optuna.Study, search: SharedSearch) -> Plan:
    trials = study.get_trials(deepcopy=False)
    found = findings(trials, search.space)
    finalists = [one for one in found if one.final] or found
    begun = [trial for trial in trials if trial.state != TrialState.WAITING]
    return Plan(search.wish, finalists[0], tuple(found), len(begun), _n_pruned(begun))
