"""Dictionaries that are not known: sparse non-negative factorisation of data in blocks."""

from laconic.factorize.calibration import Calibration
from laconic.factorize.consensus import Best, best_of, matched_cosines
from laconic.factorize.encoding import Encoder, path_to
from laconic.factorize.nmf import Fit, factorize, surveyed
from laconic.factorize.online import Stream, continued, follow
from laconic.factorize.result import NMFResult, Tick
from laconic.factorize.settings import CRITERIA, Settings
from laconic.factorize.solvers import SOLVERS, Hals, Multiplicative
from laconic.factorize.starts import STARTS

__all__ = [
    "CRITERIA",
    "SOLVERS",
    "STARTS",
    "Best",
    "Calibration",
    "Encoder",
    "Fit",
    "Hals",
    "Multiplicative",
    "NMFResult",
    "Settings",
    "Stream",
    "Tick",
    "best_of",
    "continued",
    "factorize",
    "follow",
    "matched_cosines",
    "path_to",
    "surveyed",
]
