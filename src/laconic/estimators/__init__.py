"""Estimators in scikit-learn's manners: regressors with coefficients of at least zero, and sparse factorisations."""

from laconic.estimators.multimodal import MultimodalDictionary
from laconic.estimators.multimodal_classifier import MultimodalDictionaryClassifier
from laconic.estimators.rank import RankChoice, choose_rank
from laconic.estimators.rectified_sbl import RectifiedSBL
from laconic.estimators.rectified_sbl_cv import RectifiedSBLCV
from laconic.estimators.sparse_nmf import SparseNMF
from laconic.estimators.sparse_nnls import SparseNNLS
from laconic.estimators.sparse_nnls_cv import SparseNNLSCV

__all__ = [
    "MultimodalDictionary",
    "MultimodalDictionaryClassifier",
    "RankChoice",
    "RectifiedSBL",
    "RectifiedSBLCV",
    "SparseNMF",
    "SparseNNLS",
    "SparseNNLSCV",
    "choose_rank",
]
