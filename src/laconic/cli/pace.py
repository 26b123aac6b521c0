"""How long is left, from how fast it went so far."""

import time
from collections.abc import Callable, Sequence


class Pace:
    """Epochs done and left in several trainings that share a machine.

    Parameters
    ----------
    names : sequence of str
        The trainings.
    n_epochs : int
        Of each.
    clock : callable
        Returns seconds.
    """

    def __init__(self, names: Sequence[str], n_epochs: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._left, self._n_epochs, self._clock = dict.fromkeys(names, n_epochs), n_epochs, clock
        self._first: float | None = None
        self._counted, self._begun = 0, set[str]()

    def tick(self, name: str, epoch: int) -> None:
        """Note that a training has finished its epoch number `epoch`; a resumed one does not begin at 1."""
        since = epoch - (self._n_epochs - self._left[name])
        self._left[name] = self._n_epochs - epoch
        if self._first is None:
            self._first = self._clock()  # processes take a while to start, which says nothing about an epoch
        self._counted += since if name in self._begun else 0  # the first ones of several trainings end nearly together
        self._begun.add(name)

    def finish(self, name: str) -> None:
        """Note that a training is over, whatever it has reported."""
        self._left[name] = 0

    @property
    def done(self) -> int:
        """Epochs done in all trainings together, earlier runs included."""
        return len(self._left) * self._n_epochs - sum(self._left.values())

    def seconds_left(self) -> float | None:
        """Return how long the rest will take, or None as long as that cannot be told."""
        if self._first is None or self._counted == 0:
            return None
        return sum(self._left.values()) * (self._clock() - self._first) / self._counted


def in_words(seconds: float | None) -> str:
    """Return a time left as people say it.

    Examples
    --------
    >>> in_words(200.0)
    '3 min 20 s left'
    """
    if not seconds:
        return ""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s left"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s left"
    return f"{whole // 3600} h {whole % 3600 // 60} min left"
