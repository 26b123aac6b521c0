"""scikit-learn regressors with coefficients of at least zero."""

from laconic.estimators.rectified_sbl import RectifiedSBL

__all__ = ["RectifiedSBL"]
