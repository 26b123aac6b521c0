"""A killed fit, resumed, ends with the same bits; a checkpoint of another run is refused."""

import dataclasses
import multiprocessing
import os
import random
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_helpers import fit_and_tell, small, two_classes

from laconic.core.checks import DataError
from laconic.rnn import RNNClassifier
from laconic.rnn.training.checkpoint import Checkpoint, digest
from laconic.rnn.training.records import EpochRecord

RUNS: dict[str, dict[str, Any]] = {
    "dense LSTM, averaged, stopping early": {
        "averaging": 0.99, "early_stopping": True, "patience": 4, "class_weight": "balanced", "random_state": None,
    },
    "pruned GRU": {"cell": "gru", "method": "pruned", "budget": 800},
    "Kronecker FastGRNN, rounded for the last part": {
        "cell": "fastgrnn", "method": "kronecker", "quantization": 0.6, "averaging": 0.9,
    },
    "doped GRU, shifted": {"cell": "gru", "method": "doped", "budget": 1200, "augment": "shift"},
    "Kronecker LSTM of two layers, both ways": {
        "method": "kronecker", "n_layers": 2, "bidirectional": True, "weight_decay": 0.01, "label_smoothing": 0.1,
    },
}  # fmt: skip


def killed(settings: dict[str, Any], epoch: int) -> None:
    """Fit in a new process and kill it, by SIGKILL, while it trains the epoch after `epoch`."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["laconic.rnn"])  # torch is loaded once for all runs
    here, there = forks.Pipe(duplex=False)
    process = forks.Process(target=fit_and_tell, args=(settings, there), daemon=True)
    process.start()
    there.close()
    with here, suppress(EOFError):
        while here.recv() != epoch:
            pass
        process.kill()
        process.join()
    assert process.exitcode == -signal.SIGKILL


def without_seconds(history: list[EpochRecord]) -> list[EpochRecord]:
    return [dataclasses.replace(record, seconds=0.0) for record in history]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("name", RUNS)
def test_a_killed_fit_resumes_to_the_same_bits(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"max_epochs": 12, "hidden_size": 8, "checkpoint_dir": str(tmp_path), **RUNS[name]}
    epoch = random.Random(name).randint(1, 9)
    killed(settings, epoch)
    saved = Checkpoint.read(tmp_path / "checkpoint.safetensors")
    assert epoch <= len(saved.rows) < 12
    x, y = two_classes(400, 8)
    valid = two_classes(40, 8, seed=1)
    resumed = small(**settings).set_params(resume=True).fit(x, y, *valid)
    seed = int(saved.identity["seed"])
    whole = small(**settings).set_params(checkpoint_dir=None)
    if settings.get("random_state", 0) is None:
        monkeypatch.setattr("laconic.rnn.classifier.run_seed", lambda *_: seed)  # the run drew it by chance
    whole.fit(x, y, *valid)
    assert without_seconds(resumed.history_) == without_seconds(whole.history_)
    for (name_resumed, a), (name_whole, b) in zip(
        resumed.module_.state_dict().items(), whole.module_.state_dict().items(), strict=True
    ):
        assert name_resumed == name_whole
        assert torch.equal(a, b)
    assert np.array_equal(resumed.predict_proba(x), whole.predict_proba(x))


def test_a_finished_fit_resumes_at_once(tmp_path: Path) -> None:
    x, y = two_classes()
    first = small(checkpoint_dir=tmp_path).fit(x, y)
    epochs: list[EpochRecord] = []
    again = small(checkpoint_dir=tmp_path, resume=True, on_epoch=epochs.append).fit(x, y)
    assert epochs == []
    assert again.history_ == first.history_
    assert np.array_equal(again.predict_proba(x), first.predict_proba(x))


def test_resume_without_a_checkpoint_starts_anew(tmp_path: Path) -> None:
    x, y = two_classes()
    model = small(checkpoint_dir=tmp_path / "new" / "folder", resume=True).fit(x, y)
    assert len(model.history_) == 3
    assert [file.name for file in (tmp_path / "new" / "folder").iterdir()] == ["checkpoint.safetensors"]


def test_without_resume_a_fit_starts_anew_over_an_old_checkpoint(tmp_path: Path) -> None:
    x, y = two_classes()
    small(checkpoint_dir=tmp_path, max_epochs=5).fit(x, y)
    assert len(small(checkpoint_dir=tmp_path).fit(x, y).history_) == 3


def test_ctrl_c_passes_through_and_the_fit_resumes(tmp_path: Path) -> None:
    def interrupt(record: EpochRecord) -> None:
        if record.epoch == 2:
            raise KeyboardInterrupt

    x, y = two_classes()
    with pytest.raises(KeyboardInterrupt):
        small(checkpoint_dir=tmp_path, on_epoch=interrupt).fit(x, y)
    resumed = small(checkpoint_dir=tmp_path, resume=True).fit(x, y)
    assert np.array_equal(resumed.predict_proba(x), small().fit(x, y).predict_proba(x))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"learning_rate": 0.5}, "learning_rate was None, now 0.5"),
        ({"hidden_size": 5}, "hidden_size was 4, now 5"),
        ({"random_state": 1}, "seed was"),
        ({"class_weight": {0: 2.0}}, "class_weight was None, now"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    x, y = two_classes()
    small(checkpoint_dir=tmp_path).fit(x, y)
    with pytest.raises(DataError, match=f"another run .*{words}.*resume=False"):
        small(checkpoint_dir=tmp_path, resume=True, **change).fit(x, y)


@pytest.mark.parametrize("part", ["X", "y", "X_valid", "y_valid"])
def test_a_checkpoint_of_other_data_is_refused(part: str, tmp_path: Path) -> None:
    data = dict(zip(("X", "y", "X_valid", "y_valid"), (*two_classes(), *two_classes(seed=1)), strict=True))
    small(checkpoint_dir=tmp_path).fit(**data)
    data[part] = data[part].copy()
    data[part].flat[0] = 1 - data[part].flat[0]
    with pytest.raises(DataError, match=rf"another run \({part} differs\)"):
        small(checkpoint_dir=tmp_path, resume=True).fit(**data)


@pytest.mark.parametrize("content", [b"", b"junk", b"\x10" + b"\0" * 30])
def test_a_damaged_checkpoint_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors").write_bytes(content)
    with pytest.raises(DataError, match=r"checkpoint\.safetensors is not a checkpoint"):
        small(checkpoint_dir=tmp_path, resume=True).fit(*two_classes())


def test_another_safetensors_file_is_refused(tmp_path: Path) -> None:
    small().fit(*two_classes()).save(tmp_path / "checkpoint")
    with pytest.raises(DataError, match="is not a checkpoint"):
        small(checkpoint_dir=tmp_path, resume=True).fit(*two_classes())


def test_a_crash_while_writing_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = two_classes()
    small(checkpoint_dir=tmp_path).fit(x, y)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space left"):
        small(checkpoint_dir=tmp_path).fit(x, y)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before


def test_resume_needs_a_folder() -> None:
    with pytest.raises(ValueError, match="RNNClassifier: checkpoint_dir must be a folder"):
        RNNClassifier(resume=True).fit(*two_classes())


def test_digests_tell_arrays_apart() -> None:
    arrays = [np.zeros(4), np.zeros((2, 2)), np.zeros(4, np.float32), np.array([0, 0, 0, 1.0]), np.array(["a", "b"])]
    assert len({digest(array) for array in [*arrays, np.array(["a", 1], dtype=object)]}) == 6
