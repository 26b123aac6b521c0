"""scikit-learn's own checks of an estimator, all of them."""

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

from laconic.rnn import RNNClassifier

SMALL = RNNClassifier(cell="gru", hidden_size=8, max_epochs=12, batch_size=32, learning_rate=0.05, random_state=0)


@parametrize_with_checks([SMALL])
def test_estimator_check(estimator: RNNClassifier, check: Any) -> None:
    check(estimator)
