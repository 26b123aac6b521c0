"""scikit-learn's own checks of `MultimodalDictionary`, all of them; with settings that are quick, and as it comes."""

from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from laconic.estimators import MultimodalDictionary

# A few samples, and steps that are few in number: the warning is right.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

QUICK = [MultimodalDictionary(2, noise=0.1, sparsity=1, cycles=0, max_iter=2)]
AS_THEY_COME = [
    MultimodalDictionary(),
    MultimodalDictionary(scaling="standardize", coupling="separate", n_init=2),
    MultimodalDictionary(3, noise=0.1, method="reference"),
]


@parametrize_with_checks(QUICK)
def test_estimator_check(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(AS_THEY_COME)
def test_estimator_check_as_it_comes(estimator: Any, check: Any) -> None:
    check(estimator)
