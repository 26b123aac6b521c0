"""scikit-learn's own checks of `SparseNMF`, all of them."""

from typing import Any

import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from laconic.estimators import SparseNMF

# A few samples with as many parts as features, and steps that shrink slowly: the warning is right.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MODELS = [
    SparseNMF(),
    SparseNMF(prior=None),
    SparseNMF(prior="student_t", solver="multiplicative", max_iter=60),
    SparseNMF(prior="laplacian", dictionary_prior="laplacian", n_init=2, init="random", random_state=0),
]


@parametrize_with_checks(MODELS)
def test_estimator_check(estimator: Any, check: Any) -> None:
    if check.func.__name__.startswith("check_transformer"):  # codes of the fit and of `transform` have to agree
        estimator = clone(estimator).set_params(max_iter=max(estimator.max_iter, 300))
    check(estimator)
