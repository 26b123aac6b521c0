"""Ways to improve codes and dictionary from sums: one a file."""

from laconic.factorize.solvers.base import Rows, Solver
from laconic.factorize.solvers.hals import Hals
from laconic.factorize.solvers.multiplicative import Multiplicative

__all__ = ["SOLVERS", "Hals", "Multiplicative", "Rows", "Solver"]

SOLVERS: dict[str, type[Solver]] = {solver.name: solver for solver in (Hals, Multiplicative)}
"""Every solver by its name; a new one adds its line here."""
