"""scikit-learn's own checks of the regressors, all of them; with settings that are quick, and as they come."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from laconic.estimators import RectifiedSBL, RectifiedSBLCV, SparseNNLS, SparseNNLSCV

# Data with fewer samples than features, and no noise to speak of, may use up the iterations: the warning is right.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

QUICK = [
    RectifiedSBL(tol=0.2),
    SparseNNLS(),
    SparseNNLS(prior=None, fit_intercept=True),
    RectifiedSBLCV(noises=[0.1], cv=2, tol=0.2, marginals="e_step"),
    SparseNNLSCV(noises=2, cv=2, anneal=False),
]
AS_THEY_COME = [RectifiedSBL(), RectifiedSBL(fit_intercept=True), RectifiedSBLCV(), SparseNNLSCV()]


@parametrize_with_checks(QUICK)
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(AS_THEY_COME)
def test_estimator_check_as_it_comes(estimator: Any, check: Any) -> None:
    check(estimator)
