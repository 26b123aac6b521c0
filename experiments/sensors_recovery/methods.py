"""Every method of the experiment: a name, and how the samples of a planted problem are given to it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from ksvd import joint_ksvd
from sklearn.decomposition import DictionaryLearning

import laconic
from laconic.datasets import Sensors

Matrix = Any
PENALTIES = (0.04, 0.07, 0.1, 0.13, 0.17, 0.25)
"""Of l1, in the length of a typical signal."""


@dataclass(frozen=True)
class Answer:
    """Components (n_atoms_j, n_features_j) by modality, and what else a method says."""

    components: dict[str, Matrix]
    noise: dict[str, float] | None = None
    links: dict[str, Matrix] | None = None


@dataclass(frozen=True)
class Method:
    """A line of the table; of those that share a family, the one that finds the most atoms is shown.

    Where a method learns each modality `alone`, it is given them one by one, and the strength is chosen for each.
    """

    name: str
    solve: Callable[[Sensors, int], Answer]
    family: str
    alone: bool = False
    available: bool = True

    @property
    def ours(self) -> bool:
        return self.name.startswith("laconic")


def by_laconic(planted: Sensors, seed: int, *, known: bool, **options: Any) -> Answer:
    sizes = {name: len(atoms) for name, atoms in planted.components.items()}
    noise = planted.noise if known else "auto"
    model = laconic.MultimodalDictionary(sizes, noise=noise, random_state=seed, **options).fit(planted.X)
    return Answer(dict(model.components_), None if known else dict(model.noise_), dict(model.links_))


def by_spams(X: Matrix, n_atoms: int, penalty: float, seed: int) -> Matrix:
    """Learn online with an l1 penalty, from signals drawn at random."""
    import spams

    start = np.asfortranarray(_drawn(X, n_atoms, seed).T)
    options = {"mode": 2, "iter": 1000, "numThreads": 1, "verbose": False}
    return spams.trainDL(np.asfortranarray(X.T), D=start, lambda1=penalty * _length(X), **options).T


def by_sklearn(X: Matrix, n_atoms: int, penalty: float, seed: int) -> Matrix:
    """Learn by alternating l1 codes and block coordinate descent, from signals drawn at random."""
    # scikit-learn takes dict_init only together with code_init
    start = {"dict_init": _drawn(X, n_atoms, seed), "code_init": np.zeros((len(X), n_atoms))}
    options = {"fit_algorithm": "cd", "max_iter": 200, "tol": 1e-6, "random_state": seed}
    return DictionaryLearning(n_atoms, alpha=penalty * _length(X), **start, **options).fit(X).components_


def alone(planted: Sensors, seed: int, *, learn: Callable[..., Matrix], penalty: float) -> Answer:
    """Learn the dictionary of each modality by itself."""
    X, atoms = planted.X, planted.components
    return Answer({name: learn(X[name], len(atoms[name]), penalty, seed) for name in X})


def concatenated(
    planted: Sensors, seed: int, *, learn: Callable[..., Matrix], penalty: float, weighted: bool
) -> Answer:
    """Learn one dictionary of the modalities side by side, where `weighted` in units of their noise."""
    scale = {name: np.sqrt(planted.noise[name]) if weighted else 1.0 for name in planted.X}
    X = np.hstack([one / scale[name] for name, one in planted.X.items()])
    components = learn(X, max(map(len, planted.components.values())), penalty, seed)
    ends = np.cumsum([one.shape[1] for one in planted.X.values()])[:-1]
    parts = zip(planted.X, np.split(components, ends, axis=1), strict=True)
    return Answer({name: part * scale[name] for name, part in parts})


def by_ksvd(planted: Sensors, seed: int, *, weighted: bool = True) -> Answer:
    """Simultaneous pursuit and approximate K-SVD, told how many atoms each sample uses."""
    weights = {name: 1 / noise if weighted else 1.0 for name, noise in planted.noise.items()}
    uses = next(iter(planted.codes.values())) != 0
    n_atoms = uses.shape[1]
    return Answer(joint_ksvd(planted.X, n_atoms, round(float(uses.sum(axis=1).mean())), weights, seed))


def _drawn(X: Matrix, n_atoms: int, seed: int) -> Matrix:
    drawn = X[np.random.default_rng(seed).choice(len(X), n_atoms, replace=len(X) < n_atoms)]
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def _length(X: Matrix) -> float:
    return float(np.linalg.norm(X) / np.sqrt(len(X)))


def ours(words: str, *, known: bool = True, **options: Any) -> Method:
    name = f"laconic, {words}"
    return Method(name, partial(by_laconic, known=known, **options), name)


def l1_alone() -> list[Method]:
    """SPAMS and scikit-learn on each modality by itself, every penalty."""
    return [
        Method(
            f"{name} alone, l1 {penalty:g}", partial(alone, learn=learn, penalty=penalty), f"{name} alone", True, has
        )
        for name, (learn, has) in L1.items()
        for penalty in PENALTIES
    ]


def l1_concatenated() -> list[Method]:
    """SPAMS and scikit-learn on the modalities side by side, as they are and in units of their noise."""
    return [
        Method(
            f"{name} {words}, l1 {penalty:g}",
            partial(concatenated, learn=learn, penalty=penalty, weighted=weighted),
            f"{name} {words}",
            available=has,
        )
        for name, (learn, has) in L1.items()
        for words, weighted in {"concatenated": False, "concatenated, over noise": True}.items()
        for penalty in PENALTIES
    ]


L1 = {
    "SPAMS trainDL": (by_spams, find_spec("spams") is not None),
    "scikit-learn DictionaryLearning": (by_sklearn, True),
}
KSVD = [
    Method(name, partial(by_ksvd, weighted=weighted), name)
    for name, weighted in {
        "joint OMP + AK-SVD, sparsity and noise known": True,
        "joint OMP + AK-SVD, sparsity known": False,
    }.items()
]
KSVD_ALONE = Method("OMP + AK-SVD alone, sparsity known", by_ksvd, "OMP + AK-SVD alone, sparsity known", alone=True)
