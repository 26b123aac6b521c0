"""What a factorisation is asked for, checked."""

from dataclasses import dataclass, field
from typing import Any

from laconic.factorize.solvers import Hals, Solver
from laconic.priors import Flat, Prior

CRITERIA = ("kkt", "objective")
"""What `tol` is compared with: steps to a stationary point over the size of the factors, or the relative fall of the
objective from one iteration to the next."""


@dataclass(frozen=True)
class Settings:
    """Checked parameters of a fit; see `laconic.SparseNMF` for their meaning.

    Attributes
    ----------
    n_components : int
    prior, dictionary_prior : Prior
        Flat where there is none.
    solver : Solver
    init : str or array of shape (k, p)
    noise : float or None
        A variance; None finds it.
    snr : float or None
        In decibels, instead of it.
    scale : float or None
        Unit of the prior; None finds it.
    anneal : bool
    max_iter : int
    tol : float
    criterion : str
    """

    n_components: int
    prior: Prior = field(default_factory=Flat)
    dictionary_prior: Prior = field(default_factory=Flat)
    solver: Solver = field(default_factory=Hals)
    init: Any = "nndsvd"
    noise: float | None = None
    snr: float | None = None
    scale: float | None = None
    anneal: bool = True
    max_iter: int = 1000
    tol: float = 1e-4
    criterion: str = "kkt"

    @property
    def is_plain(self) -> bool:
        """Whether nothing is penalised."""
        return isinstance(self.prior, Flat) and isinstance(self.dictionary_prior, Flat)
