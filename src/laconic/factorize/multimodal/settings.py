"""What learning dictionaries of several modalities is asked for, checked."""

from dataclasses import dataclass
from typing import Any

from laconic.sbl.coupling import Links

METHODS = ("full", "reference")
"""Warm starts and reheated cycles, or the paper's own: one cold start, annealed, plain EM."""


@dataclass(frozen=True)
class Settings:
    """Checked parameters; see `laconic.MultimodalDictionary` for their meaning.

    Attributes
    ----------
    links : Links
    noises : tuple of float, or None
        Variances in the units of the data; None finds them.
    method : str
    sparsity : int or None
    cycles, n_init, max_iter : int
    tol : float
    init : tuple of arrays, or None
    memory : float
        Bytes that scales may take to stay with their blocks; where they would take more, they are found anew each time.
    """

    links: Links
    noises: tuple[float, ...] | None = None
    method: str = "full"
    sparsity: int | None = None
    cycles: int = 3
    n_init: int = 1
    max_iter: int = 100
    tol: float = 1e-3
    init: Any = None
    memory: float = float("inf")
