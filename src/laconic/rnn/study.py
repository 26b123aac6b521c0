"""A dense network and every way to compress it, trained alike and measured by the same rules."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from laconic.core.checks import ParameterError, check_choice, check_interval, check_positive_int
from laconic.core.files import atomic_write_bytes
from laconic.rnn.account import Account
from laconic.rnn.classifier import RNNClassifier
from laconic.rnn.compression import compress
from laconic.rnn.contender import Contender
from laconic.rnn.methods import METHODS, RIVALS
from laconic.rnn.network import CELLS, SequenceNetwork
from laconic.rnn.spectra import gate_spectra, summed_up
from laconic.rnn.training.records import EpochRecord
from laconic.rnn.training.settings import check_settings

Array = NDArray[Any]
OnEpoch = Callable[[EpochRecord], object]
CHECKPOINTS = "checkpoints"
STARTS = ("random", "dense")
_TRAINING = (
    "forget_bias", "batch_size", "learning_rate", "optimizer", "weight_decay", "label_smoothing", "augment",
    "quantization",
)  # fmt: skip


@dataclass(frozen=True)
class Study:
    """What is compared, and how it is trained.

    Attributes
    ----------
    cell, hidden, n_layers, bidirectional
        The dense network, as in `RNNClassifier`.
    budget : int or None
        Bytes of each compressed model, its classifier counted; None for the size that the papers' rule gives.
    methods : tuple of str
        Names of contenders, such as "kronecker" or "kronecker-paper-32"; the dense network is always trained too.
    epochs, seed : int
    shapes, layout
        As in `compress`.
    forget_bias, batch_size, learning_rate, optimizer, weight_decay, label_smoothing, augment, quantization, temperature
        As in `RNNClassifier`; None takes its default.
    rates : mapping of str to float
        Learning rates of contenders, or of all of a method, in place of those that suit an LSTM.
    distillation : float
        Share of the trained dense network's answers in the loss of all others; 0 does without them.
    start : {"random", "dense"}
        Whether the compressed layers start from random structures, or from the nearest to the trained dense network's;
        "dense" where their width is its own.
    """

    cell: str = "lstm"
    hidden: int = 40
    n_layers: int = 1
    bidirectional: bool = False
    budget: int | None = None
    methods: tuple[str, ...] = RIVALS
    epochs: int = 60
    seed: int = 0
    shapes: Any = "auto"
    layout: str = "joint"
    forget_bias: float | str = "auto"
    batch_size: int | None = None
    learning_rate: float | None = None
    optimizer: str = "adamw"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    augment: str | None = None
    quantization: float = 0.0
    rates: Mapping[str, float] = field(default_factory=dict)
    distillation: float = 0.0
    temperature: float = 2.0
    start: str = "random"

    def __post_init__(self) -> None:
        check_choice("laconic compress", "cell", self.cell, CELLS)
        for name in ("hidden", "n_layers", "epochs"):
            check_positive_int("laconic compress", name, getattr(self, name))
        if not 0 <= self.seed < 2**32:
            raise ParameterError("laconic compress", "seed", "a whole number from 0 to 2**32 - 1", self.seed)
        for name, rate in self.rates.items():
            Contender.parse("laconic compress", name, "rates")
            check_interval("laconic compress", "rates", rate, 0, float("inf"), closed="neither")
        for name in ("distillation", "quantization"):
            check_interval("laconic compress", name, getattr(self, name), 0, 1)
        check_choice("laconic compress", "start", self.start, STARTS)
        for name in self.methods:
            Contender.parse("laconic compress", name)

    @property
    def needs_dense(self) -> bool:
        """Whether the others cannot be trained before the dense network is."""
        return self.distillation > 0 or self.start == "dense"

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON values."""
        return asdict(self) | {"methods": list(self.methods)}


@dataclass(frozen=True)
class Candidate:
    """One network of a study: the method, the width it is built with, and what compressing it gives.

    Attributes
    ----------
    name : str
        Of the contender.
    method : str
    hidden : int
        The study's, but for the small network and contenders with a width of their own.
    account : Account
        Of the untrained network.
    shapes : shapes or rule, as in `compress`
    same_as : str
        An earlier contender that gives the very same network, which need not be trained twice; empty for most.
    """

    name: str
    method: str
    hidden: int
    account: Account
    shapes: Any = "auto"
    same_as: str = ""


def candidates(study: Study, n_features: int, n_classes: int) -> tuple[list[Candidate], dict[str, str]]:
    """Return the networks of a study, the dense one first, and for each method that cannot keep the budget why.

    Raises
    ------
    ParameterError
        If a setting is not allowed or no method can keep the budget.
    """
    dense = Candidate("dense", "dense", study.hidden, _account(study, "dense", n_features, n_classes, None))
    check_settings(make_classifier(study, dense).get_params(deep=False))
    fitted = with_budget(study, n_features, n_classes)
    found, errors = [dense], dict[str, ParameterError]()
    for name in (name for name in study.methods if name != "dense"):
        contender = Contender.parse("laconic compress", name)
        try:
            found.append(_without_twin(_candidate(fitted, contender, n_features, n_classes), found))
        except ParameterError as error:
            errors[name] = error
    if errors and len(found) == 1:
        raise next(iter(errors.values()))
    return found, {name: str(error) for name, error in errors.items()}


def _without_twin(candidate: Candidate, earlier: list[Candidate]) -> Candidate:
    """Note the earlier candidate, if any, whose network is the same: its layers are made of the same structures."""
    made_of = [layer.structure for layer in candidate.account]
    for other in earlier:
        if other.hidden == candidate.hidden and [layer.structure for layer in other.account] == made_of:
            return replace(candidate, same_as=other.name)
    return candidate


def twin_row(candidate: Candidate, row: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the row of a candidate whose network is that of another row, and copy its model."""
    model = _model(folder, candidate.name)
    for ending in (".safetensors", ".json"):
        atomic_write_bytes(model.with_suffix(ending), (folder / row["model"]).with_suffix(ending).read_bytes())
    note = f"{candidate.account[0].note}; not trained a second time".removeprefix("; ")
    same = {"method": candidate.name, "summary": METHODS[candidate.method].summary, "note": note}
    return row | same | {"model": str(model.relative_to(folder))}


def with_budget(study: Study, n_features: int, n_classes: int) -> Study:
    """Give a study without a budget that of the papers' rule, so that all methods have the same bytes."""
    if study.budget is not None or not study.methods:
        return study
    return replace(study, budget=_account(study, "kronecker", n_features, n_classes, None).bytes_after)


def _candidate(study: Study, contender: Contender, n_features: int, n_classes: int) -> Candidate:
    name, method = contender.name, contender.method
    if method == "small":
        return _small(study, n_features, n_classes)
    shapes = (contender.shapes or study.shapes) if method == "kronecker" else "auto"
    own = replace(study, hidden=contender.hidden or study.hidden, shapes=shapes)
    return Candidate(name, method, own.hidden, _account(own, method, n_features, n_classes, study.budget), shapes)


def _small(study: Study, n_features: int, n_classes: int) -> Candidate:
    """Return the widest dense network that keeps the budget."""
    for hidden in range(study.hidden, 0, -1):
        account = _account(replace(study, hidden=hidden), "dense", n_features, n_classes, None)
        if account.bytes_after <= (study.budget or 0):
            return Candidate("small", "small", hidden, replace(account, method="small"))
    raise ParameterError("compress", "budget", f"at least {account.bytes_after} bytes for one unit", study.budget)


def _account(study: Study, method: str, n_features: int, n_classes: int, budget: int | None) -> Account:
    network = SequenceNetwork(n_features, n_classes, study.cell, study.hidden, study.n_layers, study.bidirectional)
    shapes = study.shapes if method == "kronecker" else "auto"
    return compress(network, method, budget=budget, shapes=shapes, layers=["rnn"], layout=study.layout)


def make_classifier(study: Study, candidate: Candidate, folder: Path = Path(), **settings: Any) -> RNNClassifier:
    """Return the untrained classifier of a candidate, which may learn from the dense network saved in the folder."""
    plain = candidate.method in ("dense", "small")
    own = study.rates.get(candidate.method, METHODS[candidate.method].learning_rate)
    settings["learning_rate"] = study.rates.get(candidate.name, own)
    settings |= {name: value for name in _TRAINING if (value := getattr(study, name)) is not None}
    settings |= {} if candidate.method == "dense" else _from_dense(study, candidate, folder)
    return RNNClassifier(
        cell=study.cell,
        hidden_size=candidate.hidden,
        n_layers=study.n_layers,
        bidirectional=study.bidirectional,
        method="dense" if plain else candidate.method,
        budget=None if plain else candidate.account.bytes_after,
        shapes=candidate.shapes,
        layers=["rnn"],
        layout=study.layout,
        init="nearest" if plain or "start" in settings else "random",
        max_epochs=study.epochs,
        random_state=study.seed,
        **settings,
    )


def _from_dense(study: Study, candidate: Candidate, folder: Path) -> dict[str, Any]:
    """Return the settings by which a candidate learns from the trained dense network."""
    model, settings = _model(folder, "dense"), dict[str, Any]()
    if study.distillation > 0:
        settings = {"teacher": model, "distillation": study.distillation, "temperature": study.temperature}
    if study.start == "dense" and candidate.method != "small" and candidate.hidden == study.hidden:
        settings["start"] = model
    return settings


def _model(folder: Path, name: str) -> Path:
    return folder / "models" / f"{name}.safetensors"


def train_candidate(
    study: Study,
    candidate: Candidate,
    dense: Candidate,
    data: tuple[Array, Array, Array, Array],
    folder: Path,
    on_epoch: OnEpoch | None = None,
) -> dict[str, Any]:
    """Train one network of a study and return its row of the table; its model is saved under `folder`.

    Goes on from its checkpoint if there is one. Where the study needs the dense network, it is trained first.

    Parameters
    ----------
    data : (x_train, y_train, x_test, y_test)
    """
    x_train, y_train, x_test, y_test = data
    checkpoint, models = folder / CHECKPOINTS / candidate.name, folder / "models"
    for place in (checkpoint, models):
        place.mkdir(parents=True, exist_ok=True)
    classifier = make_classifier(study, candidate, folder, checkpoint_dir=checkpoint, resume=True, on_epoch=on_epoch)
    classifier.fit(x_train, y_train, X_valid=x_test, y_valid=y_test)
    model = _model(folder, candidate.name)
    classifier.save(model)
    predicted = classifier.predict(x_test)
    return _row(candidate, dense, classifier, x_train.shape[1]) | {
        "accuracy": float(np.mean(predicted == y_test)),
        "confusion": confusion_matrix(y_test, predicted, labels=classifier.classes_).tolist(),
        "model": str(model.relative_to(folder)),
    }


def _row(candidate: Candidate, dense: Candidate, classifier: RNNClassifier, n_steps: int) -> dict[str, Any]:
    account = candidate.account
    curve = [_point(record) for record in classifier.history_]
    return {
        "method": candidate.name,
        "summary": METHODS[candidate.method].summary,
        "structure": _structure(candidate, dense),
        "bytes": account.bytes_after,
        "parameters": account.parameters_after,
        "factor": dense.account.bytes_after / account.bytes_after,
        "layer_factor": _layer_parameters(dense.account) / _layer_parameters(account),
        "max_rank": account.max_rank,
        "macs": account.sequence_macs(n_steps),
        "seconds": sum(point["seconds"] for point in curve),
        "hidden": candidate.hidden,
        "epochs": len(curve),
        "note": account[0].note,
        "curve": curve,
        "ranks": summed_up(gate_spectra(classifier.module_)),
    }


def _structure(candidate: Candidate, dense: Candidate) -> str:
    units = f"{candidate.hidden} units"
    if candidate.method == "small":
        return units
    words = candidate.account[0].structure
    return words if candidate.hidden == dense.hidden else f"{units}, {words}"


def _layer_parameters(account: Account) -> int:
    return sum(layer.parameters_after for layer in account)


def _point(record: EpochRecord) -> dict[str, Any]:
    names = ("epoch", "train_loss", "valid_loss", "valid_accuracy", "seconds", "gradient_norm")
    return {name: getattr(record, name) for name in names}
