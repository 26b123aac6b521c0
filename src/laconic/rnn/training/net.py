"""The skorch net behind `RNNClassifier`: skorch's loop, over tensors that are sliced instead of collated."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from laconic.rnn.training.batches import Batches, Sequences, ShuffledBatches
from laconic.rnn.training.border import NeuralNetClassifier
from laconic.rnn.training.clock import Clock
from laconic.rnn.training.distillation import Teacher
from laconic.rnn.training.seeds import derive_seed, seed_torch


def softmax(logits: Tensor) -> Tensor:
    """Turn logits (n, n_classes) into probabilities."""
    return logits.softmax(dim=1)


class SequenceNet(NeuralNetClassifier):
    """`skorch.NeuralNetClassifier` for sequences held in memory.

    It takes `Sequences` in place of X and y; the epoch decides the order of the batches and torch's seed; the
    validation data are evaluated inside the context that `evaluated` returns, and their loss is the plain
    cross-entropy.

    Parameters
    ----------
    module : nn.Module
        Maps (n, n_steps, n_features) to logits (n, n_classes).
    clock : Clock or None
        Told of each epoch and training batch; a net that only predicts needs none.
    seed : int
    evaluated : callable
        Returns the context in which validation data are evaluated.
    teacher : Teacher or None
        Whose answers are learned beside the true classes.
    **settings
        skorch's own.
    """

    def __init__(
        self,
        module: nn.Module,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        evaluated: Callable[[], AbstractContextManager[None]] = nullcontext,
        teacher: Teacher | None = None,
        **settings: Any,
    ) -> None:
        defaults: dict[str, Any] = {
            "iterator_train": ShuffledBatches,
            "iterator_train__seed": seed,
            "iterator_valid": Batches,
            "iterator_valid__batch_size": 512,
            "predict_nonlinearity": softmax,
            "criterion": nn.CrossEntropyLoss,
            "train_split": None,
            "verbose": 0,
        }
        super().__init__(module, **{**defaults, **settings})
        self.clock = clock
        self.seed = seed
        self.evaluated = evaluated
        self.teacher = teacher

    @property
    def _default_callbacks(self) -> list[Any]:
        return []

    def check_data(self, X: Sequences, y: None = None) -> None:
        """Trust what the classifier has checked."""

    def get_dataset(self, X: Sequences | Tensor, y: None = None) -> Sequences:
        """Return X as `Sequences`."""
        return X if isinstance(X, Sequences) else Sequences.unlabelled(X)

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        """Start the clock of the epoch and seed what the module draws in it."""
        super().on_epoch_begin(net, **kwargs)
        epoch = len(self.history)
        seed_torch(derive_seed(self.seed, "noise", epoch), torch.device(self.device))
        if self.clock:
            self.clock.start_epoch(epoch)

    def on_batch_begin(self, net: Any, batch: Any = None, training: bool = False, **kwargs: Any) -> None:
        """Let the clock count training batches."""
        super().on_batch_begin(net, batch=batch, training=training, **kwargs)
        if training and self.clock:
            self.clock.tick()

    def run_single_epoch(self, iterator: Any, training: bool, prefix: str, step_fn: Any, **fit_params: Any) -> None:
        """Run over the training batches in the epoch's order, or over the validation batches as evaluated."""
        if training:
            super().run_single_epoch(iterator.of_epoch(len(self.history)), True, prefix, step_fn, **fit_params)
        else:
            with self.evaluated():
                super().run_single_epoch(iterator, False, prefix, step_fn, **fit_params)

    def get_loss(self, y_pred: Tensor, y_true: Tensor, X: Any = None, training: bool = False) -> Tensor:
        """Return what training minimises, or the plain cross-entropy of an evaluation."""
        if not training:
            return cross_entropy(y_pred, y_true)
        plain = super().get_loss(y_pred, y_true, X=X, training=True)
        return self.teacher.loss(plain, y_pred, X) if self.teacher else plain


def predicting_net(module: nn.Module, device: str) -> SequenceNet:
    """Return a net that only predicts with a trained module."""
    net = SequenceNet(module, device=device)
    net.initialize()
    net.trim_for_prediction()
    return net
