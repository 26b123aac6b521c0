"""Training as a whole: puts the parts together, resumes, runs, and leaves the module with the weights to keep."""

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from laconic.rnn.quantization import quantized, round_weights
from laconic.rnn.training.annealing import Anneal
from laconic.rnn.training.averaging import WeightAverage
from laconic.rnn.training.batches import Sequences
from laconic.rnn.training.border import Callback, predefined_split
from laconic.rnn.training.checkpoint import Checkpoint, SaveCheckpoint, restore
from laconic.rnn.training.clipping import ClipGradients
from laconic.rnn.training.clock import Clock
from laconic.rnn.training.distillation import Teacher
from laconic.rnn.training.early_stopping import KeepBest, Stop, StopTrainingError, is_over, valid_losses
from laconic.rnn.training.net import SequenceNet
from laconic.rnn.training.optimizers import OPTIMIZERS
from laconic.rnn.training.quantizing import Quantize
from laconic.rnn.training.records import EpochRecord, Recorder, Report, diverged, read_record
from laconic.rnn.training.schedule import SetLearningRate
from laconic.rnn.training.seeds import own_random_state


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes
    ----------
    n_epochs, batch_size : int
    learning_rate : float
    optimizer : str
        A key of `optimizers.OPTIMIZERS`.
    schedule : str
        A key of `schedule.SCHEDULES`.
    warmup : float
        Share of training that the schedule's warm-up takes.
    weight_decay : float
        Of all weights but biases.
    gradient_clip : float or None
        Largest norm of the gradient.
    label_smoothing : float
    augment : str or None
        A key of `augmentation.AUGMENTATIONS`.
    averaging : float or None
        Largest decay of the weights' moving average.
    quantization : float
        Share of training, from its end, that sees rounded weights and biases; where it is not 0 they are what is
        evaluated and what remains.
    class_weight : Tensor (n_classes,) or None
    patience : int or None
        Epochs without a smaller validation loss before training stops.
    settled : float
        Share of training before which a loss does not count for early stopping, as the model is still too large.
    anneals : bool
        Whether gradually pruned weights get the mask of each stage; a mask that is final already stays without.
    seed : int
    device : str
    checkpoint : Path or None
        File to write after each epoch.
    identity : dict of str to str
        Of the run, for the checkpoint.
    on_epoch : callable or None
        Called with each `EpochRecord`.
    """

    n_epochs: int
    batch_size: int
    learning_rate: float
    optimizer: str = "adamw"
    schedule: str = "one-cycle"
    warmup: float = 0.3
    weight_decay: float = 0.0
    gradient_clip: float | None = 1.0
    label_smoothing: float = 0.0
    augment: str | None = None
    averaging: float | None = None
    quantization: float = 0.0
    class_weight: Tensor | None = None
    patience: int | None = None
    settled: float = 0.0
    anneals: bool = True
    seed: int = 0
    device: str = "cpu"
    checkpoint: Path | None = None
    identity: dict[str, str] = field(default_factory=dict)
    on_epoch: Callable[[EpochRecord], object] | None = None

    @classmethod
    def settings(cls) -> list[str]:
        """Names of the fields that the classifier's parameters give as they are."""
        return [
            "batch_size", "optimizer", "schedule", "warmup", "weight_decay", "gradient_clip", "label_smoothing",
            "augment", "averaging", "quantization", "device", "on_epoch",
        ]  # fmt: skip

    @property
    def n_unsettled(self) -> int:
        """Epochs at the start that early stopping does not look at; the last epoch always counts."""
        first = max(self.settled, 1 - self.quantization if self.quantization else 0.0)
        return min(math.ceil(first * self.n_epochs), self.n_epochs - 1)


def train(
    module: nn.Module,
    data: Sequences,
    valid: Sequences | None,
    plan: Plan,
    saved: Checkpoint | None = None,
    teacher: Teacher | None = None,
) -> list[EpochRecord]:
    """Train a module in place.

    Parameters
    ----------
    module : nn.Module
        Maps (n, n_steps, n_features) to logits (n, n_classes).
    data : Sequences
        Training data.
    valid : Sequences or None
        Validation data, evaluated after each epoch; needed where the plan has a patience.
    plan : Plan
    saved : Checkpoint or None
        Where to go on from.
    teacher : Teacher or None
        Whose answers are learned too.

    Returns
    -------
    list of EpochRecord
        One an epoch.
    """
    device = torch.device(plan.device)
    module.to(device)
    clock = Clock(plan.n_epochs, -(-len(data) // plan.batch_size))
    average = WeightAverage(clock, plan.averaging) if plan.averaging else None
    evaluated = _evaluated(module, plan, average)
    best = KeepBest(evaluated, plan.n_unsettled) if plan.patience else None
    net = SequenceNet(
        module,
        clock=clock,
        seed=plan.seed,
        evaluated=evaluated,
        teacher=teacher,
        train_split=predefined_split(valid.to(device)) if valid else None,
        callbacks=_callbacks(plan, clock, average, best),
        **_settings(module, plan),
    )
    net.initialize()
    if average:
        average.start(module)
    if saved:
        restore(net, saved, average, best)
    with own_random_state(device):
        _run(net, data.to(device), plan)
    _keep(module, plan, average, best)
    return [read_record(row) for row in net.history.to_list()]


def _run(net: SequenceNet, data: Sequences, plan: Plan) -> None:
    """Run the epochs that are left; a `KeyboardInterrupt` passes through."""
    done = len(net.history)
    if plan.patience and is_over(valid_losses(net, plan.n_unsettled), plan.patience):
        return
    net.notify("on_train_begin", X=data, y=None)
    with suppress(StopTrainingError):
        net.fit_loop(data, epochs=plan.n_epochs - done)
    net.notify("on_train_end", X=data, y=None)


def _evaluated(
    module: nn.Module, plan: Plan, average: WeightAverage | None
) -> Callable[[], AbstractContextManager[None]]:
    """Return what makes a context in which the module holds the weights that one would predict with."""

    @contextmanager
    def evaluated() -> Iterator[None]:
        with average.in_use() if average else nullcontext(), quantized(module) if plan.quantization else nullcontext():
            yield

    return evaluated


def _keep(module: nn.Module, plan: Plan, average: WeightAverage | None, best: KeepBest | None) -> None:
    """Leave the module, ready to predict, with its best weights, else the averaged ones, else the last ones."""
    if best:
        module.load_state_dict(best.weights_)
    elif average:
        average.apply()
    if not all(bool(weight.isfinite().all()) for weight in module.parameters()):
        raise diverged("a weight is not finite")
    if plan.quantization:
        round_weights(module)
    module.eval()


def _callbacks(
    plan: Plan, clock: Clock, average: WeightAverage | None, best: KeepBest | None
) -> list[tuple[str, Callback]]:
    """The parts of training in the order in which they hear of an event."""
    parts: dict[str, Callback | None] = {
        "learning_rate": SetLearningRate(clock, plan.learning_rate, plan.schedule, plan.warmup),
        "anneal": Anneal(clock) if plan.anneals else None,
        "quantize": Quantize(clock, plan.quantization) if plan.quantization else None,
        "clip": ClipGradients(plan.gradient_clip),
        "average": average,
        "record": Recorder(),
        "best": best,
        "checkpoint": SaveCheckpoint(plan.checkpoint, plan.identity, average, best) if plan.checkpoint else None,
        "report": Report(plan.on_epoch) if plan.on_epoch else None,
        "stop": Stop(plan.patience, plan.n_unsettled) if plan.patience else None,
    }
    return [(name, part) for name, part in parts.items() if part]


def _settings(module: nn.Module, plan: Plan) -> dict[str, Any]:
    """Settings of skorch's own."""
    optimizer, own = OPTIMIZERS[plan.optimizer](module, plan.device)
    groups = [] if plan.weight_decay == 0 else _biases(module)  # each group costs a call of the optimiser's kernel
    return {
        "max_epochs": plan.n_epochs,
        "batch_size": plan.batch_size,
        "iterator_train__augment": plan.augment,
        "device": plan.device,
        "criterion__weight": plan.class_weight,
        "criterion__label_smoothing": plan.label_smoothing,
        "optimizer": optimizer,
        **{f"optimizer__{name}": value for name, value in own.items()},
        "optimizer__weight_decay": plan.weight_decay,
        "optimizer__param_groups": [(name, {"weight_decay": 0.0}) for name in groups],
        "lr": plan.learning_rate,
    }


def _biases(module: nn.Module) -> list[str]:
    """Names of the weights that are not to decay."""
    return [name for name, weight in module.named_parameters() if weight.ndim < 2 or "bias" in name]
