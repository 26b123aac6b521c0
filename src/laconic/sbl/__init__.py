"""Codes for a known dictionary by sparse Bayesian learning: the scales are learned, the codes integrated out."""

from laconic.sbl.esteps import (
    ESTEPS,
    Diagonal,
    EStep,
    ExpectationPropagation,
    Gamp,
    Lmmse,
    MonteCarlo,
)
from laconic.sbl.rectified import rectified_sbl
from laconic.sbl.solution import SBLResult

__all__ = [
    "ESTEPS",
    "Diagonal",
    "EStep",
    "ExpectationPropagation",
    "Gamp",
    "Lmmse",
    "MonteCarlo",
    "SBLResult",
    "rectified_sbl",
]
