"""What a search found, and which of it nothing else beats."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from laconic.rnn.planner.space import Option


@dataclass(frozen=True)
class Finding:
    """One network that was trained to the end.

    Attributes
    ----------
    number : int
        Of its first training, for the eye.
    option : Option
    learning_rate : float
    accuracies : tuple of float
        On the sequences held out, one for each seed it was trained with.
    seconds : float
        Of one training, on average.
    final : bool
        Whether it was trained for longer, with several seeds.
    """

    number: int
    option: Option
    learning_rate: float
    accuracies: tuple[float, ...]
    seconds: float
    final: bool = False

    @property
    def accuracy(self) -> float:
        """Mean accuracy on the sequences held out."""
        return sum(self.accuracies) / len(self.accuracies)

    @property
    def costs(self) -> tuple[float, int, int]:
        """Share of mistakes, bytes and multiply-adds: less is better in each."""
        return 1 - self.accuracy, self.option.bytes, self.option.macs

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        about = {name: value for name, value in asdict(self).items() if name != "option"}
        return self.option.to_dict() | about | {"accuracies": list(self.accuracies), "accuracy": self.accuracy}


def pareto(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that no other one equals or beats in accuracy, bytes and multiply-adds; the best first."""
    front: list[Finding] = []
    for finding in sorted(findings, key=lambda one: one.costs):
        if not any(all(a <= b for a, b in zip(kept.costs, finding.costs, strict=True)) for kept in front):
            front.append(finding)
    return front
