"""Batches sliced from tensors: no worker, no collation, and an order that only (seed, epoch) decides."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from laconic.rnn.training.augmentation import AUGMENTATIONS
from laconic.rnn.training.seeds import derive_seed


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences with their classes.

    Attributes
    ----------
    x : Tensor (n, n_steps, n_features), float32
    y : Tensor (n,), int64
        Index of each sequence's class.
    """

    x: Tensor
    y: Tensor

    @classmethod
    def unlabelled(cls, x: Tensor) -> "Sequences":
        """Wrap sequences whose classes are to be predicted; their y is zero."""
        return cls(x, torch.zeros(len(x), dtype=torch.int64, device=x.device))

    def __len__(self) -> int:
        return len(self.x)

    def to(self, device: torch.device) -> "Sequences":
        """Return the same sequences on `device`."""
        return Sequences(self.x.to(device), self.y.to(device))


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches of a data set in a given order, the last one as small as need be.

    Attributes
    ----------
    dataset : Sequences
    batch_size : int
    order : Tensor (n,) of int64 or None
        Order to visit the sequences in; None keeps theirs, and batches are then views.
    """

    dataset: Sequences
    batch_size: int
    order: Tensor | None = None

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        x, y = self.dataset.x, self.dataset.y
        if self.order is None:
            return zip(torch.split(x, self.batch_size), torch.split(y, self.batch_size), strict=True)
        chosen = torch.split(self.order, self.batch_size)
        return ((x.index_select(0, i), y.index_select(0, i)) for i in chosen)


@dataclass(frozen=True, eq=False)
class ShuffledBatches:
    """The training batches of every epoch.

    Attributes
    ----------
    dataset : Sequences
    batch_size : int
    seed : int
    augment : str or None
        A key of `augmentation.AUGMENTATIONS`.
    """

    dataset: Sequences
    batch_size: int
    seed: int = 0
    augment: str | None = None

    def of_epoch(self, epoch: int) -> Iterable[tuple[Tensor, Tensor]]:
        """Return the batches of one epoch, counted from 1, in that epoch's order."""
        order = torch.randperm(len(self.dataset), generator=self._generator("order", epoch))
        batches = Batches(self.dataset, self.batch_size, order.to(self.dataset.x.device))
        if self.augment is None:
            return batches
        change, generator = AUGMENTATIONS[self.augment], self._generator("augmentation", epoch)
        return ((change(x, generator), y) for x, y in batches)

    def _generator(self, purpose: str, epoch: int) -> torch.Generator:
        return torch.Generator().manual_seed(derive_seed(self.seed, purpose, epoch))
