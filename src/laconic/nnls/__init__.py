"""Codes for a known dictionary whose scales are integrated out: non-negative least squares, plain and sparse."""

from laconic.nnls.pursuit import nn_omp
from laconic.nnls.result import NNLSResult, SparseNNLSResult
from laconic.nnls.solver import nnls
from laconic.nnls.sparse import sparse_nnls

__all__ = ["NNLSResult", "SparseNNLSResult", "nn_omp", "nnls", "sparse_nnls"]
