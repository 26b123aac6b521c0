"""Learners of planted dictionaries for `multimodal_speed`: laconic, and l1 learners with several penalties.

All begin with signals drawn at random (laconic where it sees fit), and none knows more than the noise.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from statistics import mean, median
from typing import Any

import numpy as np
from sklearn.decomposition import MiniBatchDictionaryLearning

import laconic
from laconic.datasets import Sensors

SLOWING, KEPT = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"), "KEPT_"
"""Settings of BLAS that slow down all but SPAMS, whose own BLAS may need them; where they are kept for it."""

ALIKE = 0.99
"""|cosine| above which an atom counts as found."""

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """Planted samples: the first `head` come first, the others in batches."""

    planted: Sensors
    head: int
    batch: int
    seed: int
    threads: int

    @property
    def first(self) -> Arrays:
        return {name: X[: self.head] for name, X in self.planted.X.items()}

    @property
    def n_atoms(self) -> dict[str, int]:
        return {name: len(atoms) for name, atoms in self.planted.components.items()}

    def batches(self) -> Iterator[Arrays]:
        n = len(next(iter(self.planted.X.values())))
        for start in range(self.head, n, self.batch):
            yield {name: X[start : min(start + self.batch, n)] for name, X in self.planted.X.items()}

    def alone(self, name: str) -> "Problem":
        parts = {field: {name: getattr(self.planted, field)[name]} for field in ("X", "components", "noise")}
        return replace(self, planted=replace(self.planted, **parts))

    def found(self, components: Arrays) -> dict[str, float]:
        """Return the share of the atoms of each modality that have been found."""
        return {name: share(components[name], truth) for name, truth in self.planted.components.items()}


def share(components: Any, truth: Any) -> float:
    lengths = np.linalg.norm(components, axis=1, keepdims=True)
    cosines = np.abs(components / np.where(lengths > 0, lengths, 1.0) @ truth.T)
    return float(np.mean(cosines.max(axis=0) > ALIKE))


@dataclass
class Clock:
    """Seconds of what comes before, and of what is timed by the clock and of the processor."""

    before: float = 0.0
    wall: float = 0.0
    processor: float = 0.0

    @contextmanager
    def preparing(self) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.before += time.perf_counter() - begun

    @contextmanager
    def timing(self) -> Iterator[None]:
        begun = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - begun[0]
        self.processor += time.process_time() - begun[1]


Learner = Callable[..., Arrays]
"""Takes a problem, a clock and, if it has one, a penalty; returns the dictionary (n_atoms, n_features) by modality."""


# Each of them -------------------------------------------------------------------------------------------------------


def ours(problem: Problem, **options: Any) -> Any:
    noise = problem.planted.noise
    return laconic.MultimodalDictionary(problem.n_atoms, noise=noise, random_state=problem.seed, **options)


def by_laconic(problem: Problem, clock: Clock, **options: Any) -> Arrays:
    """Fit the first samples, then learn on from the others."""
    model = ours(problem, **options)
    with clock.preparing():
        model.fit(problem.first)
    with clock.timing():
        for batch in problem.batches():
            model.partial_fit(batch)
    return model.components_


def by_laconic_whole(problem: Problem, clock: Clock, **options: Any) -> Arrays:
    with clock.timing():
        return ours(problem, **options).fit(problem.planted.X).components_


def by_laconic_streamed(problem: Problem, clock: Clock, **options: Any) -> Arrays:
    """Do as `by_laconic`, and time the first fit, too."""
    with clock.timing():
        return by_laconic(problem, Clock(), **options)


def by_sklearn(problem: Problem, clock: Clock, penalty: float) -> Arrays:
    """Learn one modality: the first samples in a hundred passes, then batch after batch."""
    name, X = next(iter(problem.first.items()))
    start = {"dict_init": drawn(X, problem), "random_state": problem.seed}
    options = {"fit_algorithm": "cd", "batch_size": 100, "max_iter": 100, "tol": 0.0, "max_no_improvement": None}
    learner = MiniBatchDictionaryLearning(problem.n_atoms[name], alpha=penalty * length(X), **start, **options)
    with clock.preparing():
        learner.fit(X)
    with clock.timing():
        for batch in problem.batches():
            learner.partial_fit(batch[name])
    return {name: learner.components_}


def by_spams(problem: Problem, clock: Clock, penalty: float) -> Arrays:
    """Learn one modality: the first samples in a thousand batches, then the others in one pass."""
    spams, (name, X) = load_spams(), next(iter(problem.planted.X.items()))
    first, others = X[: problem.head], np.asfortranarray(X[problem.head :].T)
    common = {"lambda1": penalty * length(first), "return_model": True} | in_spams(problem)
    with clock.preparing():
        start = np.asfortranarray(drawn(first, problem).T)
        D, model = spams.trainDL(np.asfortranarray(first.T), D=start, iter=1000, batchsize=100, **common)
    with clock.timing():
        n_batches = -(-others.shape[1] // problem.batch)
        D, _ = spams.trainDL(others, D=D, model=model, iter=n_batches, batchsize=problem.batch, **common)
    return {name: D.T}


def by_spams_whole(problem: Problem, clock: Clock, penalty: float, n_batches: int) -> Arrays:
    """Learn one modality from so many batches of all samples."""
    spams, (name, X) = load_spams(), next(iter(problem.planted.X.items()))
    with clock.timing():
        start, signals = np.asfortranarray(drawn(X, problem).T), np.asfortranarray(X.T)
        common = {"lambda1": penalty * length(X)} | in_spams(problem)
        return {name: spams.trainDL(signals, D=start, iter=n_batches, batchsize=512, **common).T}


def whole(n_batches: int) -> Learner:
    return partial(by_spams_whole, n_batches=n_batches)


def beside(problem: Problem, clock: Clock, penalty: float, *, learn: Learner) -> Arrays:
    """Learn one dictionary of all modalities side by side, in units of their noise."""
    X, noise, atoms = problem.planted.X, problem.planted.noise, problem.planted.components
    scale = {name: np.sqrt(noise[name]) for name in X}
    one = {"X": {"all": np.hstack([X[name] / scale[name] for name in X])}}
    one |= {"components": {"all": np.hstack(list(atoms.values()))}}
    found = learn(replace(problem, planted=replace(problem.planted, **one)), clock, penalty=penalty)["all"]
    ends = np.cumsum([rows.shape[1] for rows in X.values()])[:-1]
    return dict(zip(X, np.split(found, ends, axis=1), strict=True))


def drawn(X: Any, problem: Problem) -> Any:
    (n_atoms,) = problem.n_atoms.values()
    rows = X[np.random.default_rng(problem.seed).choice(len(X), n_atoms, replace=False)]
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def length(X: Any) -> float:
    return float(np.linalg.norm(X) / np.sqrt(len(X)))


def in_spams(problem: Problem) -> dict[str, Any]:
    return {"mode": 2, "numThreads": problem.threads, "verbose": False}


def load_spams() -> Any:
    kept = {key: os.environ[KEPT + key] for key in SLOWING if KEPT + key in os.environ}
    os.environ.update(kept)
    import spams

    for key in kept:
        del os.environ[key]
    return spams


# Lines of a table ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A learner; one with penalties is given all of them, and one that learns `alone` each modality by itself."""

    name: str
    learn: Learner
    penalties: tuple[float, ...] = ()
    alone: bool = False

    @property
    def available(self) -> bool:
        return not self.name.startswith("SPAMS") or find_spec("spams") is not None


Trial = dict[str, Any]


def trials(line: Line, problem: Problem) -> list[Trial]:
    """Return what was found with each penalty, of modalities together or one by one."""
    names = [[name] for name in problem.planted.X] if line.alone else [list(problem.planted.X)]
    return [trial(line, problem, part, penalty) for penalty in line.penalties or (None,) for part in names]


def trial(line: Line, problem: Problem, names: list[str], penalty: float | None) -> Trial:
    clock, part = Clock(), problem.alone(names[0]) if line.alone else problem
    found = line.learn(part, clock, **({} if penalty is None else {"penalty": penalty}))
    times = {"before": clock.before, "wall": clock.wall, "processor": clock.processor}
    return {"names": names, "penalty": penalty, "atoms": part.found(found), **times}


def row(line: Line, turns: list[list[Trial]]) -> dict[str, Any]:
    """Return the best of the trials, each of which was made once in every turn, as one line of a table."""
    columns = [list(column) for column in zip(*turns, strict=True)]
    parts = sorted({tuple(column[0]["names"]) for column in columns})
    chosen = [max((c for c in columns if tuple(c[0]["names"]) == part), key=total) for part in parts]
    atoms = {name: [one["atoms"][name] for one in c] for c in chosen for name in c[0]["names"]}
    times = {key: np.sum([[one[key] for one in c] for c in chosen], axis=0).tolist() for key in TIMES}
    return {
        "contender": line.name,
        "penalty": {name: c[0]["penalty"] for c in chosen for name in c[0]["names"]},
        "atoms": {name: mean(each) for name, each in atoms.items()},
        "atoms_each": atoms,
        **{key: median(each) for key, each in times.items()},
        "wall_each": times["wall"],
    }


TIMES = ("before", "wall", "processor")


def total(column: list[Trial]) -> float:
    return sum(sum(one["atoms"].values()) for one in column)


def online_lines(penalties: tuple[float, ...]) -> list[Line]:
    return [
        Line("laconic", by_laconic),
        Line("scikit-learn MiniBatchDictionaryLearning, alone", by_sklearn, penalties, alone=True),
        Line("SPAMS trainDL, alone", by_spams, penalties, alone=True),
    ]


def large_lines(penalties: tuple[float, ...], batches: tuple[int, ...]) -> list[Line]:
    return [
        Line("laconic", by_laconic_whole),
        Line("laconic, sparsity told", partial(by_laconic_whole, sparsity=5)),
        Line("laconic, the first tenth, then batches of the others", by_laconic_streamed),
        *(Line(f"SPAMS trainDL, {n:,} batches, alone", whole(n), penalties, alone=True) for n in batches),
    ]


def beside_lines(penalties: tuple[float, ...], batches: tuple[int, ...]) -> list[Line]:
    """Return the lines for several modalities alone."""
    return [
        Line(f"SPAMS trainDL, {n:,} batches, side by side", partial(beside, learn=whole(n)), penalties) for n in batches
    ]
