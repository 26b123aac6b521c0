"""Every method of the experiment: a name, and how a planted problem is given to it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.decomposition import NMF

import laconic
from laconic.datasets import Factors

ALPHAS = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4)
LAMBDAS = (0.003, 0.01, 0.03, 0.1, 0.3)


@dataclass(frozen=True)
class Answer:
    """Codes (n, k) and components (k, p) as a method returns them."""

    codes: Any
    components: Any


@dataclass(frozen=True)
class Method:
    """A line of the table; of those that share a family, the one that finds the most atoms is shown."""

    name: str
    solve: Callable[[Factors, int], Answer]
    family: str
    available: bool = True


def by_laconic(planted: Factors, seed: int, **options: Any) -> Answer:
    model = laconic.SparseNMF(len(planted.components), random_state=seed, **options)
    codes = model.fit_transform(planted.X)
    return Answer(codes, model.components_)


def by_sklearn(planted: Factors, seed: int, *, alpha: float = 0.0, iterations: int = 2000, **options: Any) -> Answer:
    model = NMF(
        len(planted.components),
        alpha_W=alpha,
        l1_ratio=1.0,
        max_iter=iterations,
        tol=1e-5,
        random_state=seed,
        **options,
    )
    codes = model.fit_transform(planted.X)
    return Answer(codes, model.components_)


def by_spams_nmf(planted: Factors, seed: int) -> Answer:
    import spams

    np.random.seed(seed)
    D, codes = spams.nmf(
        np.asfortranarray(planted.X.T), return_lasso=True, K=len(planted.components), iter=1000, numThreads=1
    )
    return Answer(codes.toarray().T, D.T)


def by_spams(planted: Factors, seed: int, *, penalty: float) -> Answer:
    """Learn online with an l1 penalty, `penalty` times the length of a typical signal, from signals drawn at random."""
    import spams

    X = planted.X
    drawn = np.random.default_rng(seed).choice(len(X), len(planted.components), replace=False)
    signals, start = np.asfortranarray(X.T), X[drawn] / np.linalg.norm(X[drawn], axis=1, keepdims=True)
    common = {"lambda1": penalty * float(np.linalg.norm(X) / np.sqrt(len(X))), "mode": 2, "numThreads": 1}
    options = {"posD": True, "posAlpha": True, "iter": 1000, "verbose": False}
    D = spams.trainDL(signals, D=np.asfortranarray(start.T), **options, **common)
    codes = spams.lasso(signals, D=D, pos=True, **common)
    return Answer(codes.toarray().T, D.T)


def by_torchnmf(planted: Factors, seed: int) -> Answer:
    import torch
    from torchnmf import nmf

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(seed)
    model = nmf.NMF(planted.X.shape, rank=len(planted.components))
    model.fit(torch.from_numpy(planted.X), beta=2, tol=0, max_iter=2000)
    return Answer(model.H.detach().numpy(), model.W.detach().numpy().T)


def _ours(words: str, **options: Any) -> Method:
    return Method(f"laconic {words}", partial(by_laconic, **options), f"laconic {words}")


def _sklearn(words: str, **options: Any) -> Method:
    return Method(f"scikit-learn {words}", partial(by_sklearn, **options), f"scikit-learn {words}")


def _l1(alpha: float) -> Method:
    solve = partial(by_sklearn, solver="cd", init="nndsvda", alpha=alpha)
    return Method(f"scikit-learn cd, l1 {alpha:g}", solve, "scikit-learn cd, l1")


def _spams(penalty: float) -> Method:
    solve, here = partial(by_spams, penalty=penalty), find_spec("spams") is not None
    return Method(f"SPAMS trainDL, l1 {penalty:g}", solve, "SPAMS trainDL, l1", here)


METHODS = (
    _ours("hals, rgdp", prior="rgdp"),
    _ours("hals, student_t", prior="student_t"),
    _ours("hals, laplacian", prior="laplacian"),
    _ours("hals, power_exponential", prior="power_exponential"),
    _ours("hals, no prior", prior=None),
    _ours("multiplicative, rgdp", prior="rgdp", solver="multiplicative", max_iter=2000),
    _sklearn("cd", solver="cd", init="nndsvda"),
    *map(_l1, ALPHAS),
    _sklearn("mu", solver="mu", init="nndsvda"),
    Method("SPAMS nmf", by_spams_nmf, "SPAMS nmf", find_spec("spams") is not None),
    *map(_spams, LAMBDAS),
    Method("torchnmf", by_torchnmf, "torchnmf", find_spec("torchnmf") is not None),
)
