"""Curves for TensorBoard are those of the history."""

import sys

import numpy as np
import pytest

pytest.importorskip("torch")
from laconic.rnn import RNNClassifier
from laconic.rnn.training.tensorboard import CURVES, TensorBoard


def test_every_curve_is_that_of_the_history(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 4, 3)), np.arange(40) % 2
    with TensorBoard(tmp_path / "run") as board:
        model = RNNClassifier(hidden_size=4, max_epochs=3, on_epoch=board, random_state=0).fit(x, y, x, y)
    found = reader.EventAccumulator(str(tmp_path / "run"))
    found.Reload()
    assert set(found.Tags()["scalars"]) == set(CURVES.values())
    for name, curve in CURVES.items():
        points = found.Scalars(curve)
        assert [point.step for point in points] == [1, 2, 3]
        expected = [getattr(record, name) for record in model.history_]
        assert [point.value for point in points] == pytest.approx(expected, rel=1e-6)


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match="pip install tensorboard"):
        TensorBoard(tmp_path)
