"""scikit-learn's own checks of the regressors, all of them."""

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from laconic.estimators import RectifiedSBL


@parametrize_with_checks([RectifiedSBL()])
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)
