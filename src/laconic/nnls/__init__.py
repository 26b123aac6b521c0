"""Codes for a known dictionary whose scales are integrated out: non-negative least squares, plain and sparse."""

from laconic.nnls.result import NNLSResult
from laconic.nnls.solver import nnls

__all__ = ["NNLSResult", "nnls"]
