"""What the solvers of this room return."""

from dataclasses import dataclass
from typing import Any

from laconic.core.result import Result


@dataclass(frozen=True)
class NNLSResult(Result):
    """Answer of non-negative least squares.

    Attributes
    ----------
    objective : float or array of shape (k,)
        |A x - y|^2 + sum ridge x^2, over the entries of y that are there.
    """

    objective: Any = None
