"""Priors, random problems and dense formulas that the tests of the factorisation share."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from laconic.factorize.penalty import NONE, Penalty
from laconic.priors import Flat, GeneralisedDoublePareto, Laplacian, PowerExponential, StudentT


@dataclass(frozen=True)
class Custom(StudentT):
    """A prior that no compiled loop knows, and that is majorised."""

    name: ClassVar[str] = "custom"


PRIORS = [
    Flat(),
    Laplacian(2.0),
    StudentT(1e-2),
    StudentT(1e-4, 0.3),
    GeneralisedDoublePareto(1e-2),
    PowerExponential(0.5),
    PowerExponential(1.0, 0.5),
    PowerExponential(1.5),
    PowerExponential(2.0),
]
EVERY = [*PRIORS, Custom(1e-2)]


def penalty_of(prior, strength=0.2):
    return NONE if isinstance(prior, Flat) else Penalty(prior, strength)


def problem(n, k, p=8, seed=0, empty=0.3):
    """Samples (n, p), codes (n, k) and a dictionary (k, p), with zeros in all of them."""
    rng = np.random.default_rng(seed)
    X, C, D = (rng.exponential(size=shape) for shape in ((n, p), (n, k), (k, p)))
    for values in (X, C, D):
        values[rng.random(values.shape) < empty] = 0
    return X, C, D


def objective(X, C, D, codes=NONE, atoms=NONE, weight=1.0):
    """|X - C D|^2 + penalties by definition, over the entries that are there."""
    fit = np.sum(weight * np.nansum((X - C @ D) ** 2, axis=1))
    own = 0.0 if codes.is_flat else codes.strength * np.sum(weight * np.sum(codes.prior.penalty(C), axis=1))
    return fit + own + (0.0 if atoms.is_flat else atoms.strength * np.sum(atoms.prior.penalty(D)))


def of_rows(gram, pull, x, penalty):
    """x G x' - 2 b x' + penalty(x) of each row by definition."""
    own = 0.0 if penalty.is_flat else penalty.strength * np.sum(penalty.prior.penalty(x), axis=1)
    return np.einsum("ij,jk,ik->i", x, gram, x) - 2 * np.sum(pull * x, axis=1) + own


def unit_rows(rows):
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)
