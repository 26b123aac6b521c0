"""Early stopping reads the history and keeps the best weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_helpers import small, two_classes

from laconic.core.checks import DataError
from laconic.rnn.training.early_stopping import best_epoch, is_over

losses = st.lists(st.floats(0.0, 10.0), min_size=1, max_size=30)


@given(losses=losses)
def test_the_best_epoch_is_the_first_smallest(losses: list[float]) -> None:
    assert best_epoch(losses) == losses.index(min(losses))


@given(losses=losses, patience=st.integers(1, 5))
def test_training_is_over_when_the_last_epochs_bring_nothing(losses: list[float], patience: int) -> None:
    late, early = losses[-patience:], losses[:-patience]
    assert is_over(losses, patience) == (bool(early) and min(late) >= min(early))


def test_an_empty_history_is_not_over() -> None:
    assert not is_over([], 1)


@pytest.mark.parametrize("averaging", [None, 0.9])
def test_fit_stops_and_predicts_with_the_best_epoch(averaging: float | None) -> None:
    x, y = two_classes(40)
    x_valid, y_valid = two_classes(30, seed=1)
    model = small(
        hidden_size=16, max_epochs=60, learning_rate=0.1, schedule="constant", early_stopping=True, patience=3,
        averaging=averaging,
    ).fit(x, y, x_valid, y_valid)  # fmt: skip
    losses = [record.valid_loss for record in model.history_]
    assert len(losses) < 60
    assert len(losses) - 1 - np.argmin(losses) == 3
    chosen = model.predict_proba(x_valid)[np.arange(30), y_valid]
    assert -np.log(chosen).mean() == pytest.approx(min(losses), rel=1e-4)


def test_without_validation_data_a_stratified_part_is_held_out() -> None:
    x, y = two_classes(50)
    model = small(early_stopping=True, validation_fraction=0.2).fit(x, y)
    assert [record.valid_accuracy * 10 % 1 for record in model.history_] == [0, 0, 0]  # of 10 samples


def test_too_few_samples_to_hold_out_is_one_clear_sentence() -> None:
    x, _ = two_classes(5)
    with pytest.raises(DataError, match=r"cannot hold out validation_fraction=0\.1 of 5 samples"):
        small(early_stopping=True).fit(x, [0, 0, 0, 0, 1])


def test_without_early_stopping_validation_changes_nothing_but_the_history() -> None:
    x, y = two_classes()
    plain, watched = small().fit(x, y), small().fit(x, y, *two_classes(seed=1))
    assert np.array_equal(plain.predict_proba(x), watched.predict_proba(x))
    assert plain.history_[0].valid_loss is None
    assert watched.history_[0].valid_loss > 0


def test_a_pruned_model_is_only_judged_at_its_final_size() -> None:
    x, y = two_classes()
    model = small(method="pruned", budget=400, max_epochs=10, early_stopping=True, patience=1).fit(x, y)
    assert len(model.history_) >= 8  # pruning ends at 65 % of the epochs planned
    mask = model.module_.state_dict()["rnn.compressed.l0.mask"]
    n_kept = int(mask.sum())
    assert 0 < n_kept < mask.numel()
    assert model.account_.bytes_after <= 400
