"""One network: trained in float, rounded, fine-tuned with rounding in the loop, and trained anew with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import log_softmax
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from laconic.deploy import IntGraph, lower, quantize
from laconic.rnn import RNNClassifier

Array = Any
HELD_OUT, CALIBRATION = 1 / 6, 200
LAST = 0.3
"""Share of a training anew that sees rounded numbers."""


@dataclass(frozen=True)
class Network:
    """A network, how it is trained, and how it may be fine-tuned."""

    key: str
    data: str
    settings: dict[str, Any] = field(repr=False)
    seeds: int
    rates: tuple[float, ...]
    epochs: int

    def classifier(self, smoke: bool, **more: Any) -> RNNClassifier:
        """Return it, untrained."""
        recipe = {"method": "kronecker", "layers": ["rnn"], "init": "random", "batch_size": 128}
        recipe |= {"optimizer": "full-adam", "augment": "affine", **self.settings, **more}
        return RNNClassifier(**recipe | ({"max_epochs": 1} if smoke else {}))


_USPS = {"learning_rate": 0.06, "max_epochs": 40}
NETWORKS = {
    network.key: network
    for network in (
        Network(
            "usps-fastrnn",
            "usps",
            {"cell": "fastrnn", "hidden_size": 20, "budget": 1668, **_USPS},
            2,
            (0.001, 0.003, 0.01),
            8,
        ),
        Network("usps-lstm", "usps", {"hidden_size": 20, **_USPS}, 2, (0.001, 0.003, 0.01), 8),
        Network(
            "mnist-lstm",
            "mnist",
            {"hidden_size": 40, "budget": 4152, "learning_rate": 0.02, "max_epochs": 12},
            1,
            (0.0005, 0.002),
            3,
        ),
    )
}


@dataclass(frozen=True)
class Split:
    """Sequences to train on, to choose by, and to report on, with their classes."""

    train: tuple[Array, Array]
    held_out: tuple[Array, Array]
    test: tuple[Array, Array]

    @classmethod
    def of(cls, x: Array, y: Array, x_test: Array, y_test: Array, seed: int) -> "Split":
        """Hold a sixth of the training data out."""
        a, b, c, d = train_test_split(x, y, test_size=HELD_OUT, stratify=y, random_state=seed)
        return cls((a, c), (b, d), (x_test, y_test))


def read(folder: Path | None, name: str) -> tuple[Array, Array, Array, Array]:
    """Return x_train, y_train, x_test, y_test; pixels between 0 and 1."""
    path = Path(folder or "") / f"{name}.npz"
    if folder is None or not path.exists():
        raise SystemExit(f"{path} is not there: give the folder of the data by --data or LACONIC_DATA")
    with np.load(path) as file:
        x, y, x_test, y_test = (file[key] for key in ("x_train", "y_train", "x_test", "y_test"))
    return (x / 255).astype(np.float32), y, (x_test / 255).astype(np.float32), y_test


def tiny() -> tuple[Array, Array, Array, Array]:
    """Return some digits of 8 by 8 pixels."""
    digits = load_digits()
    x = (digits.images / 16).astype(np.float32)
    return x[:600], digits.target[:600], x[600:800], digits.target[600:800]


def measured(
    work: Path, name: str, smoke: bool, network: Network, split: Split, seed: int, trained: Path | None = None
) -> dict[str, Any]:
    """Return a row for each way to 8 bits; the float model is kept in the work folder."""
    path = trained or work / "models" / f"{name}.safetensors"
    path.parent.mkdir(exist_ok=True)
    if trained is None:
        network.classifier(smoke, random_state=seed).fit(*split.train).save(path)
    plain = RNNClassifier.load(path)
    tuned = {rate: _tuned(plain, path, network, split, seed, rate, 1.0, smoke) for rate in network.rates}
    losses = {rate: _loss(_quantized(model, split, 8), model, *split.held_out) for rate, model in tuned.items()}
    rate = min(losses, key=losses.__getitem__)
    ways = {"float": plain, "tuned": tuned[rate]}
    ways["longer"] = _tuned(plain, path, network, split, seed, rate, 0.0, smoke)
    if trained is None:
        ways["anew"] = network.classifier(smoke, random_state=seed, quantization=LAST).fit(*split.train)
    return {
        "network": network.key + (", trained longer" if trained else ""),
        "seed": seed,
        "epochs": plain.max_epochs,
        "tuning_epochs": 1 if smoke else network.epochs,
        "rate": rate,
        "held_out_losses": {str(one): loss for one, loss in losses.items()},
        "structure": plain.account_[0].structure,
        "rows": [row for way, model in ways.items() for row in _rows(way, model, split)],
    }


def _tuned(
    plain: RNNClassifier,
    path: Path,
    network: Network,
    split: Split,
    seed: int,
    rate: float,
    quantization: float,
    smoke: bool,
) -> RNNClassifier:
    settings = plain.get_params() | {"start": path, "learning_rate": rate, "quantization": quantization}
    settings |= {"max_epochs": 1 if smoke else network.epochs, "random_state": seed}
    return RNNClassifier(**settings).fit(*split.train)


def _rows(way: str, model: RNNClassifier, split: Split) -> Iterator[dict[str, Any]]:
    x, y = split.test
    if way in ("float", "longer"):
        right = float(np.mean(model.predict(x) == y))
        yield {"way": way, "biases": "float", "accuracy": right, "bytes": model.account_.bytes_after}
    for bits in (16, 8):
        graph = _quantized(model, split, bits)
        right = float(np.mean(model.classes_[graph.interpret(x).argmax(1)] == y))
        yield {"way": way, "biases": f"{bits} bits", "accuracy": right, "bytes": n_bytes(graph)}


def _quantized(model: RNNClassifier, split: Split, bits: int) -> IntGraph:
    return quantize(lower(model), split.train[0][:CALIBRATION], bias_bits=bits)


def _loss(graph: IntGraph, model: RNNClassifier, x: Array, y: Array) -> float:
    """Cross-entropy of a graph's answers."""
    logits = graph.interpret(x).astype(np.float64)
    return float(-log_softmax(logits, axis=1)[np.arange(len(y)), np.searchsorted(model.classes_, y)].mean())


def n_bytes(graph: IntGraph) -> int:
    """Return the bytes of all weights and biases; scales are in the code."""
    parts = [part for layer in graph.layers for part in layer] + list(graph.head)
    arrays = [array for part in parts for step in part.steps for array in _weights(step)]
    arrays += [bias.values for part in parts for bias in (part.bias, getattr(part, "gap", None)) if bias is not None]
    return sum(array.nbytes for array in arrays)


def _weights(step: Any) -> list[Array]:
    return [getattr(step, name) for name in ("weight", "values") if hasattr(step, name)]
