"""A saved classifier predicts the same in another process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_helpers import small, two_classes

from laconic.core.checks import DataError
from laconic.rnn import RNNClassifier

MODELS: dict[str, dict[str, Any]] = {
    "dense": {},
    "kronecker": {"method": "kronecker", "n_layers": 2, "bidirectional": True, "class_weight": {"no": 1.0, "yes": 2.0}},
    "hybrid": {"method": "hybrid", "cell": "gru", "hidden_size": 20},
    "lowrank": {"method": "lowrank", "layout": "separate"},
    "pruned": {"method": "pruned", "budget": 400, "checkpoint_dir": "unused"},
    "small": {"method": "small", "budget": "300", "averaging": 0.9},
    "fastgrnn": {"method": "kronecker", "cell": "fastgrnn", "hidden_size": 6},
}
CHILD = """
import sys
import numpy as np
from laconic.rnn import RNNClassifier
for name in sys.argv[2:]:
    model = RNNClassifier.load(f"{sys.argv[1]}/{name}.safetensors")
    np.savez(f"{sys.argv[1]}/{name}.npz", p=model.predict_proba(np.load(f"{sys.argv[1]}/x.npy")))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, RNNClassifier]]:
    folder = tmp_path_factory.mktemp("models")
    x, y = two_classes(n_features=3)
    np.save(folder / "x.npy", x)
    fitted = {}
    for name, settings in MODELS.items():
        fitted[name] = small(**settings).set_params(checkpoint_dir=None).fit(x, np.array(["no", "yes"])[y])
        fitted[name].set_params(hidden_size=99).save(folder / f"{name}.safetensors")  # a file is of what was fitted
    return folder, fitted


def test_predictions_are_the_same_in_a_new_process(models: tuple[Path, dict[str, RNNClassifier]]) -> None:
    folder, fitted = models
    subprocess.run([sys.executable, "-c", CHILD, str(folder), *MODELS], check=True)
    x = np.load(folder / "x.npy")
    for name, model in fitted.items():
        assert np.array_equal(np.load(folder / f"{name}.npz")["p"], model.predict_proba(x)), name


@pytest.mark.parametrize("name", MODELS)
def test_everything_comes_back(name: str, models: tuple[Path, dict[str, RNNClassifier]]) -> None:
    folder, fitted = models
    model, loaded = fitted[name], RNNClassifier.load(folder / name)
    assert loaded.get_params() == model.get_params()
    assert loaded.history_ == model.history_
    assert loaded.account_ == model.account_
    assert (loaded.n_features_in_, loaded.n_steps_in_) == (3, 6)
    assert loaded.classes_.dtype == model.classes_.dtype
    assert loaded.predict(np.zeros((1, 2, 3)))[0] in ("no", "yes")
    x, y = two_classes(n_features=3)
    again = loaded.set_params(hidden_size=8).fit(x, np.array(["no", "yes"])[y])  # a loaded classifier learns anew
    assert again.predict(x).shape == (60,)


@pytest.mark.parametrize(
    "labels",
    [np.array([0.0, 2.0]), np.array([False, True]), np.array(["a", "b"], dtype=object), np.array([1, 2], np.uint8)],
)
def test_classes_of_any_type_come_back_from_a_file(labels: np.ndarray, tmp_path: Path) -> None:
    x, y = two_classes(n_features=1)
    model = small().fit(x[:, :, 0], labels[y])
    model.save(tmp_path / "model")
    loaded = RNNClassifier.load(tmp_path / "model")
    assert loaded.classes_.dtype == labels.dtype
    assert np.array_equal(loaded.predict(x[:, :, 0]), model.predict(x[:, :, 0]))
    with pytest.raises(ValueError, match="X has 5 features, but RNNClassifier is expecting 6"):
        loaded.predict(x[:, :5, 0])


def test_what_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    model = small(random_state=np.random.RandomState(0), on_epoch=print).fit(*two_classes())
    model.save(tmp_path / "model")
    loaded = RNNClassifier.load(tmp_path / "model")
    assert loaded.random_state is None
    assert loaded.on_epoch is None
    assert json.loads((tmp_path / "model.json").read_text())["format"]


def test_files_that_are_no_classifier_are_refused(tmp_path: Path) -> None:
    for name, content in {"junk": b"junk", "empty": b""}.items():
        (tmp_path / f"{name}.safetensors").write_bytes(content)
        with pytest.raises(DataError, match=f"{name}.safetensors does not hold a classifier"):
            RNNClassifier.load(tmp_path / name)
    with pytest.raises(DataError, match=r"none\.safetensors does not hold a classifier"):
        RNNClassifier.load(tmp_path / "none")


def tampered(path: Path, edit: Any) -> None:
    """Change what the header of a classifier's file says of it."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    document = json.loads(header["__metadata__"]["laconic"])
    edit(document["metadata"]["classifier"])
    header["__metadata__"]["laconic"] = json.dumps(document)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])


TAMPERED = {
    "a setting": (lambda about: about["parameters"].update(spam=1), "unexpected keyword"),
    "an attribute": (lambda about: about["inputs"].update(predict=1), "an attribute 'predict'"),
    "a class": (lambda about: about["arrays"].update(__class__=about["arrays"]["mean_"]), "an attribute '__class__'"),
    "units": (lambda about: about["architecture"].update(hidden_size=10**9), "weights, at most|overflow"),
    "layers": (lambda about: about["architecture"].update(n_layers=10**9), "1000000000 layers, at most 256"),
    "features": (lambda about: about["architecture"].update(n_features=10**8), "weights, at most"),
    "a wide type": (lambda about: about["arrays"]["classes_"].update(dtype="<U999999", values=["a"] * 99), "bytes"),
    "a wider type": (lambda about: about["arrays"]["classes_"].update(dtype="<U99999999"), "an array of type"),
    "records": (lambda about: about["arrays"]["classes_"].update(dtype="V8"), "an array of type 'V8'"),
    "lists": (lambda about: about["arrays"]["classes_"].update(values=[[1], [2]]), "not of plain values"),
    "classes": (lambda about: about["arrays"]["classes_"].update(values=["no"]), "1 classes for 2 outputs"),
    "a mean": (lambda about: about["arrays"]["mean_"].update(values=[0.0]), "mean_ of shape"),
    "a mean of NaN": (lambda about: about["arrays"]["mean_"].update(values=[float("nan")] * 3), "mean_ must be finite"),
    "a scale": (lambda about: about["arrays"]["scale_"].update(values=[1.0, 0.0, 1.0]), "scale_ must be above zero"),
    "no scale": (lambda about: about["arrays"].pop("scale_"), "scale_"),
    "history": (lambda about: about.update(history=[{"spam": 1}]), "unexpected keyword"),
    "nothing": (lambda about: about.clear(), "parameters"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_files_that_were_tampered_with_are_refused(
    name: str, models: tuple[Path, dict[str, RNNClassifier]], tmp_path: Path
) -> None:
    edit, words = TAMPERED[name]
    path = tmp_path / "it.safetensors"
    path.write_bytes((models[0] / "dense.safetensors").read_bytes())
    tampered(path, edit)
    with pytest.raises(DataError, match=rf"it\.safetensors does not hold a classifier of laconic .*({words})"):
        RNNClassifier.load(path)
