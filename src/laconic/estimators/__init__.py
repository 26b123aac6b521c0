"""scikit-learn regressors with coefficients of at least zero: sparse ones, and ones with error bars."""

from laconic.estimators.rectified_sbl import RectifiedSBL
from laconic.estimators.rectified_sbl_cv import RectifiedSBLCV
from laconic.estimators.sparse_nnls import SparseNNLS
from laconic.estimators.sparse_nnls_cv import SparseNNLSCV

__all__ = ["RectifiedSBL", "RectifiedSBLCV", "SparseNNLS", "SparseNNLSCV"]
