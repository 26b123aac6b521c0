"""How far training has come."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Counts the batches begun; what depends on time (learning rate, masks, averages) reads it.

    Attributes
    ----------
    n_epochs, batches_per_epoch : int
        Planned length of training.
    step : int
        Batches begun so far, over all epochs.
    """

    n_epochs: int
    batches_per_epoch: int
    step: int = 0

    @property
    def progress(self) -> float:
        """Share of training done in the middle of the present batch, in (0, 1)."""
        return (self.step - 0.5) / (self.n_epochs * self.batches_per_epoch)

    @property
    def batch(self) -> int:
        """Place of the present batch in its epoch, from 0."""
        return (self.step - 1) % self.batches_per_epoch

    @property
    def is_last(self) -> bool:
        """Whether the present batch is the last of all."""
        return self.step == self.n_epochs * self.batches_per_epoch

    def start_epoch(self, epoch: int) -> None:
        """Set the count to the first batch of an epoch counted from 1, wherever training starts."""
        self.step = (epoch - 1) * self.batches_per_epoch

    def tick(self) -> None:
        """Count one batch."""
        self.step += 1
