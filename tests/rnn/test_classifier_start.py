"""Starting from a trained network, and what the defaults choose."""

from pathlib import Path

import numpy as np
import pytest
import torch

from laconic.core.checks import ParameterError
from laconic.rnn import RNNClassifier
from laconic.rnn.training.inputs import Standardizer


def labelled(n: int = 90) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(n, 6, 4)).astype(np.float32)
    return x, (x[:, :, 0].mean(axis=1) > 0).astype(int)


def dense(folder: Path) -> tuple[RNNClassifier, Path]:
    classifier = RNNClassifier(hidden_size=8, max_epochs=3, random_state=0).fit(*labelled())
    classifier.save(folder / "dense.safetensors")
    return classifier, folder / "dense.safetensors"


def test_a_compressed_network_starts_nearest_to_the_trained_one(tmp_path: Path) -> None:
    trained, path = dense(tmp_path)
    x, y = labelled()
    settings = {"hidden_size": 8, "max_epochs": 1, "learning_rate": 1e-12, "start": path}
    same = RNNClassifier(method="dense", **settings).fit(x, y)
    np.testing.assert_allclose(same.predict_proba(x), trained.predict_proba(x), atol=1e-5)
    wide = RNNClassifier(method="lowrank", budget="100KB", **settings).fit(x, y)  # full rank: nothing is lost
    np.testing.assert_allclose(wide.predict_proba(x), trained.predict_proba(x), atol=1e-4)


def test_a_start_of_other_sizes_is_refused(tmp_path: Path) -> None:
    _, path = dense(tmp_path)
    with pytest.raises(ParameterError, match="start must be a classifier of Architecture"):
        RNNClassifier(hidden_size=9, start=path).fit(*labelled())


@pytest.mark.parametrize(("method", "rate"), [(None, 0.005), ("dense", 0.005), ("kronecker", 0.03), ("pruned", 0.012)])
def test_the_default_learning_rate_is_the_methods_own(method: str | None, rate: float) -> None:
    settings = {"hidden_size": 8, "max_epochs": 1, "schedule": "constant", "random_state": 0}
    by_default, given = (
        RNNClassifier(method=method, learning_rate=value, **settings).fit(*labelled()) for value in (None, rate)
    )
    for a, b in zip(by_default.module_.parameters(), given.module_.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("scale", "standardize", "scaled"),
    [
        (1.0, "auto", False),
        (0.6, "auto", False),
        (0.1, "auto", True),
        (255, "auto", True),
        (1, True, True),
        (9, False, False),
    ],
)
def test_only_what_has_no_common_scale_is_standardised(scale: float, standardize: bool | str, scaled: bool) -> None:
    x = np.random.default_rng(0).uniform(0, 1, (20, 5, 3)).astype(np.float32)
    x = x / x.max() * np.float32(scale)
    found = Standardizer.chosen(x, standardize)
    assert (not np.allclose(found.scale, 1)) == scaled
